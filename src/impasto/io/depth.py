"""Gray pictures of more than 8 bits: where black and white are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

Array = np.ndarray[Any, Any]

SIXTEEN_BIT_MODES = ("I;16", "I;16B", "I;16L", "I;16N", "I")
DEEP_MODES = (*SIXTEEN_BIT_MODES, "F")

MOST = 65535
"""White in 16 bits."""

_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0


@dataclass(frozen=True)
class Depth:
    """What the numbers of a gray picture mean, by its file and never by its pixels."""

    white: int = MOST
    """Of whole numbers."""

    inverted: bool = False
    """Whether 0 is white instead of black."""


def depth_of(opened: Image.Image) -> Depth:
    """Return the depth of a picture that Pillow has opened, not yet read."""
    tags = getattr(opened, "tag_v2", {})
    inverted = tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    found = re.search(r"'I;(\d+)([A-Z]*)'", str(getattr(opened, "tile", "")))
    if found is None:
        return Depth(inverted=inverted)
    signed = "S" in found[2]
    return Depth((1 << int(found[1]) - signed) - 1, inverted)


def to_sixteen_bits(image: Image.Image, depth: Depth) -> Image.Image:
    """Return a picture of whole numbers with black at 0 and white at 65535 (mode I;16)."""
    if image.mode == "I;16" and depth == Depth():
        return image
    levels = np.asarray(image)
    if image.mode == "I":
        levels = levels.view(np.uint32) if depth.white > 1 << 31 else levels.clip(0)
    if depth.white != MOST:
        levels = (levels * (MOST / depth.white)).round()
    levels = levels.clip(0, MOST)
    if depth.inverted:
        levels = MOST - levels
    return Image.fromarray(levels.astype(np.uint16))


def to_unit(numbers: Array) -> Array:
    """Return floating numbers, of a file or an array, as float32 in [0, 1].

    0 is black and 1 is white; what is beyond is clipped, what is no number is black. Where more
    than half of the picture is above 1, white is 255; where more than half is above 255, 65535.
    """
    finite = numbers[np.isfinite(numbers)]
    middle = float(np.median(finite)) if finite.size else 0.0
    white = 1.0 if middle <= 1 else 255.0 if middle <= 255 else float(MOST)
    return np.nan_to_num(numbers / white, nan=0.0).clip(0, 1).astype(np.float32)
