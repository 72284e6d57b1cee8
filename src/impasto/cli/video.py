"""`impasto video`: a film in a trained style."""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from impasto.cli.drive import drive
from impasto.cli.interruption import INTERRUPTED, interruptible
from impasto.cli.many import duration
from impasto.cli.output import FILES, OutputOptions, free_name, print_path, resume_command
from impasto.cli.progress import ProgressPrinter
from impasto.core.errors import ConfigError
from impasto.core.events import Advanced, Event, Painted, Preview
from impasto.core.options import changed
from impasto.film.options import FilmOptions
from impasto.networks.options import StylizeOptions

PROMISE = "stopping after this frame to save the film so far"


def video(
    clip: Path | None = None,
    /,
    *,
    to: Annotated[OutputOptions, Parameter(name="*")] = OutputOptions(),  # noqa: B008
    film: Annotated[FilmOptions, Parameter(name="*")] = FilmOptions(),  # noqa: B008
    run: Annotated[Path | None, FILES] = None,
    resume: Annotated[Path | None, FILES] = None,
    preview: Annotated[Path | None, FILES] = None,
    options: Annotated[StylizeOptions | None, Parameter(name="*")] = None,
) -> int:
    """Paint the film CLIP frame by frame, without flicker and with its sound (extra video).

    Ctrl-C stops and saves the film so far; with --run DIR, go on with --resume DIR.

    Parameters
    ----------
    clip
        The film: anything that FFmpeg reads, an animated WebP or PNG, or a folder of frames.
    run
        New folder in which to keep finished parts, so that --resume goes on after the last of them,
        even if the machine went off. Not for .gif and .webp.
    preview
        Picture to write every few seconds: the latest frame.
    resume
        Run folder to continue; nothing else is needed, except CLIP if the film has been moved.
    """
    from impasto.io.image import check_output, to_pil, write_picture

    if preview is not None:
        check_output(preview, force=True)
    found = _events(clip, to, film, run, resume, options)
    if isinstance(found, Path):
        print_path(found)
        return 0
    run = resume or run
    painted: Painted | None = None
    with (
        ProgressPrinter(as_json=to.json, quiet=to.quiet) as reader,
        interruptible(reader, PROMISE) as interruption,
    ):
        for event in drive(found, reader, interruption, Advanced):
            painted = event if isinstance(event, Painted) else painted
            if isinstance(event, Preview) and preview is not None:
                write_picture(to_pil(event.image), preview, force=True)
    assert painted is not None
    if not to.json:
        print_path(painted.path)
        if not to.quiet:
            rate = f"{painted.done} frames, {painted.images_per_second:.1f} a second"
            size = f"{painted.width}x{painted.height}"
            print(f"{size}, {rate}, {duration(painted.seconds)}")
    if run is not None and isinstance(painted.path, Path):
        _remember(run, painted.path, finished=not interruption.asked)
    return INTERRUPTED if interruption.asked else 0


def _remember(run: Path, path: Path, *, finished: bool) -> None:
    """Let the run know what it has written; say how to go on, or remove its parts."""
    from impasto.film.run_folder import FilmRun

    FilmRun(run).written.add("picture", path, finished=finished)
    if finished:
        FilmRun(run).clear()
    else:
        line = f"impasto: stopped; go on with: {resume_command('video', run)}"
        print(line, file=sys.stderr)


def _events(
    clip: Path | None,
    to: OutputOptions,
    film: FilmOptions,
    run: Path | None,
    resume: Path | None,
    options: StylizeOptions | None,
) -> Generator[Event, None, None] | Path:
    """Return what happens while the film is painted; or its path, if that is finished already."""
    from impasto.film.run_folder import FilmRun
    from impasto.film.video import resume_video_events, video_events
    from impasto.networks.regions import label_for

    if resume is not None:
        if to.output is not None or run is not None or options is not None or changed(film):
            raise ConfigError(
                "--resume RUN continues as it was begun; leave out all but a film that has moved"
            )
        last = FilmRun(resume).written["picture"]
        if last is not None and last.finished and last.is_there():
            return last.path
        return resume_video_events(resume, clip)
    if clip is None or options is None:
        raise ConfigError("name a film and --style, or --resume RUN; see impasto video --help")
    label = label_for(options)
    path = to.output or free_name(clip.stem, label, ending=".mp4")
    return video_events(clip, path, options, film, force=to.force, run=run)
