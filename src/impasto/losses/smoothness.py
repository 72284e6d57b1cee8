"""Penalties on the pixels themselves."""

from __future__ import annotations

from torch import Tensor


def total_variation(image: Tensor) -> Tensor:
    """Return the mean squared difference of neighbouring pixels, down plus across.

    Args:
        image: (B, C, H, W).

    Returns:
        Scalar; 0 for a flat picture. A side of one pixel contributes nothing.

    Source:
        johnson2016, sec. 3.2. Differs: squared and a mean, so that it does not grow with the
        picture.
    """
    loss = image.new_zeros(())
    if image.shape[-2] > 1:
        loss = loss + (image[..., 1:, :] - image[..., :-1, :]).square().mean()
    if image.shape[-1] > 1:
        loss = loss + (image[..., :, 1:] - image[..., :, :-1]).square().mean()
    return loss


def out_of_range(image: Tensor) -> Tensor:
    """Return the mean squared distance of the pixels from the box [0, 1].

    Clamping inside L-BFGS would break its memory of the curvature; this keeps the pixels near the
    box instead, so that the file (clamped) looks like the picture that was optimised.

    Args:
        image: any shape.
    """
    return (image - image.clamp(0, 1)).square().mean()
