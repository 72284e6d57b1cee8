"""`impasto video`: a film in a trained style."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from impasto.cli.drive import drive
from impasto.cli.interruption import INTERRUPTED, interruptible
from impasto.cli.many import duration
from impasto.cli.output import OutputOptions, free_name, print_path
from impasto.cli.progress import ProgressPrinter
from impasto.core.events import Advanced, Painted
from impasto.film.options import FilmOptions
from impasto.networks.options import StylizeOptions

PROMISE = "stopping after this frame to save the film so far"


def video(
    clip: Path,
    /,
    *,
    to: Annotated[OutputOptions, Parameter(name="*")] = OutputOptions(),  # noqa: B008
    film: Annotated[FilmOptions, Parameter(name="*")] = FilmOptions(),  # noqa: B008
    options: Annotated[StylizeOptions, Parameter(name="*")],
) -> int:
    """Paint the film CLIP in one pass a frame, steady, with its sound (extra video).

    Ctrl-C ends with the film so far.

    Parameters
    ----------
    clip
        The film: anything that FFmpeg reads.
    """
    from impasto.film.video import video_events
    from impasto.networks.registry import find_style

    label = find_style(options.style, options.any_model).label
    path = to.output or free_name(clip.stem, label, ending=".mp4")
    painted: Painted | None = None
    with (
        ProgressPrinter(as_json=to.json, quiet=to.quiet) as reader,
        interruptible(reader, PROMISE) as interruption,
    ):
        events = video_events(clip, path, options, film, force=to.force)
        for event in drive(events, reader, interruption, Advanced):
            painted = event if isinstance(event, Painted) else painted
    assert painted is not None
    if not to.json:
        print_path(painted.path)
        if not to.quiet:
            rate = f"{painted.done} frames, {painted.images_per_second:.1f} a second"
            size = f"{painted.width}x{painted.height}"
            print(f"{size}, {rate}, {duration(painted.seconds)}")
    return INTERRUPTED if interruption.asked else 0
