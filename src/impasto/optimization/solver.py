"""The step that changes the picture, and the best picture so far."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from impasto.core.errors import ResourceError

Optimizer = Literal["lbfgs", "adam"]
Terms = dict[str, Tensor]

ADAM_LR = 0.02
MAX_RESTARTS = 5


class Solver:
    """Minimises a loss over the pixels of one picture and remembers the best one it saw.

    L-BFGS takes one evaluation a step and keeps its memory between steps. Its own stopping rules
    are off, because they end runs early on a plateau. If bfloat16 noise or a long step throws the
    picture off (a loss that is not finite, or twice that of the start), it goes back to the best
    picture with a fresh memory.

    Args:
        image: (1, 3, H, W) start, not changed.
        loss: the weighted terms of a picture.
        optimizer: `lbfgs` or `adam`.
        history: pairs of pictures that L-BFGS remembers.
    """

    def __init__(
        self,
        image: Tensor,
        loss: Callable[[Tensor], Terms],
        optimizer: Optimizer = "lbfgs",
        history: int = 20,
    ) -> None:
        self.image = image.detach().clone().requires_grad_()
        self.best = image.detach().clone()
        self.best_loss = math.inf
        self._loss = loss
        self._name = optimizer
        self._history = history
        self._first = math.inf
        self._restarts = 0
        self._terms: Terms = {}
        self._optimizer = self._fresh()

    def _fresh(self) -> torch.optim.Optimizer:
        if self._name == "adam":
            return torch.optim.Adam([self.image], lr=ADAM_LR, betas=(0.9, 0.99), eps=0.1)
        return torch.optim.LBFGS(
            [self.image],
            max_iter=1,
            history_size=self._history,
            tolerance_grad=-1.0,
            tolerance_change=-1.0,
        )

    def _evaluate(self) -> float:
        self.image.grad = None
        self._terms = self._loss(self.image)
        total = torch.stack(list(self._terms.values())).sum()
        torch.autograd.backward(total)
        if self._name == "adam":  # so that one epsilon and rate fit every loss and size
            assert self.image.grad is not None
            self.image.grad /= self.image.grad.square().mean().sqrt().clamp_min(1e-30)
        return float(total.detach())

    def step(self) -> tuple[float, dict[str, float]]:
        """Change the picture once; return the loss and its terms before the change.

        Raises:
            ResourceError: the loss stays not finite in spite of several fresh starts.
        """
        before = self.image.detach().clone()
        total = self._optimizer.step(self._evaluate)
        terms = {name: float(term.detach()) for name, term in self._terms.items()}
        if math.isinf(self._first):
            self._first = total
        if not math.isfinite(total) or total > 2 * self._first:
            self._go_back()
        elif total < self.best_loss:
            self.best, self.best_loss, self._restarts = before, total, 0
        return total, terms

    def _go_back(self) -> None:
        self._restarts += 1
        if self._restarts > MAX_RESTARTS:
            raise ResourceError(
                "the loss is not finite however often it starts anew; try --dtype float32, "
                "--optimizer adam or a smaller --style-weight"
            )
        with torch.no_grad():
            self.image.copy_(self.best)
        self._optimizer = self._fresh()

    @torch.no_grad()
    def finish(self) -> Tensor:
        """Return the best picture, the one after the last step included: (1, 3, H, W)."""
        terms = self._loss(self.image)
        total = float(torch.stack(list(terms.values())).sum())
        if total < self.best_loss:
            self.best, self.best_loss = self.image.detach().clone(), total
        return self.best
