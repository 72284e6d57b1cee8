"""What colour there is under transparency."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def extend_colors(image: Tensor, alpha: Tensor) -> Tensor:
    """Return the picture with its visible edge colours spread under its transparent parts.

    Args:
        image: (1, 3, H, W) in [0, 1].
        alpha: (1, 1, H, W) in [0, 1].

    Returns:
        (1, 3, H, W): `image` where it is opaque, an ever wider average of the visible colours
        where it is not. Grey if nothing is visible.
    """
    levels = [(image * alpha, alpha)]  # colours premultiplied, so that hidden ones do not count
    while max(levels[-1][1].shape[-2:]) > 1:
        colour, weight = levels[-1]
        levels.append(
            (
                F.avg_pool2d(colour, 2, ceil_mode=True, count_include_pad=False),
                F.avg_pool2d(weight, 2, ceil_mode=True, count_include_pad=False),
            )
        )
    filled = torch.full_like(levels[-1][0], 0.5)
    for colour, weight in reversed(levels):
        size = colour.shape[-2:]
        under = F.interpolate(filled, size=size, mode="bilinear", align_corners=False)
        visible = colour / weight.clamp_min(1e-6)
        share = (weight * 4).clamp(max=1)  # a quarter of a pixel's worth is enough to know it
        filled = visible * share + under * (1 - share)
    return image * alpha + filled * (1 - alpha)
