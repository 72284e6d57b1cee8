"""The step that changes the picture, and the best picture so far."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor

from impasto.core.errors import ResourceError
from impasto.optimization.lbfgs import LBFGS

Optimizer = Literal["lbfgs", "adam"]
Terms = dict[str, Tensor]

ADAM_LR = 0.02
MAX_RESTARTS = 5


class Solver:
    """Minimises a loss over the pixels of one picture and remembers the best one it saw.

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
        self._loss = loss
        self._name = optimizer
        self._history, self._history_dtype = history, history_dtype
        self._first = math.inf
        self._restarts = 0
        self._optimizer = self._fresh(scale=scale, first=first)

    def _fresh(
        self, longest: float = math.inf, scale: float | None = None, first: float | None = None
    ) -> torch.optim.Optimizer | LBFGS:
        if self._name == "adam":
            return torch.optim.Adam([self.image], lr=ADAM_LR, betas=(0.9, 0.99), eps=0.1)
        return LBFGS(self._history, self._history_dtype, longest, scale, first)

    @property
    def scale(self) -> float | None:
        """The inverse curvature of the loss as L-BFGS has found it, None if it has not."""
        return self._optimizer.scale if isinstance(self._optimizer, LBFGS) else None

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
            self.best_loss, self._restarts = total, 0
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
        terms = self._loss(self.image)
        total = float(torch.stack(list(terms.values())).sum())
        if total < self.best_loss:
            self.best, self.best_loss = self.image.detach().clone(), total
        return self.best
