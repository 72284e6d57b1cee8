"""`impasto learn`: a painting becomes a style with a name, in a minute."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from impasto.cli.drive import drive
from impasto.cli.interruption import INTERRUPTED, interruptible
from impasto.cli.output import FILES, ReportOptions
from impasto.cli.progress import ProgressPrinter, format_seconds
from impasto.core.events import Sample, TrainStep
from impasto.core.options import FLAG
from impasto.training.options import LearnOptions

if TYPE_CHECKING:
    from impasto.training.learn import Learned

_PROMISE = "stopping after this step; what is learned is kept"


def learn(
    style: str,
    /,
    *,
    told: Annotated[ReportOptions, Parameter(name="*")] = ReportOptions(),  # noqa: B008
    name: Annotated[str | None, FILES] = None,
    photos: Annotated[Path | None, FILES] = None,
    preview: Annotated[Path | None, FILES] = None,
    show: Annotated[str, FILES] = "castle",
    credit: Annotated[str, FILES] = "",
    force: Annotated[bool, FILES, FLAG] = False,
    options: Annotated[LearnOptions, Parameter(name="*")] = LearnOptions(),  # noqa: B008
) -> int:
    """Learn the painting STYLE: from then on --style NAME paints any photo like it, in one pass.

    Once more, with the same painting, goes on from what is learned. Ctrl-C stops and keeps what is
    learned so far. impasto styles lists what you have, impasto styles --remove NAME removes one.

    Parameters
    ----------
    style
        The painting: a picture file.
    name
        Of the style; that of the file if not given.
    photos
        Folder of photos to learn from, instead of those that come with impasto.
    preview
        File to write every few seconds: a photo, painted as it is learned so far.
    show
        The photo for that.
    credit
        Painter, title, year and license of the painting, kept in the model.
    force
        Begin anew, and replace a style of that name.
    """
    from impasto.io.image import check_output, to_pil, write_picture
    from impasto.training.learn import Learned, learn_events

    if preview is not None:
        check_output(preview, force=True)
    events = learn_events(
        style, options, name=name, photos=photos, show=show, credit=credit, force=force
    )
    ended: Learned | None = None
    with (
        ProgressPrinter(as_json=told.json, quiet=told.quiet) as reader,
        interruptible(reader, _PROMISE) as interruption,
    ):
        for event in drive(events, reader, interruption, TrainStep):
            if isinstance(event, Sample) and preview is not None:
                write_picture(to_pil(event.image), preview, force=True)
            elif isinstance(event, Learned):
                ended = event
    assert ended is not None
    if told.json:
        record = {"name": ended.name, "path": str(ended.path), "steps": ended.steps}
        reader.print_record("learned", {**record, "seconds": ended.seconds})
    else:
        print(ended.name)
        if not told.quiet:
            print(
                f"{ended.steps} steps, {format_seconds(ended.seconds)}; paint with it: "
                f"impasto stylize photo.jpg --style {ended.name}"
            )
    if not ended.stopped:
        return 0
    print("impasto: stopped; the same command goes on from here", file=sys.stderr)
    return INTERRUPTED
