"""Keeping the photo's colors, and what color there is under transparency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

_TO_YIQ = (
    (0.299, 0.587, 0.114),
    (0.5959, -0.2746, -0.3213),
    (0.2115, -0.5227, 0.3112),
)
"""ITU-R BT.601 luma and the two NTSC color differences."""


NOISE = 0.012
"""Standard deviation, of 1, below which a difference of color is taken for noise, and fades out
instead of being carried to another picture's: it would become speckles."""

ROWS = 256
"""Of a picture, whose colors are looked at or changed at once."""

COLORFUL = 0.04
"""Chroma, of 1, of a picture whose colors count in full."""

GRAY = 2 / 255
"""By how much the channels of a gray picture may differ; a JPEG rounds them apart by one."""


def is_gray(image: Tensor) -> bool:
    """Return whether a picture, (B, 3, H, W) in [0, 1], has no colors."""
    return bool((image.amax(1) - image.amin(1)).max() <= GRAY)


def to_luminance(image: Tensor) -> Tensor:
    """Return the picture in grays.

    Args:
        image: (B, 3, H, W), sRGB in [0, 1].

    Returns:
        (B, 3, H, W), three equal channels (BT.601 luma).
    """
    weights = torch.tensor(_TO_YIQ[0], dtype=image.dtype, device=image.device).view(1, 3, 1, 1)
    return (image * weights).sum(dim=1, keepdim=True).expand_as(image).contiguous()


def replace_luminance(photo: Tensor, painting: Tensor) -> Tensor:
    """Return the light and dark of `painting` with the colors of `photo`.

    Args:
        photo: (B, 3, H, W) in [0, 1].
        painting: (B, 3, H, W) in [0, 1]; only its luminance is used.

    Returns:
        (B, 3, H, W) in [0, 1].

    Source:
        gatys2016color, sec. 3.2 (luminance-only transfer), in YIQ. Equal weights of color
        differences make YIQ unnecessary: adding the change of luminance to all three channels
        keeps I and Q as they are.
    """
    return (photo + to_luminance(painting) - to_luminance(photo)).clamp(0, 1)


def match_colors(image: Tensor, reference: Tensor) -> Tensor:
    """Return `image` recolored so that its colors have the mean and covariance of `reference`.

    Args:
        image: (1, 3, H, W) in [0, 1], such as a painting.
        reference: (1, 3, h, w) in [0, 1], such as the photo.

    Returns:
        (1, 3, H, W), clamped to [0, 1].

    Source:
        gatys2016color, sec. 3.1, the symmetric root ("image analogies" form). Differs: what is
        fainter than `NOISE`, such as the tint of a charcoal drawing, is not brought up.
    """
    ours, other = colors_of(image), colors_of(reference)
    transform = _root(other.covariance) @ _root(ours.covariance, inverse=True)
    return map_colors(image, transform, other.mean - transform @ ours.mean).clamp(0, 1)


def recolor(image: Tensor, references: Sequence[Tensor], shares: Sequence[float]) -> Tensor:
    """Return `image` with the mean and covariance of the colors of `references`, moved least.

    Of all linear maps that do so it is the one that changes colors by the least on average: the
    optimal transport between two normal distributions. Colors near each other stay so.

    Args:
        image: (1, 3, H, W) in [0, 1], such as a photo.
        references: (1, 3, h, w) each, such as paintings.
        shares: how much of each reference; only their ratio matters.

    Returns:
        (1, 3, H, W), not clamped.

    Source:
        pitie2007 (the linear Monge-Kantorovitch map).
    """
    return map_colors(image, *color_map(colors_of(image), [*map(colors_of, references)], shares))


@dataclass(frozen=True)
class Colors:
    """The colors of a picture, as far as `recolor` knows them."""

    mean: Tensor
    """(3, 1), double."""

    covariance: Tensor
    """(3, 3), double."""

    @property
    def chroma(self) -> float:
        """The standard deviation of what is not luminance, of 1: 0 for a gray picture."""
        luma = torch.tensor(_TO_YIQ[0], dtype=torch.double, device=self.mean.device)
        rest = torch.eye(3, dtype=torch.double, device=self.mean.device) - luma.expand(3, 3)
        return float((rest @ self.covariance @ rest.T).trace().clamp_min(0).sqrt())

    @property
    def colorful(self) -> float:
        """How much the picture says about colors, 0..1: 0 for a gray one."""
        return min(1.0, self.chroma / COLORFUL)


def colors_of(image: Tensor) -> Colors:
    """Return the mean and covariance of the colors of a picture, (1, 3, H, W)."""
    total = torch.zeros(3, 1, dtype=torch.double, device=image.device)
    squares = torch.zeros(3, 3, dtype=torch.double, device=image.device)
    for rows in torch.split(image, ROWS, dim=2):  # as doubles, a large picture takes much memory
        flat = _flat(rows)
        total += flat.sum(1, keepdim=True)
        squares += flat @ flat.T
    count = image.shape[-2] * image.shape[-1]
    mean = total / count
    ridge = 1e-5 * torch.eye(3, dtype=torch.double, device=image.device)
    return Colors(mean, squares / count - mean @ mean.T + ridge)


def color_map(
    colors: Colors, references: Sequence[Colors], shares: Sequence[float]
) -> tuple[Tensor, Tensor]:
    """Return the map that `recolor` applies: a matrix (3, 3) and what is added to it, (3, 1).

    Arguments as for `recolor`, but known by their `colors_of`.
    """
    parts = [share / sum(shares) for share in shares]
    pairs = [*zip(parts, references, strict=True)]
    mean = torch.stack([part * other.mean for part, other in pairs]).sum(0)
    wanted = torch.stack([part * other.covariance for part, other in pairs]).sum(0)
    root, inverse = _root(colors.covariance), _root(colors.covariance, inverse=True)
    transform = inverse @ _root(root @ wanted @ root) @ inverse
    return transform, mean - transform @ colors.mean


def map_colors(image: Tensor, transform: Tensor, shift: Tensor) -> Tensor:
    """Return a picture, (1, 3, H, W), whose colors have gone through a linear map."""
    moved = transform @ _flat(image) + shift
    return moved.reshape(image.shape[1:]).unsqueeze(0).to(image.dtype)


def _flat(image: Tensor) -> Tensor:
    return image[0].reshape(3, -1).double()


def _root(matrix: Tensor, *, inverse: bool = False) -> Tensor:
    """Return the symmetric square root of a positive (3, 3) matrix, or that root's inverse.

    The inverse leaves out what is noise.
    """
    values, vectors = torch.linalg.eigh(matrix)
    roots = values.clamp_min(1e-12).sqrt()
    if inverse:
        roots = (roots / NOISE).clamp_max(1) ** 4 / roots  # steep, and without a jump
    root: Tensor = vectors @ torch.diag(roots) @ vectors.T
    return root


def extend_colors(image: Tensor, alpha: Tensor) -> Tensor:
    """Return the picture with its visible edge colors spread under its transparent parts.

    Args:
        image: (1, 3, H, W) in [0, 1].
        alpha: (1, 1, H, W) in [0, 1].

    Returns:
        (1, 3, H, W): `image` where it is opaque, an ever wider average of the visible colors
        where it is not. Gray if nothing is visible.
    """
    levels = [(image * alpha, alpha)]  # colors premultiplied, so that hidden ones do not count
    while max(levels[-1][1].shape[-2:]) > 1:
        color, weight = levels[-1]
        levels.append(
            (
                F.avg_pool2d(color, 2, ceil_mode=True, count_include_pad=False),
                F.avg_pool2d(weight, 2, ceil_mode=True, count_include_pad=False),
            )
        )
    filled = torch.full_like(levels[-1][0], 0.5)
    for color, weight in reversed(levels):
        size = color.shape[-2:]
        under = F.interpolate(filled, size=size, mode="bilinear", align_corners=False)
        visible = color / weight.clamp_min(1e-6)
        share = (weight * 4).clamp(max=1)  # a quarter of a pixel's worth is enough to know it
        filled = visible * share + under * (1 - share)
    return image * alpha + filled * (1 - alpha)
