"""Even places stay even: no halos, no blobs."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

CELLS = (8, 16, 32)
"""Sides in pixels of the squares whose mean colours are compared: from a halo's width up."""

GAIN = 3.0
"""How many times the photo's own contrast between neighbouring squares may become."""


def contrast_excess(painted: Tensor, photos: Tensor) -> Tensor:
    """Return how much contrast pictures have where their photos have next to none.

    A style wants light and dark, and its Gram matrices do not say where. Networks put them where
    the photo has nothing to hold against it: corners of skies turn dark, and dark things wear a
    light halo. What is asked here is what a painter does: a step of colour from one place to the
    next needs a step in the photo, if a smaller one. Below the size of the squares, and thus for
    strokes and lines, nothing is asked.

    Args:
        painted: (B, 3, H, W), sRGB, nominally in [0, 1].
        photos: (B, 3, H, W) in [0, 1].

    Returns:
        (), 0 where no step between neighbouring squares of any size is above `GAIN` times the
        photo's, else the mean square of what is above, added up over the sizes.
    """
    total = painted.new_zeros(())
    for side in CELLS:
        if min(painted.shape[-2:]) < 2 * side:
            break
        found, given = F.avg_pool2d(painted, side), F.avg_pool2d(photos, side)
        for axis in (2, 3):
            steps, limits = _steps(found, axis), GAIN * _steps(given, axis)
            total = total + F.relu(steps - limits).square().mean()
    return total


def _steps(means: Tensor, axis: int) -> Tensor:
    """Return the distances in colour between neighbouring squares along an axis."""
    squares = means.diff(dim=axis).square().sum(1)
    return torch.sqrt(squares + 1e-8)  # the root of 0 has no gradient
