"""Many pictures: which file becomes which, and painting them one after the other."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from impasto.core.errors import ConfigError, ImageError, ImpastoError
from impasto.core.events import Event, Failed, Painted, Skipped
from impasto.io.folder import find_pictures
from impasto.io.image import OUTPUT_SUFFIXES, write_picture

Paint = Callable[[Path], tuple[Image.Image, str]]
"""From a photo's file to the painted picture and the note to keep in its file."""


@dataclass(frozen=True)
class Job:
    """One picture of a batch."""

    source: Path
    target: Path


def plan(sources: Sequence[Path], style: str, output: Path | None = None) -> list[Job]:
    """Return what is painted, and where to. Nothing is read or written.

    A file becomes `output/NAME`, or NAME_STYLE.png in the current folder. A folder is mirrored
    into `output` (into `output/FOLDER` if it is one of several sources), or into FOLDER_STYLE in
    the current folder. What lies in the output of a folder is no photo of that folder. Formats
    that cannot be written become PNG.

    Args:
        sources: files and folders. Files need not exist: painting them will fail, one by one.
        style: what to call the style in names.
        output: folder for the results, need not exist.

    Raises:
        ConfigError: a result would overwrite a photo.
        ImageError: a folder without pictures.
    """
    jobs: list[Job] = []
    for source in sources:
        if source.is_dir():
            folder = output or default_folder(source, style)
            if output is not None and len(sources) > 1:
                folder = output / source.resolve().name
            jobs += _plan_folder(source, folder)
        elif output is not None:
            jobs.append(Job(source, output / _writable(Path(source.name))))
        else:
            jobs.append(Job(source, Path(f"{source.stem}_{style}.png")))
    jobs = _without_doubles(jobs)
    photos = {job.source.resolve() for job in jobs}
    for job in jobs:
        if job.target.resolve() in photos:
            raise ConfigError(f"{job.target} is one of the photos; name another folder with -o")
    return jobs


def default_folder(source: Path, style: str) -> Path:
    """Return where a folder's results go if nothing else is said."""
    return Path(f"{source.resolve().name}_{style}")


def _plan_folder(folder: Path, output: Path) -> list[Job]:
    photos = find_pictures(folder)
    inside = output.resolve()
    if inside != folder.resolve() and inside.is_relative_to(folder.resolve()):
        photos = [photo for photo in photos if not photo.resolve().is_relative_to(inside)]
    if not photos:
        raise ImageError(f"there are no pictures in the folder {folder}")
    return [Job(photo, output / _writable(photo.relative_to(folder))) for photo in photos]


def _writable(name: Path) -> Path:
    return name if name.suffix.lower() in OUTPUT_SUFFIXES else name.with_suffix(".png")


def _without_doubles(jobs: Iterable[Job]) -> list[Job]:
    """Return the jobs, those numbered whose target an earlier one has.

    The number depends on the place in the list only, not on which files exist, so that a second
    run finds the results of the first.
    """
    taken: set[Path] = set()
    unique = []
    for job in jobs:
        target, number = job.target, 2
        while target in taken:
            target = job.target.with_stem(f"{job.target.stem}-{number}")
            number += 1
        taken.add(target)
        unique.append(Job(job.source, target))
    return unique


def paint_batch(
    jobs: Sequence[Job], paint: Paint, *, force: bool = False
) -> Generator[Event, None, None]:
    """Paint pictures one after the other; yield one event for each.

    A picture that fails does not stop the others. To end early, stop reading: a picture is told
    of when its file is whole, and no other file shows.

    Args:
        jobs: at least one.
        paint: called for every picture that is not skipped.
        force: replace existing results instead of skipping them.

    Yields:
        `Painted`, `Skipped` or `Failed`, in the order of `jobs`.

    Raises:
        ImageError: the first result's folder can neither be made nor written to.
    """
    _check_folder(jobs[0].target.parent)
    began = time.perf_counter()
    total, worked = len(jobs), 0
    skipped = 0 if force else sum(job.target.exists() for job in jobs)
    for done, job in enumerate(jobs, start=1):
        if not force and job.target.exists():
            yield Skipped(job.target, job.source, done, total)
            continue
        started = time.perf_counter()
        worked += 1
        try:
            image = _paint_one(job, paint, force=force)
        except ImpastoError as error:
            yield Failed(job.source, str(error), done, total)
            continue
        now = time.perf_counter()
        yield Painted(
            path=job.target,
            source=job.source,
            width=image.width,
            height=image.height,
            seconds=now - started,
            done=done,
            total=total,
            images_per_second=worked / (now - began),
            eta=(now - began) / worked * max(0, total - skipped - worked),
        )


def _paint_one(job: Job, paint: Paint, *, force: bool) -> Image.Image:
    image, note = paint(job.source)
    try:
        job.target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImageError(f"cannot make the folder of {job.target}: {error.strerror}") from error
    write_picture(image, job.target, note=note, force=force)
    return image


def _check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be made or written to, before any work is done."""
    try:
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise ImageError(f"cannot write into the folder {folder}: {error.strerror}") from error
