"""How a picture of any size fits into the memory that it may take."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from impasto.core.errors import ResourceError
from impasto.core.memory import format_size

FIXED = 450e6
"""Bytes of the program itself and of VGG's weights."""

PER_PIXEL = {torch.float32: 2600.0, torch.bfloat16: 1800.0}
"""Bytes per pixel of VGG's features and their gradients down to conv5_1, measured. In bfloat16 1300
are in use at once; the rest is what the allocator keeps between them. In tiles, of a tile's."""

BETWEEN = {torch.float32: 80.0, torch.bfloat16: 40.0}
"""Bytes per pixel of what is kept between the stages of VGG, with its gradients."""

KEPT = {torch.float32: 370.0, torch.bfloat16: 200.0}
"""Bytes per pixel of the features that the stages after the first can keep, measured."""

PICTURE = 12
"""Bytes per pixel of a picture in float32."""

PICTURES = 10
"""Pictures at the size that is painted, whatever the optimizer remembers: the latest and the best,
their gradients, steps and what lies between."""

MOVED_PICTURES = 2
"""More of them for a picture that is moved against VGG's grid: the moved one and its gradient."""

MEANWHILE = 4
"""Those of them that are there while VGG looks at the picture."""

TARGET = {torch.float32: 32.0, torch.bfloat16: 16.0}
"""Bytes per pixel of the photo's features."""

LARGEST_WHOLE = 1.5e6
"""Pixels of a picture that is as fast whole as in tiles; in tiles it takes less than half the
memory."""

SIDE, SMALL_SIDE = 384, 256
"""Of a tile, in pixels: larger ones are not faster, because their features outgrow the blocks that
the C library keeps for reuse; smaller ones lose to their overlap."""

ENLARGING = 72.0
"""Bytes per pixel of the output while it is enlarged along the photo's edges: six pictures."""

LEAST_HISTORY = 4

SHARE = 0.7
"""Of the available memory, what is taken if nothing is said."""


@dataclass(frozen=True)
class MemoryPlan:
    """How one picture is painted."""

    side: int | None
    """Of a tile in pixels; None to see the picture whole."""

    keep: bool
    """Whether most features of the first pass over the tiles are kept for the second."""

    history: int
    """Pairs of pictures that L-BFGS remembers."""

    history_dtype: torch.dtype
    """In which it remembers them."""

    size: float
    """Bytes that this is expected to take."""

    @property
    def effort(self) -> float:
        """The time of a step, beside that of VGG's features and their gradient of a small picture.

        Measured, for networks as deep as VGG-16's conv5_1: Gram matrices and L-BFGS come on top,
        then overlaps and copies, then a second look at every tile.
        """
        if self.side is None:
            return 1.1
        return 1.25 if self.keep else 1.5


def plan_memory(
    height: int,
    width: int,
    budget: float,
    *,
    originals: float = 0.0,
    history: int,
    dtype: torch.dtype,
    margin: int = 0,
) -> MemoryPlan:
    """Return the fastest way to paint a picture that fits into a budget.

    First the picture is cut into tiles, then L-BFGS remembers its pictures in bfloat16, then
    features are computed twice instead of kept, then L-BFGS remembers fewer pictures.

    Args:
        height: of the picture.
        width: of the picture.
        budget: bytes.
        originals: bytes of the photo and the paintings as they were read.
        history: pairs of pictures that L-BFGS remembers at most.
        dtype: of the features.
        margin: rows and columns that VGG sees in addition, around a picture that is moved.

    Raises:
        ResourceError: too little for any way.
    """
    pixels = (height + margin) * (width + margin)
    pictures = PICTURES + (MOVED_PICTURES if margin else 0)
    constant = FIXED + originals + pixels * TARGET[dtype]
    whole = constant + pixels * (pictures * PICTURE + PER_PIXEL[dtype] + 2 * history * PICTURE)
    if whole <= budget and pixels <= LARGEST_WHOLE:
        return MemoryPlan(
            side=None, keep=False, history=history, history_dtype=torch.float32, size=whole
        )
    least = min(history, LEAST_HISTORY)
    needed = 0.0
    for side, keep, pairs, kind in (
        (SIDE, True, history, torch.float32),
        (SIDE, True, history, torch.bfloat16),
        (SIDE, False, history, torch.bfloat16),
        (SMALL_SIDE, False, history, torch.bfloat16),
        (SMALL_SIDE, False, max(least, history // 2), torch.bfloat16),
        (SMALL_SIDE, False, least, torch.bfloat16),
    ):
        seeing = (MEANWHILE + pictures - PICTURES) * PICTURE + BETWEEN[dtype]
        seeing += KEPT[dtype] if keep else 0.0
        memory = pairs * PICTURE * (2 if kind == torch.float32 else 1)
        tile = min(pixels, side**2) * PER_PIXEL[dtype]
        needed = constant + tile + pixels * (max(pictures * PICTURE, seeing) + memory)
        if needed <= budget:
            return MemoryPlan(side=side, keep=keep, history=pairs, history_dtype=kind, size=needed)
    raise _too_little(height, width, needed, budget)


def plan_output(height: int, width: int, budget: float, *, originals: float) -> float:
    """Return the bytes that enlarging a finished picture to its size is expected to take.

    Arguments and errors as `plan_memory`.
    """
    needed = FIXED + originals + ENLARGING * height * width
    if needed > budget:
        raise _too_little(height, width, needed, budget)
    return needed


def _too_little(height: int, width: int, needed: float, budget: float) -> ResourceError:
    return ResourceError(
        f"{width}x{height} pixels need {format_size(needed)} at least, and --memory allows "
        f"{format_size(budget)}; allow more, or use a smaller --size"
    )
