"""Distances between features: what is shown, and where."""

from __future__ import annotations

from torch import Tensor


def content_loss(features: Tensor, target: Tensor) -> Tensor:
    """Return half the sum of squared differences, exactly as the paper has it.

    Args:
        features: (B, C, H, W) of the generated picture, F in the paper.
        target: the same of the content picture, P in the paper.

    Returns:
        Scalar. Grows with the number of channels and positions.

    Source:
        gatys2016, eq. 1.
    """
    return (features - target).square().sum() / 2


def mean_squared_error(features: Tensor, target: Tensor) -> Tensor:
    """Return the mean of squared differences, the distance of neural-style and of Johnson.

    Args:
        features: any shape.
        target: the same shape.

    Source:
        johnson2016, sec. 3.2, feature reconstruction loss.
    """
    return (features - target).square().mean()


def relative_distance(values: Tensor, target: Tensor) -> Tensor:
    """Return the squared distance as a fraction of the target's own square: |x - t|^2 / |t|^2.

    Of several pictures, the mean of their distances, so that each counts as much as another.

    0 is equal, 1 is as far as an empty picture. The number means the same at every size, layer
    and style, and so do weights put on it.

    Args:
        values: features or Gram matrices, (B, ...).
        target: (B, ...) or (1, ...).

    Returns:
        Scalar, at least 0.

    Source:
        Differs: from gatys2016, eq. 1 and 5, where it depends on size, layer and style.
    """
    difference = (values - target).square().flatten(1).sum(1)  # (B,)
    return (difference / target.square().flatten(1).sum(1).clamp_min(1e-12)).mean()
