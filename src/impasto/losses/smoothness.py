"""Penalties on the pixels themselves."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def total_variation(image: Tensor) -> Tensor:
    """Return the mean squared difference of neighboring pixels, down plus across.

    Args:
        image: (B, C, H, W).

    Returns:
        Scalar; 0 for a flat picture. A side of one pixel contributes nothing.

    Source:
        johnson2016, sec. 3.2. Differs: squared and a mean, so that it does not grow with the
        picture.
    """
    loss: Tensor = _TotalVariation.apply(image)  # type: ignore[no-untyped-call]
    return loss


def out_of_range(image: Tensor) -> Tensor:
    """Return the mean squared distance of the pixels from the box [0, 1].

    Clamping inside L-BFGS would break its memory of the curvature; this keeps the pixels near the
    box instead, so that the file (clamped) looks like the picture that was optimized.

    Args:
        image: any shape.
    """
    loss: Tensor = _OutOfRange.apply(image)  # type: ignore[no-untyped-call]
    return loss


class _TotalVariation(torch.autograd.Function):
    """The same by hand: autograd would keep four pictures more, which counts at print size."""

    @staticmethod
    def forward(context: Any, image: Tensor) -> Tensor:
        context.save_for_backward(image)
        loss = image.new_zeros(())
        for side in (-2, -1):
            if image.shape[side] > 1:
                loss = loss + image.diff(dim=side).square_().mean()
        return loss

    @staticmethod
    def backward(context: Any, *grad_outputs: Tensor) -> Tensor:
        (image,) = context.saved_tensors
        gradient = torch.zeros_like(image)
        for side in (-2, -1):
            length = image.shape[side]
            if length > 1:
                change = image.diff(dim=side)
                change *= 2 / change.numel() * grad_outputs[0]
                gradient.narrow(side, 1, length - 1).add_(change)
                gradient.narrow(side, 0, length - 1).sub_(change)
        return gradient


class _OutOfRange(torch.autograd.Function):
    """The same by hand, for the same reason."""

    @staticmethod
    def forward(context: Any, image: Tensor) -> Tensor:
        context.save_for_backward(image)
        return image.clamp(0, 1).sub_(image).square_().mean()

    @staticmethod
    def backward(context: Any, *grad_outputs: Tensor) -> Tensor:
        (image,) = context.saved_tensors
        gradient: Tensor = image.clamp(0, 1).sub_(image)
        return gradient.mul_(-2 / image.numel() * grad_outputs[0])
