"""Places keep the photo's colors, carried to the painting's: no patches of any other color."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.io.color import Colors, color_map, colors_of, map_colors, to_luminance

CELL, STEP = 16, 8
"""Side of the squares in pixels whose mean colors are compared, and from one to the next: strokes
are smaller, and free to have any color."""

LUMINANCE = 0.5
"""What light and dark count beside the rest of a color: a painter moves them more freely."""


def place_colors(image: Tensor) -> Tensor:
    """Return the mean color of every square, with half its luminance.

    Args:
        image: (B, 3, H, W), at least `CELL` high and wide.

    Returns:
        (B, 3, h, w).
    """
    means = F.avg_pool2d(image, CELL, STEP)
    return means - (1 - LUMINANCE) * to_luminance(means)


@torch.no_grad()
def wanted_colors(photo: Tensor, painting: Colors) -> tuple[Tensor, float]:
    """Return what the colors of a painted photo are to be, and how much that counts.

    A Gram matrix says which colors there are and not where. Networks put them where features of
    the photo lead them: fur turns turquoise, corners of skies deep blue, and dark towers wear a
    halo. Here blue things take the painting's blue, as `io.color.recolor` finds it.

    Args:
        photo: (1, 3, H, W) in [0, 1], at least `CELL` high and wide.
        painting: its colors.

    Returns:
        As `place_colors`, (1, 3, h, w); and 0..1, 0 where the photo is gray and says nothing.
    """
    colors = colors_of(photo)
    if not torch.isfinite(colors.mean).all():
        return place_colors(photo), 1.0  # so that the loss is no number either, and is noticed
    moved = map_colors(photo, *color_map(colors, [painting], (1.0,))).clamp(0, 1)
    return place_colors(moved), colors.colorful


def palette_distance(painted: Tensor, wanted: Tensor, shares: Tensor) -> Tensor:
    """Return how far the colors of places are from what they are to be.

    Args:
        painted: (B, 3, H, W), sRGB, nominally in [0, 1].
        wanted: (B, 3, h, w), of `wanted_colors`.
        shares: (B,), how much each photo counts.

    Returns:
        (), the mean square over photos and squares.
    """
    squares = (place_colors(painted) - wanted).square().sum(1)
    return (shares.view(-1, 1, 1) * squares).mean()
