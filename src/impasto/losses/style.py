"""Distances between feature statistics: how it is painted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from impasto.core.errors import ShapeError


@dataclass(frozen=True)
class Statistic:
    """What a style loss collects from the features of a layer: a sum over their places.

    Sums over the parts of a picture add up, which is all that tiles need. Divided by how many
    places there are, they are what distances compare.
    """

    sums: Callable[[Tensor, Tensor | None], Tensor]
    """From features (B, C, H, W), a side of which may be 0: (B, ...). With masks (R, 1, H, W) in
    [0, 1], how much of each place belongs to each region of one picture: (R, ...)."""

    gradient: Callable[[Tensor, Tensor, Tensor | None], Tensor]
    """Of a loss at the features, from the features, its gradient at their sums and the masks."""

    unit: Callable[[int], float] = lambda _channels: 1.0
    """What the sums are divided by beside the places, from the number of channels."""

    def __call__(self, features: Tensor, masks: Tensor | None = None) -> Tensor:
        """Return the statistic of whole pictures, or of every region of one."""
        sums = self.sums(features, masks)
        return self.divided(sums, features.shape[1], places(features.shape[-2:], masks).to(sums))

    def divided(self, sums: Tensor, channels: int, count: Tensor) -> Tensor:
        """Return sums, or a gradient at what this returns, divided by channels and places.

        Args:
            sums: (B, ...) or (R, ...).
            channels: of the features.
            count: (1,) or (R,), from `places`.
        """
        return sums / (self.unit(channels) * count.view(-1, *[1] * (sums.ndim - 1)))


def places(size: Sequence[int], masks: Tensor | None) -> Tensor:
    """Return how many places features have, (1,); or in each region, (R,), at least a little.

    Args:
        size: height and width of the features.
        masks: (R, 1, height, width) in [0, 1].
    """
    if masks is None:
        return torch.tensor([size[0] * size[1]])
    return masks.sum((1, 2, 3)).clamp_min(1e-3)


class _Gram(torch.autograd.Function):
    """X^T X summed in float32, with the closed-form gradient in the features' own type.

    Autograd would multiply twice, in float32, to find the same gradient: three times the time.
    """

    @staticmethod
    def forward(context: Any, rows: Tensor) -> Tensor:
        context.save_for_backward(rows)
        wide = rows if rows.dtype == torch.float64 else rows.float()
        return torch.bmm(wide.transpose(1, 2), wide)  # (B, C, C)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        (rows,) = context.saved_tensors
        (gradient,) = gradients
        return _gradient_of_rows(rows, gradient)


def _gradient_of_rows(rows: Tensor, gradient: Tensor) -> Tensor:
    both = (gradient + gradient.transpose(1, 2)).to(rows.dtype)
    if rows.is_contiguous():
        return torch.bmm(rows, both)  # (B, H*W, C)
    return torch.bmm(both, rows.transpose(1, 2)).transpose(1, 2)  # in memory as `rows` is


def gram_matrix(features: Tensor) -> Tensor:
    """Return how strongly each pair of channels fires together.

    Args:
        features: (B, C, H, W) activations of one layer, any range. Half-precision features are
            summed in float32.

    Returns:
        (B, C, C) symmetric matrices, divided by C*H*W so that a loss on them does not grow with
        the picture.

    Raises:
        ShapeError: `features` is not four-dimensional.

    Source:
        gatys2016, eq. 3. Differs: normalized here, as in johnson2016, sec. 3.2; `style_loss`
        undoes it.
    """
    return gram_sum(features) / features[0].numel()


def gram_sum(features: Tensor) -> Tensor:
    """Return `gram_matrix` before it is divided by C*H*W: sums over parts of a picture add up.

    Args:
        features: (B, C, H, W), any range; a side may be 0.

    Returns:
        (B, C, C).

    Raises:
        ShapeError: `features` is not four-dimensional.

    Source:
        gatys2016, eq. 3.
    """
    if features.ndim != 4:
        raise ShapeError(f"expected (B, C, H, W) features, got shape {tuple(features.shape)}")
    gram: Tensor = _Gram.apply(_rows(features))  # type: ignore[no-untyped-call]  # (B, C, C)
    return gram


class _RegionGrams(torch.autograd.Function):
    """The Gram sums of each region, without a masked copy of the features for each."""

    @staticmethod
    def forward(context: Any, rows: Tensor, masks: Tensor) -> Tensor:
        context.save_for_backward(rows, masks)
        wide = rows[0] if rows.dtype == torch.float64 else rows[0].float()
        return torch.stack([(wide * mask[:, None].to(wide.dtype)).t() @ wide for mask in masks])

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        rows, masks = context.saved_tensors
        (gradient,) = gradients
        total = torch.zeros_like(rows)
        for mask, each in zip(masks, gradient, strict=True):
            total += _gradient_of_rows(rows, each[None]) * mask[:, None].to(rows.dtype)
        return total, None


def region_gram_sums(features: Tensor, masks: Tensor) -> Tensor:
    """Return the Gram sums of several regions of one picture; sums over its parts add up.

    Args:
        features: (1, C, H, W), any range; a side may be 0.
        masks: (R, 1, H, W) in [0, 1], how much of each place belongs to each region.

    Returns:
        (R, C, C), not divided by anything.

    Source:
        gatys2017, sec. 4.1 (guided Gram matrices): the sum over places, each with its mask.
    """
    grams: Tensor = _RegionGrams.apply(_rows(features), masks.flatten(1))  # type: ignore[no-untyped-call]
    return grams


def region_gram_sums_gradient(features: Tensor, masks: Tensor, gradient: Tensor) -> Tensor:
    """Return the gradient of a loss at features, from its gradient at their `region_gram_sums`.

    Args:
        features: (1, C, H, W), any range; a side may be 0.
        masks: (R, 1, H, W).
        gradient: (R, C, C) of the loss.

    Returns:
        (1, C, H, W), in the features' type.
    """
    batch, channels, height, width = features.shape
    rows = _rows(features)
    found = torch.zeros_like(rows)
    for mask, each in zip(masks.flatten(1), gradient, strict=True):
        found += _gradient_of_rows(rows, each[None]) * mask[:, None].to(rows.dtype)
    return found.view(batch, height, width, channels).permute(0, 3, 1, 2)


def gram_sum_gradient(features: Tensor, gradient: Tensor) -> Tensor:
    """Return the gradient of a loss at features, from its gradient at their `gram_sum`.

    Args:
        features: (B, C, H, W), any range; a side may be 0.
        gradient: (B, C, C) of the loss, at `gram_sum(features)`.

    Returns:
        (B, C, H, W), in the features' type.

    Source:
        gatys2016, eq. 6, without the factors of its loss and the rectifier.
    """
    batch, channels, height, width = features.shape
    found = _gradient_of_rows(_rows(features), gradient)  # (B, H*W, C)
    return found.view(batch, height, width, channels).permute(0, 3, 1, 2)


def _rows(features: Tensor) -> Tensor:
    """Return one row of channels per place, (B, H*W, C); without a copy where it can be had."""
    batch, channels, height, width = features.shape
    if features.stride(1) == 1:  # channels last, or a part of such features
        return features.permute(0, 2, 3, 1).reshape(batch, height * width, channels)
    return features.reshape(batch, channels, height * width).transpose(1, 2)


def _gram_sums(features: Tensor, masks: Tensor | None) -> Tensor:
    return gram_sum(features) if masks is None else region_gram_sums(features, masks)


def _gram_sums_gradient(features: Tensor, gradient: Tensor, masks: Tensor | None) -> Tensor:
    if masks is None:
        return gram_sum_gradient(features, gradient)
    return region_gram_sums_gradient(features, masks, gradient)


GRAM = Statistic(_gram_sums, _gram_sums_gradient, unit=float)
"""Gram matrices, (B, C, C): how strongly each pair of channels fires together."""


def style_loss(gram: Tensor, target: Tensor) -> Tensor:
    """Return E_l of one layer, exactly as the paper has it.

    With the paper's unnormalized G = gram * N * M, where N is the number of channels and M that
    of positions, 1/(4 N^2 M^2) * sum (G - A)^2 is what remains here: sum (gram - target)^2 / 4.

    Args:
        gram: (B, N, N) from `gram_matrix`, of the generated picture.
        target: the same of the style picture.

    Returns:
        Scalar.

    Source:
        gatys2016, eq. 4. Differs: the style picture's Gram matrix is divided by its own number of
        positions. The paper has one M, because its two pictures have one size; there it is equal.
    """
    return (gram - target).square().sum() / 4


def mix_grams(grams: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Return the weighted mean of several styles' Gram matrices.

    Pulling towards the mean has the same gradient as the weighted sum of the losses to each
    style, at the price of one.

    Args:
        grams: (1, C, C) per style.
        weights: one per style, not negative, not all 0; only their ratio matters.

    Returns:
        (1, C, C).
    """
    total = sum(weights)
    return torch.stack(
        [gram * (weight / total) for gram, weight in zip(grams, weights, strict=True)]
    ).sum(dim=0)
