"""Pictures with 16 bits a channel, in and out: libvips' work, because Pillow rounds them to 8."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from impasto.core.errors import ImageError, MissingError, how_to_install
from impasto.io.depth import MOST, Array, to_unit
from impasto.io.metadata import Metadata

INCH = 25.4
"""Millimeters."""

USUAL_DPI = (72.0, 72.0)
"""What files say that do not know better."""

SUFFIXES = (".png", ".tif", ".tiff")
"""Formats that hold 16 bits a channel."""

_WHITES = {"char": 127, "uchar": 255, "short": 32767, "int": (1 << 31) - 1, "uint": (1 << 32) - 1}
"""Of whole numbers, by libvips' name for them."""

_KEPT = ("icc-profile-data", "orientation")


def holds_sixteen_bits(opened: Image.Image) -> bool:
    """Return whether a file that Pillow has opened, not yet read, has 16 bits that Pillow loses.

    Those are colors, and grays with a profile. Other grays Pillow reads itself.
    """
    if opened.mode in ("I;16", "I;16B"):
        return "icc_profile" in opened.info
    return opened.mode in ("RGB", "RGBA") and ";16" in str(getattr(opened, "tile", ""))


def find_vips() -> Any:
    """Return libvips.

    Raises:
        MissingError: it is not installed.
    """
    try:
        import pyvips
    except (ImportError, OSError) as error:  # OSError: the Python part without the library
        raise MissingError(
            f"16 bits a channel need a package that is not here: {how_to_install('hires')}"
        ) from error
    return pyvips


def read_sixteen_bits(source: str | Path | bytes, name: str, factor: int = 1) -> Array:
    """Return all 16 bits of a picture, upright and in sRGB; of other kinds, as many.

    Args:
        source: a path, or the bytes of a file.
        name: what to call it in the message.
        factor: side of the blocks of pixels that are averaged.

    Returns:
        (H, W, 3) or, with transparency, (H, W, 4) float32 in [0, 1].

    Raises:
        ImageError: damaged, or of no kind that libvips knows.
        MissingError: libvips is not installed.
    """
    vips = find_vips()
    try:
        if isinstance(source, bytes):
            image = vips.Image.new_from_buffer(source, "", fail_on="truncated")
        else:  # anew, though a file of that name may have been read before
            image = vips.Image.new_from_file(str(source), fail_on="truncated", revalidate=True)
        image = _averaged(_as_sixteen_bits(image, vips).autorot(), factor)
        if image.get_typeof("icc-profile-data"):
            image = image.icc_transform("srgb", embedded=True, depth=16)
        elif image.interpretation != "rgb16":
            image = image.colourspace("rgb16")
        pixels: Array = image[: min(4, image.bands)].numpy()
    except vips.Error as error:
        reason = str(error).strip().splitlines()[-1]
        raise ImageError(f"{name} cannot be read ({reason}); the file may be damaged") from error
    return pixels.astype(np.float32) / MOST


def _as_sixteen_bits(image: Any, vips: Any) -> Any:
    """Return a libvips image of whatever numbers as one of 16 bits."""
    if image.format == "ushort":
        return image
    if image.interpretation in ("lab", "labs", "xyz", "lch"):
        return image.colourspace("rgb16")
    if image.format in _WHITES:
        levels = (image * (MOST / _WHITES[image.format])).rint().cast("ushort")
    else:
        unit = to_unit(image.numpy())
        levels = vips.Image.new_from_array((unit * MOST).round().astype(np.uint16))
        for field in _KEPT:
            kind = image.get_typeof(field)
            if kind:
                levels = levels.copy()
                levels.set_type(kind, field, image.get(field))
    return levels.copy(interpretation="rgb16" if levels.bands > 2 else "grey16")


def _averaged(image: Any, factor: int) -> Any:
    if factor == 1:
        return image
    if image.hasalpha():
        small = image.premultiply(max_alpha=MOST).shrink(factor, factor, ceil=True)
        return small.unpremultiply(max_alpha=MOST).rint().cast("ushort")
    return image.shrink(factor, factor, ceil=True)


def write_sixteen_bits(
    pixels: Array, path: Path, note: str | None, metadata: Metadata | None = None
) -> None:
    """Write a PNG or TIFF file with 16 bits a channel.

    Args:
        pixels: (H, W, 3) or (H, W, 4) float32 in [0, 1].
        path: the ending picks the format.
        note: ASCII text kept inside the file, where `write_picture` keeps it.
        metadata: what else is kept; of it, TIFF holds the pixels per inch.

    Raises:
        ImageError: the disk is full.
        MissingError: libvips is not installed.
    """
    vips = find_vips()
    kept = metadata or Metadata()
    rounded = (pixels.clip(0, 1) * MOST).round().astype(np.uint16)
    across, down = kept.dpi or USUAL_DPI
    image = vips.Image.new_from_array(rounded).copy(
        interpretation="rgb16", xres=across / INCH, yres=down / INCH
    )
    is_png = path.suffix.lower() == ".png"
    if note:
        name = "png-comment-0-impasto" if is_png else "image-description"
        image.set_type(vips.GValue.gstr_type, name, note)
    if kept.texts or kept.times or kept.place:
        image.set_type(vips.GValue.blob_type, "exif-data", kept.to_exif().tobytes())
    try:
        if is_png:
            image.pngsave(str(path))
        else:
            image.tiffsave(str(path), compression="deflate", predictor="horizontal")
    except vips.Error as error:
        reason = str(error).strip().splitlines()[-1]
        raise ImageError(f"cannot write {path} ({reason}); is the disk full?") from error
