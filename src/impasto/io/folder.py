"""Folders of pictures."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from impasto.core.errors import ImageError
from impasto.io.paths import is_file, is_folder, trouble, whole

PICTURE_SUFFIXES = frozenset(
    f".{ending}"
    for ending in (
        *("apng", "avif", "avifs", "blp", "bmp", "bw", "cur", "dcx", "dds", "dib", "fit", "fits"),
        *("ftc", "ftu", "gbr", "gif", "heic", "heics", "heif", "heifs", "hif", "icb", "icns"),
        *("ico", "iim", "im", "j2c", "j2k", "jfif", "jp2", "jpc", "jpe", "jpeg", "jpf", "jpg"),
        *("jpx", "mpo", "msp", "pbm", "pcd", "pcx", "pfm", "pgm", "png", "pnm", "ppm", "psd"),
        *("pxr", "qoi", "ras", "rgb", "rgba", "sgi", "tga", "tif", "tiff", "vda", "vst", "webp"),
        *("xbm", "xpm"),
    )
)
"""Endings of files that are taken for pictures: of all that Pillow reads, but for drawings and
pages (EPS, PDF, WMF), films (FLI, MPEG) and data of other kinds (HDF5); and HEIC. A test
compares."""


def find_pictures(folder: Path) -> list[Path]:
    """Return all files with a picture's ending in a folder and the folders in it, sorted.

    Hidden files and folders are left out. Links to folders are followed.

    Raises:
        ImageError: there is no such folder, or it cannot be looked into.
    """
    return search(folder).pictures


@dataclass(frozen=True)
class Found:
    """What there is in a folder and the folders in it."""

    pictures: list[Path]
    """Files with a picture's ending, sorted."""

    unread: list[tuple[Path, str]]
    """Folders that cannot be looked into and pictures that are links to nowhere, each with why."""


def search(folder: Path) -> Found:
    """Return what `find_pictures` returns, and what it left out because it had to.

    Links to folders are followed, so that every folder is entered once: by its own name if it has
    one here, and never one that the given folder is in.

    Raises:
        ImageError: there is no such folder, or it cannot be looked into.
    """
    if not is_folder(folder):
        what = trouble(folder) or "is not a folder"
        raise ImageError(f"{folder} {what}; name a folder of photos")
    found = Found([], [])
    entered = set(whole(folder).parents)
    waiting, linked = deque([folder]), deque[Path]()
    while waiting or linked:
        place = waiting.popleft() if waiting else linked.popleft()
        if whole(place) in entered:
            continue
        entered.add(whole(place))
        try:
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError as error:
            if place == folder:
                raise ImageError(f"{folder} cannot be looked into: {error.strerror}") from error
            found.unread.append((place, f"cannot be looked into: {error.strerror}"))
            continue
        seen = [entry for entry in entries if not entry.name.startswith(".")]
        for entry in seen:
            if is_folder(entry.path):
                (linked if entry.is_symlink() else waiting).append(place / entry.name)
        _sort(place, seen, found)
    found.pictures.sort()
    return found


def _sort(place: Path, entries: Sequence[os.DirEntry[str]], found: Found) -> None:
    """Add the pictures of one folder to what was found."""
    for entry in entries:
        path = place / entry.name
        if path.suffix.lower() not in PICTURE_SUFFIXES or is_folder(path):
            continue
        if is_file(path):
            found.pictures.append(path)
        elif entry.is_symlink():
            found.unread.append((path, trouble(path) or "is no file"))
