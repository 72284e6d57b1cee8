"""Muon: momentum whose direction is made orthogonal, for the weights of convolutions."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from impasto.core.descent import Optimizer

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic that pulls singular values towards 1 in few steps (jordan2024)."""

_RMS = 0.2
"""Root mean square of an update at rate 1: about that of Adam's, so that one rate fits both."""


def orthogonalize(matrix: Tensor, steps: int = 5) -> Tensor:
    """Return a matrix with the same singular vectors and singular values near 1.

    Args:
        matrix: (rows, columns), any scale.
        steps: Newton-Schulz iterations; five leave singular values between about 0.7 and 1.2.

    Source:
        jordan2024.
    """
    a, b, c = _COEFFICIENTS
    wide = matrix.shape[0] <= matrix.shape[1]
    x = matrix if wide else matrix.T
    x = x / (x.norm() + 1e-12)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    orthogonal: Tensor = x if wide else x.T
    return orthogonal


class Muon(Optimizer):
    """Momentum, orthogonalized: every direction of a convolution's weights moves equally far.

    A gradient of this loss is dominated by few directions; Adam scales single numbers and so
    follows those, Muon learns all of them at once.

    Args:
        params: weights of convolutions, (out, in, k, k), or matrices.
        lr: the root mean square of an update is 0.2 of this.
        momentum: how much of the last directions is kept.

    Source:
        jordan2024; the scale is that of liu2025, sec. 2.2. Differs: four-dimensional weights are
        seen as (out, in * k * k) matrices.
    """

    def __init__(self, params: Iterable[Tensor], lr: float, momentum: float = 0.95) -> None:
        super().__init__(params, lr=lr, momentum=momentum)

    @torch.no_grad()
    def step(self) -> None:
        """Change every weight once."""
        for group, parameter, gradient, memory in self.with_gradients():
            if not memory:
                memory["momentum"] = torch.zeros_like(parameter)
            average = memory["momentum"].lerp_(gradient, 1 - group["momentum"])
            ahead = gradient.lerp(average, group["momentum"])
            flat = ahead.reshape(len(ahead), -1)  # (out, in * k * k)
            scale = _RMS * max(flat.shape) ** 0.5
            update = orthogonalize(flat).reshape(parameter.shape)
            parameter.add_(update, alpha=-group["lr"] * scale)
