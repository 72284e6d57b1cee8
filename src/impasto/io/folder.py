"""Folders of pictures."""

from __future__ import annotations

from pathlib import Path

from impasto.core.errors import ImageError

PICTURE_SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".webp", ".avif", ".tif", ".tiff", ".bmp", ".gif", ".heic", ".ppm")
)
"""Endings of files that are taken for pictures."""


def find_pictures(folder: Path) -> list[Path]:
    """Return all files with a picture's ending in a folder and the folders in it, sorted.

    Hidden files and folders are left out.

    Raises:
        ImageError: there is no such folder.
    """
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise ImageError(f"{folder} {what}; name a folder of photos")
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in PICTURE_SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    )
