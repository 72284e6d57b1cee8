"""The way from the photo to the finished painting as a short film."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from impasto.core.errors import MissingError, how_to_install
from impasto.film.clips import ClipWriter

RATE = 25
"""Pictures per second."""

LONG_SIDE = 1080
"""Pixels, at most."""

FILM_SECONDS = 6.0
"""From the first preview to the last, at most."""

SHOW_PHOTO, FADE, SHOW_END = 0.8, 0.8, 2.0
"""Seconds of the photo, of its fading into the first preview, and of the last picture."""


FILM_NEEDS = f"a film needs one more package: {how_to_install('video')}"
"""What to say without it."""


def has_film() -> bool:
    """Return whether the package that writes films is installed."""
    return importlib.util.find_spec("av") is not None


def write_film(photo: Path, pictures: Sequence[Path], path: Path) -> None:
    """Write an MP4 (H.264) under a temporary name, then rename it.

    Args:
        photo: the photo, shown first.
        pictures: previews, coarse to fine; the last one is the result.
        path: ends in .mp4.

    Raises:
        MissingError: PyAV is not installed.
    """
    if not has_film():
        raise MissingError(FILM_NEEDS)
    width, height = _even_size(pictures[-1])
    film = ClipWriter(path, width, height, Fraction(RATE), {})
    try:
        for number, image in enumerate(_images(photo, pictures, (width, height))):
            film.write(Fraction(number, RATE), np.asarray(image))
        film.finish(None, 0.0, None)
    except BaseException:
        film.discard()
        raise


def _images(photo: Path, pictures: Sequence[Path], size: tuple[int, int]) -> Iterator[Image.Image]:
    """Yield every picture of the film."""
    first, before = _read(photo, size), _read(pictures[0], size)
    yield from _fade(first, before, round(SHOW_PHOTO * RATE), round(FADE * RATE))
    each = max(1, min(RATE // 2, round(FILM_SECONDS * RATE / len(pictures))))
    for path in pictures[1:]:
        image = _read(path, size)
        yield from _fade(before, image, 0, each)
        before = image
    yield from [before] * round(SHOW_END * RATE)


def _fade(start: Image.Image, end: Image.Image, still: int, count: int) -> Iterator[Image.Image]:
    yield from [start] * still
    for number in range(1, count + 1):
        yield Image.blend(start, end, number / count)


def _read(path: Path, size: tuple[int, int]) -> Image.Image:
    with Image.open(path) as opened:
        rgba = opened.convert("RGBA").resize(size, Image.Resampling.LANCZOS)
    flat = Image.new("RGB", size, "white")
    flat.paste(rgba, mask=rgba.getchannel("A"))
    return flat


def _even_size(path: Path) -> tuple[int, int]:
    """Return the film's width and height; H.264 wants even numbers."""
    with Image.open(path) as opened:
        width, height = opened.size
    scale = min(1.0, LONG_SIDE / max(width, height))
    return tuple(max(2, round(side * scale / 2) * 2) for side in (width, height))  # type: ignore[return-value]
