"""Folders of pictures."""

from __future__ import annotations

from pathlib import Path

from impasto.core.errors import ImageError

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
