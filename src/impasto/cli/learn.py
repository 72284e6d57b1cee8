"""`impasto learn`: a painting becomes a style with a name, in a minute."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter

from impasto.cli.interruption import INTERRUPTED, interruptible
from impasto.cli.progress import Reader, format_seconds
from impasto.core.events import Sample, StopEarly, TrainStep
from impasto.core.options import FLAG
from impasto.training.options import LearnOptions

if TYPE_CHECKING:
    from impasto.api.learn import Learned

_PROMISE = "stopping after this step; what is learnt is kept"
_FILES = Parameter(group=Group("Files and output", sort_key=0))


def learn(
    style: str,
    /,
    *,
    name: Annotated[str | None, _FILES] = None,
    photos: Annotated[Path | None, _FILES] = None,
    preview: Annotated[Path | None, _FILES] = None,
    show: Annotated[str, _FILES] = "castle",
    credit: Annotated[str, _FILES] = "",
    force: Annotated[bool, _FILES, FLAG] = False,
    json: Annotated[bool, _FILES, FLAG] = False,
    quiet: Annotated[bool, _FILES, FLAG, Parameter(alias="-q")] = False,
    options: Annotated[LearnOptions, Parameter(name="*")] = LearnOptions(),  # noqa: B008
) -> int:
    """Learn the painting STYLE: from then on --style NAME paints any photo like it, in one pass.

    Once more, with the same painting, goes on from what is learnt. Ctrl-C stops and keeps what is
    learnt so far. impasto styles lists what you have, impasto styles --remove NAME removes one.

    Parameters
    ----------
    style
        The painting: a picture file.
    name
        Of the style; that of the file if not given.
    photos
        Folder of photos to learn from, instead of those that come with impasto.
    preview
        File to write every few seconds: a photo, painted as it is learnt so far.
    show
        The photo for that.
    credit
        Painter, title, year and licence of the painting, kept in the model.
    force
        Begin anew, and replace a style of that name.
    json
        Print one line of JSON per event on stdout instead of the progress bar.
    quiet
        Print nothing but the name of the style.
    """
    from impasto.api.learn import Learned, learn_events
    from impasto.io.image import check_output, to_pil, write_picture

    if preview is not None:
        check_output(preview, force=True)
    events = learn_events(
        style, options, name=name, photos=photos, show=show, credit=credit, force=force
    )
    ended: Learned | None = None
    with (
        Reader(as_json=json, quiet=quiet) as reader,
        interruptible(reader, _PROMISE) as interruption,
    ):
        for event in events:
            interruption.can_wait |= isinstance(event, TrainStep)  # before anybody is told
            reader.show(event)
            if isinstance(event, TrainStep):
                if interruption.asked:
                    reader.show(events.throw(StopEarly))
            elif isinstance(event, Sample) and preview is not None:
                write_picture(to_pil(event.image), preview, force=True)
            elif isinstance(event, Learned):
                ended = event
    assert ended is not None
    if json:
        record = {"name": ended.name, "path": str(ended.path), "steps": ended.steps}
        reader.print_record("learned", {**record, "seconds": ended.seconds})
    else:
        print(ended.name)
        if not quiet:
            print(
                f"{ended.steps} steps, {format_seconds(ended.seconds)}; paint with it: "
                f"impasto stylize photo.jpg --style {ended.name}"
            )
    if not ended.stopped:
        return 0
    print("impasto: stopped; the same command goes on from here", file=sys.stderr)
    return INTERRUPTED
