"""Pictures with 16 bits a channel, in and out: libvips' work, because Pillow rounds them to 8."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from impasto.core.errors import ImageError, MissingError, how_to_install

SUFFIXES = (".png", ".tif", ".tiff")
"""Formats that hold 16 bits a channel."""

MOST = 65535


def holds_sixteen_bits(opened: Image.Image) -> bool:
    """Return whether a file that Pillow has opened, not yet read, has colours of 16 bits."""
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


def read_sixteen_bits(source: Path | bytes, name: str) -> np.ndarray[Any, Any]:
    """Return all 16 bits of a picture, upright and in sRGB.

    Args:
        source: a path, or the bytes of a file.
        name: what to call it in the message.

    Returns:
        (H, W, 3) or, with transparency, (H, W, 4) float32 in [0, 1].

    Raises:
        ImageError: damaged.
        MissingError: libvips is not installed.
    """
    vips = find_vips()
    try:
        if isinstance(source, bytes):
            image = vips.Image.new_from_buffer(source, "", fail_on="truncated")
        else:
            image = vips.Image.new_from_file(str(source), fail_on="truncated")
        image = image.autorot()
        if image.get_typeof("icc-profile-data"):
            image = image.icc_transform("srgb", embedded=True, depth=16)
        elif image.bands < 3:
            image = image.colourspace("rgb16")
        pixels: np.ndarray[Any, Any] = image.numpy()
    except vips.Error as error:
        reason = str(error).strip().splitlines()[-1]
        raise ImageError(f"{name} cannot be read ({reason}); the file may be damaged") from error
    return pixels.astype(np.float32) / MOST


def write_sixteen_bits(pixels: np.ndarray[Any, Any], path: Path, note: str | None) -> None:
    """Write a PNG or TIFF file with 16 bits a channel.

    Args:
        pixels: (H, W, 3) or (H, W, 4) float32 in [0, 1].
        path: the ending picks the format.
        note: ASCII text kept inside the file, where `write_picture` keeps it.

    Raises:
        ImageError: the disk is full.
        MissingError: libvips is not installed.
    """
    vips = find_vips()
    rounded = (pixels.clip(0, 1) * MOST).round().astype(np.uint16)
    image = vips.Image.new_from_array(rounded).copy(interpretation="rgb16")
    is_png = path.suffix.lower() == ".png"
    if note:
        name = "png-comment-0-impasto" if is_png else "image-description"
        image.set_type(vips.GValue.gstr_type, name, note)
    try:
        if is_png:
            image.pngsave(str(path))
        else:
            image.tiffsave(str(path), compression="deflate", predictor="horizontal")
    except vips.Error as error:
        reason = str(error).strip().splitlines()[-1]
        raise ImageError(f"cannot write {path} ({reason}); is the disk full?") from error
