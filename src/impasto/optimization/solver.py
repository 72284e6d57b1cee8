"""The step that changes the picture, and the best picture so far."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor

from impasto.core.descent import Adam
from impasto.core.errors import ResourceError

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

    def forget_step(self) -> None:
        """Learn nothing from the next change of the gradient: the loss is going to be another."""
        self._step = None

    def _first_step(self, gradient: Tensor) -> Tensor:
        if self._pairs:
            return self._direction(gradient)
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


Optimizer = Literal["lbfgs", "adam"]
Terms = dict[str, Tensor]

ADAM_LR = 0.02
MAX_RESTARTS = 5


class Solver:
    """Minimizes a loss over the pixels of one picture and remembers the best one it saw.

    L-BFGS takes one evaluation a step and keeps its memory between steps. Its own stopping rules
    are off, because they end runs early on a plateau. If bfloat16 noise or a long step throws the
    picture off (a loss that is not finite, or twice that of the start), it goes back to the best
    picture with a fresh memory, and takes no step longer than a quarter of that one.

    Args:
        image: (1, 3, H, W) start, not changed.
        loss: the weighted terms of a picture.
        optimizer: `lbfgs` or `adam`.
        history: pairs of pictures that L-BFGS remembers.
        history_dtype: in which it remembers them.
        scale: inverse curvature with which L-BFGS begins, such as `scale` of a solver that has
            worked on a smaller picture; None if none is known.
        first: most that a value changes in the first step of L-BFGS if `scale` is not known; None
            for a tiny one.
    """

    def __init__(
        self,
        image: Tensor,
        loss: Callable[[Tensor], Terms],
        optimizer: Optimizer = "lbfgs",
        history: int = 20,
        history_dtype: torch.dtype = torch.float32,
        scale: float | None = None,
        first: float | None = None,
    ) -> None:
        self.image = image.detach().clone()
        self.best = image.detach().clone()
        self.best_loss = math.inf
        self.best_terms: dict[str, float] = {}
        """Of the best picture; empty if it comes from an earlier run."""
        self._loss = loss
        self._name = optimizer
        self._history, self._history_dtype = history, history_dtype
        self._first = math.inf
        self._restarts = 0
        self._optimizer = self._fresh(scale=scale, first=first)

    def _fresh(
        self, longest: float = math.inf, scale: float | None = None, first: float | None = None
    ) -> Adam | LBFGS:
        if self._name == "adam":
            return Adam([self.image], lr=ADAM_LR, betas=(0.9, 0.99), eps=0.1)
        return LBFGS(self._history, self._history_dtype, longest, scale, first)

    @property
    def scale(self) -> float | None:
        """The inverse curvature of the loss as L-BFGS has found it, None if it has not."""
        return self._optimizer.scale if isinstance(self._optimizer, LBFGS) else None

    def change_loss(self, make: Callable[[], Callable[[Tensor], Terms]]) -> None:
        """Go on with another loss of nearly the same shape.

        What L-BFGS has learned stays; the best picture is looked for anew.

        Args:
            make: returns the loss; called when the old one is gone, which may be large.
        """
        del self._loss
        self._loss = make()
        self.best_loss = self._first = math.inf
        if isinstance(self._optimizer, LBFGS):
            self._optimizer.forget_step()

    def _evaluate(self) -> tuple[dict[str, float], Tensor]:
        """Return the terms of the picture, and their gradient."""
        image = self.image.detach().requires_grad_()
        terms = self._loss(image)
        (gradient,) = torch.autograd.grad(torch.stack(list(terms.values())).sum(), image)
        return {name: float(term.detach()) for name, term in terms.items()}, gradient

    def step(self) -> tuple[float, dict[str, float]]:
        """Change the picture once; return the loss and its terms before the change.

        Raises:
            ResourceError: the loss stays not finite in spite of several fresh starts.
        """
        terms, gradient = self._evaluate()
        total = sum(terms.values())
        if math.isinf(self._first):
            self._first = total
        if not math.isfinite(total) or total > 2 * self._first:
            self._go_back()
            return total, terms
        if total < self.best_loss:
            self.best.copy_(self.image)
            self.best_loss, self.best_terms, self._restarts = total, terms, 0
        if isinstance(self._optimizer, LBFGS):
            self._optimizer.step(self.image, gradient)
        else:  # so that one epsilon and rate fit every loss and size
            self.image.grad = gradient / gradient.square().mean().sqrt().clamp_min(1e-30)
            self._optimizer.step()
        return total, terms

    def _go_back(self) -> None:
        self._restarts += 1
        if self._restarts > MAX_RESTARTS:
            raise ResourceError(
                "the loss is not finite however often it starts anew; try --dtype float32, "
                "--optimizer adam or a smaller --style-weight"
            )
        self.image.copy_(self.best)
        failed = self._optimizer
        self._optimizer = self._fresh(failed.length / 4 if isinstance(failed, LBFGS) else math.inf)

    def state(self) -> dict[str, Any]:
        """Return all that is needed to go on as if nothing had happened."""
        optimizer = self._optimizer
        memory = optimizer.state() if isinstance(optimizer, LBFGS) else optimizer.state_dict()
        return {
            "image": self.image,
            "best": self.best,
            "best_loss": self.best_loss,
            "first": self._first,
            "restarts": self._restarts,
            "optimizer": memory,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self.image.copy_(state["image"])
        self.best.copy_(state["best"])
        self.best_loss, self._first = float(state["best_loss"]), float(state["first"])
        self._restarts = int(state["restarts"])
        if isinstance(self._optimizer, LBFGS):
            self._optimizer.restore(state["optimizer"])
        else:
            self._optimizer.load_state_dict(state["optimizer"])

    @torch.no_grad()
    def finish(self) -> Tensor:
        """Return the best picture, the one after the last step included: (1, 3, H, W)."""
        terms = {name: float(term) for name, term in self._loss(self.image).items()}
        total = sum(terms.values())
        if total < self.best_loss:
            self.best, self.best_loss = self.image.detach().clone(), total
            self.best_terms = terms
        return self.best
