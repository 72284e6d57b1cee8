"""One photo in every bundled style, on one sheet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from impasto.core.errors import ConfigError, MissingError
from impasto.core.tensors import fit_long_side, resize, size_of
from impasto.io.inputs import PictureLike, read, with_alpha
from impasto.io.sheet import contact_sheet
from impasto.networks.registry import styles
from impasto.networks.stylize import load

LARGEST = 4096
"""Long side of each picture in pixels: there are many on a sheet."""


def style_sheet(content: PictureLike, *, size: int = 256) -> Image.Image:
    """Return the photo and what every bundled style makes of it, named, in a grid.

    Arguments and errors as `sheet_pictures`.
    """
    return contact_sheet(list(sheet_pictures(content, size=size)))


def sheet_pictures(content: PictureLike, *, size: int = 256) -> Iterator[tuple[str, Image.Image]]:
    """Yield the pictures of the sheet with their names, one after the other: first the photo.

    Args:
        content: a path, a bundled name, the bytes of a file, a PIL image or an array.
        size: long side of each picture.

    Raises:
        InputError: the photo or the size cannot be used.
        MissingError: no styles are bundled.
    """
    if not 1 <= size <= LARGEST:
        raise ConfigError(f"--size {size}: it must be a whole number from 1 to {LARGEST}")
    names = styles()
    if not names:
        raise MissingError("no styles are bundled here; make one with impasto train")
    picture = read(content, at_least=size)
    small = resize(picture.image, *fit_long_side(*size_of(picture.image), size))
    original = with_alpha(small, picture)
    yield (Path(content).stem if isinstance(content, str | Path) else "photo"), original
    for name in names:
        yield name, load(name)(original)
