"""Uploaded pictures: looked at before they are decoded, then kept as plain pixels."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from impasto.core.errors import ImageError
from impasto.core.tensors import fit_long_side
from impasto.film.pictures import open_film
from impasto.io.decode import read_plain
from impasto.io.depth import SIXTEEN_BIT_MODES
from impasto.io.opening import open_picture
from impasto.web.limits import MAX_PIXELS, MAX_SIZE, MIN_SIZE
from impasto.web.tasks import clean_name

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "GIF", "BMP")
"""Besides HEIC, if its package is installed."""

SUFFIXES = {"JPEG": ".jpg", "MPO": ".jpg", "TIFF": ".tif", "HEIF": ".heic"}

WANTED = "send a JPEG, PNG, WebP, AVIF, TIFF or HEIC photo"

DRAFTS = (8, 4, 2)
"""Fractions at which a JPEG may be decoded; see `scale_for`."""


@dataclass(frozen=True)
class Upload:
    """A picture as it is kept."""

    id: str
    name: str
    """As its owner calls it."""

    sha256: str
    """Of the file that came."""

    width: int
    height: int
    file_width: int
    """As stored in the file, before it is turned upright."""

    file_height: int
    scales: tuple[int, ...]
    """Fractions 1/scale of the size at which it is kept."""

    created: float
    film: str | None = None
    """Name of the film's file beside its first frame, if it is one."""

    def scale_for(self, size: int | None) -> int:
        """Return the fraction at which the command line decodes the file for a result of `size`.

        A large JPEG is decoded small if that is enough, which gives slightly other pixels than
        shrinking it afterwards. To paint the same picture, the page does the same.
        """
        if size is None or len(self.scales) == 1:
            return 1
        return draft_scale(self.file_width, self.file_height, size)

    def view(self) -> dict[str, Any]:
        """Return what clients are told of it."""
        return {
            "id": self.id,
            "name": self.name,
            "width": self.width,
            "height": self.height,
            "film": self.film is not None,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Upload:
        """Return what `to_dict` kept."""
        return cls(**{**stored, "scales": tuple(stored["scales"])})


def keep_film(film: Path, name: str, key: str, now: float) -> Upload:
    """Write a film's first frame beside it, and return what is known about it.

    Args:
        film: the file, in a folder of its own.
        name: what its owner calls it.
        key: the upload's id.
        now: seconds since 1970.

    Raises:
        ImageError: it is no film, or none with frames.
        MissingError: PyAV is not installed.
    """
    with open_film(film) as reader:
        reader.info()
        _, frame = next(reader.frames())
    height, width = frame.shape[:2]
    Image.fromarray(frame).save(film.with_name(file_name(1)), "PNG", compress_level=1)
    with film.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return Upload(
        id=key,
        name=clean_name(name, film.suffix, fallback="film"),
        sha256=sha256,
        width=width,
        height=height,
        file_width=width,
        file_height=height,
        scales=(1,),
        created=now,
        film=film.name,
    )


def draft_scale(width: int, height: int, size: int) -> int:
    """Return by how much Pillow shrinks a JPEG while decoding, if a long side of `size` is enough.

    >>> draft_scale(4000, 3000, 900), draft_scale(4000, 3000, 3000)
    (4, 1)
    """
    small_height, small_width = fit_long_side(height, width, size)
    scale = min(width // small_width, height // small_height)
    return next((draft for draft in DRAFTS if scale >= draft), 1)


def keep(data: bytes, name: str, folder: Path, key: str, now: float) -> Upload:
    """Write a picture's pixels into a folder, and return what is known about it.

    Args:
        data: the file.
        name: what its owner calls it.
        folder: an existing, empty one.
        key: the upload's id.
        now: seconds since 1970.

    Raises:
        ImageError: empty, not a picture, too many pixels, or damaged.
    """
    if not data:
        raise ImageError(f"the file is empty (0 bytes); {WANTED}")
    kind, width, height = look(data)
    scales = {1: None} | (_drafts(width, height) if kind in ("JPEG", "MPO") else {})
    upright = (0, 0)
    for scale, size in scales.items():
        plain = _for_png(read_plain(data, at_least=size))
        if scale == 1:
            upright = plain.size
        plain.save(folder / file_name(scale), "PNG", compress_level=1)
    return Upload(
        id=key,
        name=clean_name(name, SUFFIXES.get(kind, f".{kind.lower()}"), fallback="photo"),
        sha256=hashlib.sha256(data).hexdigest(),
        width=upright[0],
        height=upright[1],
        file_width=width,
        file_height=height,
        scales=tuple(scales),
        created=now,
    )


def look(data: bytes) -> tuple[str, int, int]:
    """Return format, width and height from a file's header; nothing is decoded.

    Raises:
        ImageError: not a picture of an allowed format, or too many pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with open_picture(io.BytesIO(data), FORMATS) as opened:
                kind, (width, height) = str(opened.format), opened.size
    except UnidentifiedImageError as error:
        raise ImageError(f"this is not a picture that can be read; {WANTED}") from error
    except Image.DecompressionBombError as error:
        raise ImageError(_too_many()) from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise ImageError(f"this picture cannot be read; {WANTED}") from error
    if width * height > MAX_PIXELS:
        raise ImageError(_too_many(f"{width}x{height} pixels are "))
    return kind, width, height


def file_name(scale: int) -> str:
    """Return the name of the file that holds a picture at 1/scale of its size."""
    return f"plain-{scale}.png"


def _too_many(start: str = "these are ") -> str:
    return f"{start}too many (limit {MAX_PIXELS // 10**6} million pixels); shrink the picture first"


def _drafts(width: int, height: int) -> dict[int, int | None]:
    """Return a size for every fraction at which some result would decode the file."""
    found: dict[int, int | None] = {}
    for size in range(MIN_SIZE, MAX_SIZE + 1):
        scale = draft_scale(width, height, size)
        if scale == 1:
            break
        found.setdefault(scale, size)
    return found


def _for_png(plain: Image.Image) -> Image.Image:
    """Return the picture in a mode that PNG knows."""
    if plain.mode == "F":  # floating numbers, which only TIFF has
        pixels = np.nan_to_num(np.asarray(plain))
        pixels = pixels * (255 if pixels.max() <= 1 else 1)
        return Image.fromarray(pixels.clip(0, 255).round().astype(np.uint8)).convert("RGB")
    if plain.mode in SIXTEEN_BIT_MODES:
        return Image.fromarray(np.asarray(plain).clip(0, 65535).astype(np.uint16))
    plain.info = {}
    return plain
