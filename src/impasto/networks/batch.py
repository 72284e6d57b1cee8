"""Many pictures: which file becomes which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from impasto.core.errors import ConfigError, ImageError
from impasto.core.names import join_names
from impasto.io.encode import OUTPUT_SUFFIXES
from impasto.io.folder import search
from impasto.io.lookup import is_folder, whole


@dataclass(frozen=True)
class Job:
    """One picture of a batch."""

    source: Path
    target: Path
    problem: str | None = None
    """Why it cannot be painted, if that is known beforehand."""


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
        if is_folder(source):
            folder = output or default_folder(source, style)
            if output is not None and len(sources) > 1:
                folder = output / whole(source).name
            jobs += _plan_folder(source, folder)
        elif output is not None:
            jobs.append(Job(source, output / _writable(Path(source.name))))
        else:
            jobs.append(Job(source, Path(join_names([source.stem, style], ".png"))))
    jobs = _without_doubles(jobs)
    photos = {whole(job.source) for job in jobs}
    for job in jobs:
        if whole(job.target) in photos:
            raise ConfigError(f"{job.target} is one of the photos; name another folder with -o")
    return jobs


def default_folder(source: Path, style: str) -> Path:
    """Return where a folder's results go if nothing else is said."""
    return Path(join_names([whole(source).name, style], ""))


def _plan_folder(folder: Path, output: Path) -> list[Job]:
    found = search(folder)
    photos, inside = found.pictures, whole(output)
    if inside != whole(folder) and inside.is_relative_to(whole(folder)):
        photos = [photo for photo in photos if not whole(photo).is_relative_to(inside)]
    if not photos:
        why = f" ({' '.join(map(str, found.unread[0]))})" if found.unread else ""
        raise ImageError(f"there are no pictures in the folder {folder}{why}")
    jobs = [Job(photo, output / _writable(photo.relative_to(folder))) for photo in photos]
    for path, why in found.unread:
        jobs.append(Job(path, output / path.relative_to(folder), f"{path} {why}"))
    return jobs


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
            name = join_names([job.target.stem], job.target.suffix)
            target = job.target.with_name(name).with_stem(f"{Path(name).stem}-{number}")
            number += 1
        taken.add(target)
        unique.append(replace(job, target=target))
    return unique
