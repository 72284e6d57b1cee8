"""`impasto video`: a film in a trained style."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from impasto.apply.options import FilmOptions, StylizeOptions
from impasto.cli.interruption import INTERRUPTED, interruptible
from impasto.cli.many import duration
from impasto.cli.output import free_name, print_path
from impasto.cli.progress import Reader
from impasto.core.events import Advanced, Painted, StopEarly
from impasto.core.options import FLAG

PROMISE = "stopping after this frame to save the film so far"

_FILES = Parameter(group=Group("Files and output", sort_key=0))


def video(
    clip: Path,
    /,
    *,
    output: Annotated[Path | None, _FILES, Parameter(alias="-o")] = None,
    force: Annotated[bool, _FILES, FLAG] = False,
    json: Annotated[bool, _FILES, FLAG] = False,
    quiet: Annotated[bool, _FILES, FLAG, Parameter(alias="-q")] = False,
    film: Annotated[FilmOptions, Parameter(name="*")] = FilmOptions(),  # noqa: B008
    options: Annotated[StylizeOptions, Parameter(name="*")],
) -> int:
    """Paint the film CLIP in one pass a frame, steady, with its sound (extra video).

    Ctrl-C ends with the film so far.

    Parameters
    ----------
    clip
        The film: anything that FFmpeg reads.
    output
        File to write: .mp4, .mov, .mkv, .webm, .gif or .webp. Without it, CLIP_STYLE.mp4 in the
        current folder, numbered if that exists.
    force
        Overwrite the output if it exists.
    json
        Print one line of JSON per frame on stdout instead of the progress bar.
    quiet
        Print nothing but the path of the result.
    """
    from impasto.api.video import video_events
    from impasto.models.registry import find_style

    label = find_style(options.style, options.any_model).label
    path = output or free_name(clip.stem, label, ending=".mp4")
    painted: Painted | None = None
    with (
        Reader(as_json=json, quiet=quiet) as reader,
        interruptible(reader, PROMISE) as interruption,
    ):
        events = video_events(clip, path, options, film, force=force)
        event = next(events, None)
        while event is not None:
            interruption.can_wait |= isinstance(event, Advanced)  # before anybody is told
            reader.show(event)
            painted = event if isinstance(event, Painted) else painted
            if interruption.asked and isinstance(event, Advanced):
                event = events.throw(StopEarly)
            else:
                event = next(events, None)
    assert painted is not None
    if not json:
        print_path(painted.path)
        if not quiet:
            rate = f"{painted.done} frames, {painted.images_per_second:.1f} a second"
            size = f"{painted.width}x{painted.height}"
            print(f"{size}, {rate}, {duration(painted.seconds)}")
    return INTERRUPTED if interruption.asked else 0
