"""The pixels of a picture file, and nothing else of it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms

from impasto.core.errors import ImageError
from impasto.core.memory import available_memory, format_size
from impasto.core.tensors import fit_long_side
from impasto.io.depth import (
    DEEP_MODES,
    MOST,
    SIXTEEN_BIT_MODES,
    Depth,
    depth_of,
    to_sixteen_bits,
    to_unit,
)
from impasto.io.metadata import exif_of
from impasto.io.opening import MOST_PIXELS, load, opening

SPARE = 4
"""What is decoded has at least so many times the long side that is enough: for pictures that are
still larger, an average of whole blocks comes first, in 8 bits, which takes less memory and changes
nothing that can be seen. A JPEG's own decoder does that too, down to the size that is enough."""

BAND = 4_000_000
"""Pixels that are averaged at once."""

ORDINARY = 25_000_000
"""Pixels up to which nobody asks whether there is memory for them."""

FLOATS = 24
"""Bytes per pixel of a picture as numbers, twice: as they are read, and as a tensor."""

PROGRAM = 300e6
"""Bytes of the program itself."""

_SRGB = ImageCms.createProfile("sRGB")
_SPACES = {"RGB": "RGB", "L": "GRAY", "I;16": "GRAY", "CMYK": "CMYK"}
"""Of color profiles, by mode."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture upright, by its EXIF orientation."""


def read_plain(source: str | Path | bytes, *, at_least: int | None = None) -> Image.Image:
    """Return the pixels of a file and nothing else of it: upright, in sRGB, no metadata.

    Args:
        source: a path or the bytes of a file.
        at_least: a long side in pixels that is enough, as for `read_picture`, which makes
            of the result what it makes of the file.

    Returns:
        RGB; RGBA if there is transparency; or one channel, of 16 bits (I;16) or of floating
        numbers in [0, 1] (F).

    Raises:
        ImageError: missing, a directory, not a picture, truncated, empty, or too many pixels.
    """
    name = getattr(source, "name", "the given file") if isinstance(source, bytes) else str(source)
    with opening(source, name) as opened:
        plain = decode(opened, name, at_least=at_least).copy()
        plain.info = {}
        return plain


def decode(
    opened: Image.Image, name: str, *, at_least: int | None = None, memory: float | None = None
) -> Image.Image:
    """Return the pixels of an opened file, or of a picture that is not from a file.

    Args:
        opened: what to decode; the result may be itself.
        name: what to call it in a message.
        at_least: as for `read_picture`.
        memory: likewise.

    Returns:
        As `read_plain`.

    Raises:
        ImageError: too many pixels, or more than the memory there is can hold.
    """
    depth = depth_of(opened)
    if at_least is not None:
        shrunk = fit_long_side(opened.height, opened.width, at_least)
        opened.draft(None, shrunk[::-1])
    factor = shrink_factor(opened, at_least)
    check_room(opened, name, factor, memory)
    load(opened)
    flat = _flatten(opened, depth) if factor == 1 else _average(opened, depth, factor)
    plain = _to_srgb(flat, opened.info, depth)
    turn = _TURNS.get(_orientation(opened))
    return plain if turn is None else plain.transpose(turn)


def shrink_factor(opened: Image.Image, at_least: int | None) -> int:
    """Return the side of the blocks of pixels that are averaged; 1 if none are."""
    return 1 if at_least is None else max(1, max(opened.size) // (SPARE * at_least))


def check_room(opened: Image.Image, name: str, factor: int, memory: float | None) -> None:
    """Refuse a picture that is too large to be decoded, and say what to do."""
    pixels = opened.width * opened.height
    if pixels <= ORDINARY and memory is None:
        return
    what = f"{name} is {opened.width}x{opened.height}"
    smaller = f"use --size {max(opened.size) // (2 * SPARE)} or less, or shrink it first"
    if pixels > MOST_PIXELS:
        advice = smaller if opened.format in ("JPEG", "MPO") and factor == 1 else "shrink it first"
        raise ImageError(
            f"{what}: too many pixels (limit {MOST_PIXELS // 10**6} million); {advice}"
        )
    held = 4 if len(opened.getbands()) > 1 or opened.mode not in ("L", "I;16") else 2
    needed = pixels * (held + FLOATS / factor**2) + (0 if memory is None else PROGRAM)
    allowed = available_memory() if memory is None else memory
    if needed > allowed:
        who = "there are" if memory is None else "--memory allows"
        advice = "shrink it first" if factor > 1 else smaller
        raise ImageError(
            f"{what}: reading it takes {format_size(needed)}, and {who} {format_size(allowed)}; "
            f"{advice}"
        )


def _orientation(opened: Image.Image) -> int:
    try:
        found = exif_of(opened).get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001  (damaged in whatever way: the pixels are what counts)
        return 1
    return found if isinstance(found, int) else 1


def upright_size(opened: Image.Image) -> tuple[int, int]:
    """Return (height, width) of an opened picture as it will be when it is upright."""
    lies = _orientation(opened) >= 5
    return (opened.width, opened.height) if lies else (opened.height, opened.width)


def _flatten(image: Image.Image, depth: Depth) -> Image.Image:
    """Return an image in a mode whose pixels can be averaged.

    Returns:
        L, LA, RGB, RGBA, CMYK, I;16 (white at 65535) or F.
    """
    if image.mode == "F":
        return image
    if image.mode in SIXTEEN_BIT_MODES:
        sixteen, hidden = to_sixteen_bits(image, depth), image.info.get("transparency")
        if not isinstance(hidden, int):
            return sixteen
        alpha = (np.asarray(image) != hidden) * 255
        gray = np.asarray(sixteen) / (MOST / 255)  # Pillow has no alpha beside 16 bits
        return Image.fromarray(np.stack([gray.round(), alpha], axis=2).astype(np.uint8))
    if image.has_transparency_data:
        wanted = "LA" if image.mode in ("1", "L", "LA", "La") else "RGBA"
    elif image.mode in ("L", "RGB", "CMYK"):
        wanted = image.mode
    else:
        wanted = "L" if image.mode == "1" else "RGB"
    return image if image.mode == wanted else image.convert(wanted)


def _average(image: Image.Image, depth: Depth, factor: int) -> Image.Image:
    """Return the averages of blocks of factor x factor pixels, as `_flatten` returns pixels."""
    width, height = (-(-side // factor) for side in image.size)
    rows = factor * max(1, BAND // (image.width * factor))
    small: Image.Image | None = None
    for top in range(0, image.height, rows):
        band = image.crop((0, top, image.width, min(image.height, top + rows)))
        flat = _flatten(band, depth)
        mode = flat.mode
        if mode in DEEP_MODES:
            flat = Image.fromarray(np.nan_to_num(np.asarray(flat).astype(np.float32)))
        part = flat.reduce(factor)
        if mode == "I;16":
            part = Image.fromarray(np.asarray(part).round().astype(np.uint16))
        small = Image.new(part.mode, (width, height)) if small is None else small
        small.paste(part, (0, top // factor))
    assert small is not None
    return small


def _to_srgb(
    flat: Image.Image, info: dict[str | tuple[int, int], object], depth: Depth
) -> Image.Image:
    """Return what `_flatten` gave in sRGB, as `read_plain` returns it."""
    if flat.mode == "F":
        unit = to_unit(np.asarray(flat))
        return Image.fromarray(1 - unit if depth.inverted else unit)
    profile, exponent = info.get("icc_profile"), gamma_exponent(info)
    alpha = None
    if profile or exponent != 1:
        if flat.mode in ("LA", "RGBA"):
            alpha, flat = flat.getchannel("A"), flat.convert(flat.mode[:-1])
        flat = (
            _by_profile(flat, profile) if isinstance(profile, bytes) else _by_gamma(flat, exponent)
        )
    if flat.mode == "I;16":
        return flat
    wanted = "RGBA" if flat.mode in ("LA", "RGBA") else "RGB"
    plain = flat if flat.mode == wanted else flat.convert(wanted)
    if alpha is not None:
        plain.putalpha(alpha)
    return plain


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image:
    """Return an RGB image; or `image`, if the profile cannot be used, as browsers do."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != _SPACES[image.mode]:
            return image
        converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    assert converted is not None
    return converted


def gamma_exponent(info: dict[str | tuple[int, int], object]) -> float:
    """Return the power that brings the levels of a PNG file (gAMA) to those of a usual screen.

    1 if the file says nothing, or says it better by a profile or an sRGB chunk.
    """
    gamma = info.get("gamma")
    if not isinstance(gamma, float) or "srgb" in info or info.get("icc_profile"):
        return 1.0
    if not 0.05 <= gamma <= 20:
        return 1.0
    exponent = 1 / (2.2 * gamma)
    return 1.0 if abs(exponent - 1) < 0.05 else exponent  # as libpng: it would only cost levels


def _by_gamma(image: Image.Image, exponent: float) -> Image.Image:
    if image.mode == "I;16":
        levels = (np.asarray(image) / MOST) ** exponent * MOST
        return Image.fromarray(levels.round().astype(np.uint16))
    if image.mode == "CMYK":
        return image
    table = [round(255 * (level / 255) ** exponent) for level in range(256)]
    return image.point(table * len(image.getbands()))
