"""Enlarging a painted picture along the edges of the photo it was painted from."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from impasto.core.tensors import WRAP_RESIZED, resize, resized_margins, size_of, wrap_around
from impasto.io.color import to_luminance

RADIUS = 4
"""Of the neighborhood, in pixels of the small picture, in which the painted picture is explained
by the photo."""

RIDGE = 2e-3
"""Variance of luminance below which a place counts as flat, and gets no detail from the photo."""

LARGEST_GAIN = 1.5


def enlarge(painted: Tensor, photo: Tensor, wrap: str | None = None) -> Tensor:
    """Return a painted picture at the photo's size, sharp where the photo is.

    Around every place, the painted picture is a multiple of the photo's luminance plus a constant.
    What enlarging loses of the photo comes back, times that multiple; the strokes stay as large as
    they were painted.

    Args:
        painted: (1, 3, h, w) in [0, 1], painted from the photo at this size.
        photo: (1, 3, H, W) in [0, 1].
        wrap: which borders meet, as for `wrap_around`; None for none.

    Returns:
        (1, 3, H, W) in [0, 1].

    Source:
        The linear model of he2013, sec. 3.4, at the size of the painted picture. Differs: it only
        gives back detail; the painted picture itself is enlarged, not replaced by the model.
    """
    height, width = size_of(photo)
    above, left = resized_margins(size_of(painted), (height, width), wrap)
    if above or left:
        wide = F.pad(photo, (left, left, above, above), mode="circular")
        found = enlarge(wrap_around(painted, wrap, WRAP_RESIZED), wide)
        return found[..., above : above + height, left : left + width]
    small = resize(to_luminance(photo)[:, :1], *size_of(painted))
    mean, mean_painted = _blur(small), _blur(painted)
    variance = (_blur(small * small) - mean * mean).clamp_min(0)
    covariance = _blur(small * painted) - mean * mean_painted
    gain = (covariance / (variance + RIDGE)).clamp_(-LARGEST_GAIN, LARGEST_GAIN)
    detail = to_luminance(photo)[:, :1] - resize(small, height, width)
    gain = F.interpolate(gain, (height, width), mode="bilinear", align_corners=False)
    return resize(painted, height, width).add_(gain.mul_(detail)).clamp_(0, 1)


def _blur(image: Tensor) -> Tensor:
    """Return the mean of every neighborhood."""
    border = min(RADIUS, min(size_of(image)) - 1)
    padded = F.pad(image, (border,) * 4, mode="reflect") if border else image
    return F.avg_pool2d(padded, 2 * border + 1, stride=1)
