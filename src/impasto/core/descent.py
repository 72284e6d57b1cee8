"""Adam, and what it shares with other ways to change tensors by their gradients.

Those of torch import its compiler, which nothing here uses: two seconds of every start.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor


class Optimizer(ABC):
    """Tensors in groups with options of their own, and what is remembered of each tensor.

    Args:
        params: tensors; or groups of them, `{"params": tensors, "lr": 0.1}`.
        **defaults: options of the groups that do not have them, at least `lr`.
    """

    def __init__(
        self, params: Iterable[Tensor] | Iterable[Mapping[str, Any]], **defaults: Any
    ) -> None:
        given = list(params)
        groups = [each for each in given if isinstance(each, Mapping)] or [{"params": given}]
        self.param_groups: list[dict[str, Any]] = [
            {**defaults, **group, "params": list(group["params"])} for group in groups
        ]
        """Groups: `params`, and options such as `lr`, which may be changed between steps."""
        self.state: dict[Tensor, dict[str, Tensor]] = {}
        """What is remembered, by tensor."""

    @abstractmethod
    def step(self) -> None:
        """Change every tensor that has a gradient, once."""

    def with_gradients(self) -> Iterator[tuple[dict[str, Any], Tensor, Tensor, dict[str, Tensor]]]:
        """Yield (group, tensor, gradient, what is remembered: at first nothing)."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    yield group, parameter, parameter.grad, self.state.setdefault(parameter, {})

    def state_dict(self) -> dict[str, Any]:
        """Return all that is needed to go on, as the optimizers of torch do: by number."""
        numbers = {parameter: number for number, parameter in enumerate(self._parameters())}
        return {
            "state": {numbers[parameter]: memory for parameter, memory in self.state.items()},
            "param_groups": [
                {**group, "params": [numbers[each] for each in group["params"]]}
                for group in self.param_groups
            ],
        }

    def load_state_dict(self, stored: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned, here or of the same optimizer of torch."""
        for group, options in zip(self.param_groups, stored["param_groups"], strict=True):
            group.update({**options, "params": group["params"]})
        parameters = self._parameters()
        self.state = {
            parameters[number]: {
                name: value if name == "step" else value.to(parameters[number])
                for name, value in memory.items()
            }
            for number, memory in stored["state"].items()
        }

    def _parameters(self) -> list[Tensor]:
        return [parameter for group in self.param_groups for parameter in group["params"]]


class Adam(Optimizer):
    """A step as long for large gradients as for small ones, in every number of its own.

    Args:
        params: as for `Optimizer`.
        lr: how far a number moves at most, about.
        betas: how much of the mean of the gradients, and of that of their squares, is kept.
        eps: what is added to the root of the second.

    Source:
        kingma2015, algorithm 1.
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Mapping[str, Any]],
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps)

    @torch.no_grad()
    def step(self) -> None:
        """Change every tensor that has a gradient, once."""
        for group, parameter, gradient, memory in self.with_gradients():
            if not memory:
                memory["step"] = torch.zeros(())
                memory["exp_avg"] = torch.zeros_like(parameter)
                memory["exp_avg_sq"] = torch.zeros_like(parameter)
            memory["step"] += 1
            first, second = group["betas"]
            mean = memory["exp_avg"].lerp_(gradient, 1 - first)
            square = (
                memory["exp_avg_sq"].mul_(second).addcmul_(gradient, gradient, value=1 - second)
            )
            # Both began at zero, and are too small by what is left of that.
            count = float(memory["step"])
            root = (square.sqrt() / (1 - second**count) ** 0.5).add_(group["eps"])
            parameter.addcdiv_(mean, root, value=-group["lr"] / (1 - first**count))
