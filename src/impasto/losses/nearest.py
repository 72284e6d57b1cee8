"""Every place of a picture looks like some place of the paintings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.core.tensors import wide

NEAREST_LAYER = "relu3_1"
"""Sees 24 pixels: strokes, but nothing as large as a thing, which would appear where none was."""

MOST_PLACES = 4096
"""Of the paintings, that are looked through."""

SHORTEST = 0.01
"""Beside the mean length of the paintings' features: shorter ones have no direction to speak of,
and their gradient would have no bound."""

AT_ONCE = 1024
"""Places of the picture that are compared with all of them at once: 16 MiB of numbers."""


class NearestPlaces:
    """How far the places of a picture are from the paintings' most similar ones.

    Gram matrices are content once *somewhere* in the picture there is enough of everything: skies
    and walls stay photo, while strokes crowd where the photo is busy. Here every place counts.

    Args:
        found: (N, C) features of places of each painting, at least one.
        is_one_pool: whether a place may be like any painting; if not, each region is compared with
            its own.

    Source:
        The matching of kolkin2022 (NNST), by cosine of centered features, of one layer. Differs:
        both are centered by the paintings' mean, so that a part of a picture can be compared by
        itself.
    """

    def __init__(self, found: Sequence[Tensor], *, is_one_pool: bool) -> None:
        self._center = wide(torch.cat(list(found))).mean(0)
        pools = [torch.cat(list(found))] if is_one_pool else list(found)
        centered = [wide(pool) - self._center for pool in pools]
        self._pools = [F.normalize(pool, dim=1) for pool in centered]
        lengths = torch.cat(centered).norm(dim=1)
        self._shortest = max(SHORTEST * float(lengths.mean()), 1e-12)

    def sum(self, features: Tensor, masks: Tensor | None = None) -> Tensor:
        """Return the distances of all places, added up.

        Args:
            features: (1, C, H, W) of `NEAREST_LAYER`, of a picture or of a part of it.
            masks: (R, 1, H, W) in [0, 1], how much each place counts for each painting; None if
                all are one pool.

        Returns:
            (), from 0 (all places are the paintings' own) to twice the places.
        """
        total, gradient = self.measure(features.detach(), masks)
        return total + known_gradient(features, gradient)

    def measure(self, features: Tensor, masks: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return `sum` and its gradient at the features."""
        places = features[0].flatten(1).T
        gradient = torch.zeros_like(places)
        total = wide(places).new_zeros(())
        for index, pool in enumerate(self._pools):
            if not len(pool):  # a part of a painting too small to have a place here
                continue
            counts = wide(places).new_ones(len(places)) if masks is None else masks[index].flatten()
            known = pool.to(places.dtype)
            for part in torch.split(counts.nonzero()[:, 0].to(places.device), AT_ONCE):
                centered = wide(places[part]) - self._center
                lengths = centered.norm(dim=1, keepdim=True)
                turns = lengths > self._shortest
                lengths = lengths.clamp_min(self._shortest)
                unit = centered / lengths
                nearest = pool[(unit.to(known.dtype) @ known.T).argmax(1)]
                cosine = (unit * nearest).sum(1, keepdim=True)
                count = counts.to(unit)[part][:, None]
                total += (count * (1 - cosine)).sum()
                slope = count * (turns * unit * cosine - nearest) / lengths
                gradient[part] += slope.to(gradient.dtype)
        return total, gradient.T.reshape(features.shape)


def known_gradient(values: Tensor, gradient: Tensor) -> Tensor:
    """Return a 0 whose gradient at `values` is `gradient`, found without autograd."""
    nothing: Tensor = _KnownGradient.apply(values, gradient)  # type: ignore[no-untyped-call]
    return nothing


class _KnownGradient(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, values: Tensor, gradient: Tensor) -> Tensor:
        context.save_for_backward(gradient)
        return wide(values).new_zeros(())

    @staticmethod
    def backward(context: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        (gradient,) = context.saved_tensors
        return gradient * grad_outputs[0].to(gradient.dtype), None


def limits(shares: Sequence[float] | None, count: int) -> list[int]:
    """Return how many places of each painting to look through.

    >>> limits((3.0, 1.0, 0.0), 3), limits(None, 2)
    ([3072, 1024, 0], [4096, 4096])
    """
    if shares is None:
        return [MOST_PLACES] * count
    return [round(MOST_PLACES * share / sum(shares)) for share in shares]


def some_places(
    features: Tensor,
    size: tuple[int, int],
    limit: int,
    corner: tuple[int, int] = (0, 0),
    mask: Tensor | None = None,
) -> Tensor:
    """Return the features of evenly spread places of a painting, (N, C).

    Args:
        features: (1, C, h, w), of a part of it or of all.
        size: height and width of the whole painting's features.
        limit: about how many places of the whole painting to take.
        corner: row and column at which the part begins.
        mask: (1, 1, h, w) in [0, 1], which places may be taken; None: all.
    """
    if not limit:
        return features.new_empty(0, features.shape[1])
    step = max(1, math.ceil(math.sqrt(size[0] * size[1] / limit)))
    top, left = -corner[0] % step, -corner[1] % step
    found = features[0, :, top::step, left::step].flatten(1).T
    if mask is None:
        return found
    return found[mask[0, 0, top::step, left::step].flatten() > 0.5]
