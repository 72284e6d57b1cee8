"""Even places stay even: no halos, no blobs, no lattice."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

CELLS = (8, 16, 32)
"""Sides in pixels of the squares whose mean colors are compared: from a halo's width up."""

PERIOD = 4
"""Pixels after which a network's grid repeats: it halves a picture twice."""

SQUARE = 32
"""Side in pixels of the squares in which a pattern is looked for: eight repetitions."""

EVEN_UP_TO = 0.03
"""Standard deviation in a square of the photo above which nothing is asked."""

GAIN = 3.0
"""How many times the photo's own contrast between neighboring squares may become."""


def contrast_excess(painted: Tensor, photos: Tensor) -> Tensor:
    """Return how much contrast pictures have where their photos have next to none.

    A style wants light and dark, and its Gram matrices do not say where. Networks put them where
    the photo has nothing to hold against it: corners of skies turn dark, and dark things wear a
    light halo. What is asked here is what a painter does: a step of color from one place to the
    next needs a step in the photo, if a smaller one. Below the size of the squares, and thus for
    strokes and lines, nothing is asked.

    Args:
        painted: (B, 3, H, W), sRGB, nominally in [0, 1].
        photos: (B, 3, H, W) in [0, 1].

    Returns:
        (), 0 where no step between neighboring squares of any size is above `GAIN` times the
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


def lattice(painted: Tensor, photos: Tensor) -> Tensor:
    """Return how much of a picture's even places is one small pattern, repeated over and over.

    A network that halves a picture twice and enlarges it again knows which of four pixels each one
    is. Where the photo is flat it has nothing else to make texture of, and paints a lattice of
    lines and dots with a period of two or four pixels: in films the first thing one sees.
    Real strokes come at any place and cancel in the mean over a square's repetitions.

    Args:
        painted: (B, 3, H, W), sRGB, nominally in [0, 1].
        photos: (B, 3, H, W) in [0, 1].

    Returns:
        (), the mean square of the pattern, where squares count by how even the photo is in them;
        0 for pictures smaller than one.
    """
    rows, columns = (side // SQUARE for side in painted.shape[-2:])
    if not rows or not columns:
        return painted.new_zeros(())

    def squares(image: Tensor) -> Tensor:
        cut = image[..., : rows * SQUARE, : columns * SQUARE]
        repeats = SQUARE // PERIOD
        return cut.reshape(*cut.shape[:2], rows, repeats, PERIOD, columns, repeats, PERIOD)

    given = squares(photos)  # (B, 3, rows, n, 4, columns, n, 4)
    within = given - given.mean((3, 4, 6, 7), keepdim=True)
    uneven = within.square().mean((1, 3, 4, 6, 7))  # (B, rows, columns)
    weights = torch.exp(-uneven / EVEN_UP_TO**2)
    pattern = squares(painted).mean((3, 6))  # (B, 3, rows, 4, columns, 4)
    pattern = pattern - pattern.mean((3, 5), keepdim=True)
    return (weights * pattern.square().mean((1, 3, 5))).mean()


def _steps(means: Tensor, axis: int) -> Tensor:
    """Return the distances in color between neighboring squares along an axis."""
    squares = means.diff(dim=axis).square().sum(1)
    return torch.sqrt(squares + 1e-8)  # the root of 0 has no gradient
