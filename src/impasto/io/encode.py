"""Pictures as the bytes of a file: formats, what they can hold, and what is kept in them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image, PngImagePlugin

from impasto.core.addresses import Place
from impasto.core.errors import ImageError
from impasto.io.metadata import Metadata

OUTPUT_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".tif", ".tiff")

NOTE_KEY = "impasto"
"""Name of the PNG text chunk that holds the recipe."""

_LONGEST_SIDES = {".jpg": 65_500, ".jpeg": 65_500, ".webp": 16_383, ".avif": 32_768}
"""Pixels that a side can have, where that can be too few. AVIF files are read up to there."""

_MOST_PIXELS = {".avif": 1 << 28}
"""Likewise, in all."""


def check_size(path: Place, width: int, height: int) -> None:
    """Refuse a format that cannot hold a picture of this size.

    Args:
        path: of the file to be written.
        width: of the picture; 0 if it is not known.
        height: likewise.

    Raises:
        ImageError: with the formats that can.
    """
    suffix = path.suffix.lower()
    longest, most = _LONGEST_SIDES.get(suffix), _MOST_PIXELS.get(suffix)
    if longest is not None and max(width, height) > longest:
        limit, fitting = f"{longest} pixels a side", longest
    elif most is not None and width * height > most:
        limit, fitting = (
            f"{most / 1e6:.0f} million pixels",
            int(max(width, height) * (most / (width * height)) ** 0.5),
        )
    else:
        return
    raise ImageError(
        f"cannot write {path}: a {path.suffix} file holds {limit}, and the picture is "
        f"{width}x{height}; use .png or .tif, or a smaller picture (--size {fitting})"
    )


def encode(
    image: Image.Image,
    file: Path | io.BytesIO,
    suffix: str,
    note: str | None,
    metadata: Metadata | None = None,
) -> None:
    """Write a picture.

    Args:
        image: RGB or RGBA. JPEG has no transparency: there it is laid on white.
        file: where to.
        suffix: the ending, which picks the format.
        note: text kept inside the file (PNG text chunk, EXIF description elsewhere).
        metadata: what else is kept.
    """
    suffix = suffix.lower()
    kept = metadata or Metadata()
    options: dict[str, Any] = {}
    if kept.dpi is not None and suffix not in (".webp", ".avif"):
        options["dpi"] = kept.dpi
    exif = kept.to_exif(None if suffix == ".png" else note)
    if suffix == ".png":
        chunks = PngImagePlugin.PngInfo()
        if note:
            chunks.add_itxt(NOTE_KEY, note)
        options["pnginfo"] = chunks
    else:
        options["quality"] = 95
    if suffix != ".png" or kept.texts or kept.times or kept.place:
        options["exif"] = exif
    if suffix in (".jpg", ".jpeg") and image.mode == "RGBA":
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        image = white
    if suffix in (".tif", ".tiff"):
        del options["quality"]
        options["compression"] = "tiff_deflate"
        taken = kept.times.get(ExifTags.Base.DateTimeOriginal)
        if taken is not None:  # the compressor takes no table but the first
            exif.setdefault(ExifTags.Base.DateTime, taken)
        if kept.place:
            options["compression"] = "raw"
            options["exif"] = exif.tobytes()
    image.save(file, format=Image.registered_extensions()[suffix], **options)
