"""How a picture of any size fits into the memory that it may take."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from impasto.core.errors import ResourceError
from impasto.core.memory import format_size
from impasto.losses.tiled import tiles

FIXED = 450e6
"""Bytes of the program itself and of VGG's weights."""

PER_PIXEL = {torch.float32: 2600.0, torch.bfloat16: 1800.0}
"""Bytes per pixel of VGG's features and their gradients down to conv5_1, measured. In bfloat16 1300
are in use at once; the rest is what the allocator keeps between them."""

OVERLAP = 80
"""Pixels that a tile sees around its own part, for VGG down to conv5_1."""

PICTURE = 12
"""Bytes per pixel of a picture in float32."""

PICTURES = 10
"""Pictures at the size that is painted, whatever the optimiser remembers: the latest and the best,
their gradients, steps and what lies between."""

TARGET = {torch.float32: 32.0, torch.bfloat16: 16.0}
"""Bytes per pixel of the photo's features."""

SIDES = (2048, 1536, 1024, 768, 640, 512, 384, 256)
"""Tiles that are tried, in pixels; larger ones waste less on their overlap."""

SMALL_SIDE = 512
"""Rather than tiles smaller than this, L-BFGS remembers less."""

LEAST_HISTORY = 4

SHARE = 0.7
"""Of the available memory, what is taken if nothing is said."""


@dataclass(frozen=True)
class MemoryPlan:
    """How one picture is painted."""

    side: int | None
    """Of a tile in pixels; None to see the picture whole."""

    history: int
    """Pairs of pictures that L-BFGS remembers."""

    history_dtype: torch.dtype
    """In which it remembers them."""

    size: float
    """Bytes that this is expected to take."""


def plan_memory(
    height: int,
    width: int,
    budget: float,
    *,
    originals: float = 0.0,
    history: int,
    dtype: torch.dtype,
) -> MemoryPlan:
    """Return the fastest way to paint a picture that fits into a budget.

    First the picture is cut into tiles, then L-BFGS remembers its pictures in bfloat16, then
    fewer of them.

    Args:
        height: of the picture.
        width: of the picture.
        budget: bytes.
        originals: bytes of the photo and the paintings as they were read.
        history: pairs of pictures that L-BFGS remembers at most.
        dtype: of the features.

    Raises:
        ResourceError: too little for any way.
    """
    pixels = height * width
    rate = PER_PIXEL[dtype]
    constant = FIXED + originals + pixels * (PICTURES * PICTURE + TARGET[dtype])
    whole = constant + pixels * (rate + 2 * history * PICTURE)
    if whole <= budget:
        return MemoryPlan(None, history, torch.float32, whole)
    least = min(history, LEAST_HISTORY)
    remembered = (
        (history, torch.float32),
        (history, torch.bfloat16),
        (max(least, history // 2), torch.bfloat16),
        (least, torch.bfloat16),
    )
    needed = 0.0
    for side in SIDES:
        tile = next(tiles(height, width, side, OVERLAP)).pixels * rate
        for pairs, kind in remembered:
            memory = pairs * pixels * PICTURE * (2 if kind == torch.float32 else 1)
            needed = constant + tile + memory
            fits_well = side <= SMALL_SIDE or pairs == history
            if needed <= budget and fits_well:
                return MemoryPlan(side, pairs, kind, needed)
    raise ResourceError(
        f"{width}x{height} pixels need {format_size(needed)} at least, and --memory allows "
        f"{format_size(budget)}; allow more, or use a smaller --size"
    )
