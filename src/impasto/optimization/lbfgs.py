"""L-BFGS for one picture, whose memory can be small."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

SMALLEST_CURVATURE = 1e-10
"""Pairs of steps and changes of the gradient whose product is smaller are not remembered."""


class LBFGS:
    """One step per gradient, along a direction that the last steps have taught.

    Every pair that is remembered costs two pictures. They may be kept in bfloat16: they are only
    multiplied with the gradient, and their rounding is far below what the curvature changes from
    step to step.

    Args:
        history: pairs of pictures to remember, at least 1.
        dtype: in which they are remembered.
        longest: root mean square that a step may have; longer ones are shortened.
        scale: the first step is that many times the gradient; None if that is not known.
        first: most that a value changes in the first step if `scale` is not known; None for a tiny
            step, from which the second learns its length.

    Source:
        liu1989; the first step as in torch.optim.LBFGS, of whose steps at `max_iter=1` these are
        the same with neither `scale` nor `first`.
    """

    def __init__(
        self,
        history: int,
        dtype: torch.dtype = torch.float32,
        longest: float = math.inf,
        scale: float | None = None,
        first: float | None = None,
    ) -> None:
        self.history, self.dtype, self.longest = history, dtype, longest
        self.scale, self.first = scale, first
        self._pairs: list[tuple[Tensor, Tensor, float]] = []
        self._gradient: Tensor | None = None
        self._step: Tensor | None = None

    def step(self, image: Tensor, gradient: Tensor) -> None:
        """Change the picture in place.

        Args:
            image: any shape.
            gradient: of the loss, at this picture; kept, so not to be changed afterwards.
        """
        if self._gradient is None or self._step is None:
            step = self._first_step(gradient)
        else:
            self._remember(self._step, gradient - self._gradient)
            step = self._direction(gradient)
        self.length = math.sqrt(_dot(step, step) / step.numel())
        if self.length > self.longest:
            step.mul_(self.longest / self.length)
            self.length = self.longest
        image.add_(step)
        self._gradient, self._step = gradient, step

    def _first_step(self, gradient: Tensor) -> Tensor:
        if self.scale is not None:
            return gradient * -self.scale
        if self.first is not None:
            # Cut where it is steep: a few places would take most of the step, and be speckled.
            mean = math.sqrt(_dot(gradient, gradient) / gradient.numel())
            return (gradient * (-self.first / max(mean, 1e-30))).clamp_(-self.first, self.first)
        return gradient * -min(1.0, 1.0 / max(float(gradient.abs().sum()), 1e-30))

    length = 0.0
    """Root mean square of the latest step."""

    scale: float | None
    """The inverse curvature along the latest step; before one is known, as it was given."""

    def _remember(self, step: Tensor, change: Tensor) -> None:
        curvature = _dot(step, change)
        if curvature <= SMALLEST_CURVATURE:
            return
        self.scale = curvature / _dot(change, change)
        self._pairs.append((step.to(self.dtype), change.to(self.dtype), 1 / curvature))
        del self._pairs[: -self.history]

    def _direction(self, gradient: Tensor) -> Tensor:
        """Return minus the inverse Hessian, as far as it is known, times the gradient."""
        direction = -gradient
        shares = []
        for step, change, inverse in reversed(self._pairs):
            share = _dot(step, direction) * inverse
            direction.add_(change, alpha=-share)
            shares.append(share)
        direction.mul_(1.0 if self.scale is None else self.scale)
        for (step, change, inverse), share in zip(self._pairs, reversed(shares), strict=True):
            direction.add_(step, alpha=share - _dot(change, direction) * inverse)
        return direction

    def state(self) -> dict[str, Any]:
        """Return all that is needed to go on."""
        return {
            "pairs": list(self._pairs),
            "gradient": self._gradient,
            "step": self._step,
            "scale": self.scale,
            "longest": self.longest,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self._pairs = [tuple(pair) for pair in state["pairs"]]
        self._gradient, self._step = state["gradient"], state["step"]
        self.scale = state["scale"]
        self.longest = float(state.get("longest", math.inf))


def _dot(one: Tensor, other: Tensor) -> float:
    """Return the product of two pictures, row by row, so that no wide copy of them is made."""
    if one.dtype == other.dtype:
        return float(torch.dot(one.flatten(), other.flatten()))
    pairs = zip(torch.split(_rows(one), 256), torch.split(_rows(other), 256), strict=True)
    return sum(float(torch.dot(a.flatten().float(), b.flatten().float())) for a, b in pairs)


def _rows(image: Tensor) -> Tensor:
    return image.flatten(0, -2)
