"""A pytest plugin: convolutions round otherwise, as on a processor with other kernels.

Every convolution, and every gradient that comes back to one, gets a fixed pattern added that is as
small as its rounding error. A test that holds only for one order of summation fails here, and not
first on somebody else's machine. `PYTHONPATH=src:tests python -m pytest -p other_rounding` uses it,
as does tests/portable.sh.
"""

from __future__ import annotations

from functools import cache, wraps

import torch
import torch.nn.functional as F
from torch import Tensor

RELATIVE = {torch.float32: 2e-7, torch.float64: 4e-16}
"""Size of the pattern beside the root mean square of what it is added to."""


@cache
def _pattern(channels: int, columns: int) -> Tensor:
    generator = torch.Generator().manual_seed(channels + columns)
    rows = torch.rand(channels, 1, 1, generator=generator) * 2 - 1
    return rows * (torch.rand(columns, generator=generator) * 2 - 1) * 3


@torch.no_grad()
def _error(exact: Tensor) -> Tensor:
    pattern = _pattern(exact.shape[-3], exact.shape[-1])
    if exact.dtype == torch.bfloat16:  # sums are exact to float32: two in a hundred change
        return torch.where(pattern.abs() > 2.4, exact / 256, torch.zeros_like(exact))
    spread = exact.float().norm() / exact.numel() ** 0.5
    return (pattern * spread * RELATIVE[exact.dtype]).to(exact.dtype)


def _round_otherwise(name: str) -> None:
    original = getattr(F, name)

    @wraps(original)
    def otherwise(*args, **kwargs):
        found = original(*args, **kwargs)
        if found.dtype not in (torch.bfloat16, *RELATIVE) or not found.numel():
            return found
        found = found + _error(found)
        if found.requires_grad:
            found.register_hook(lambda slope: slope + _error(slope))
        return found

    setattr(F, name, otherwise)


_round_otherwise("conv2d")
_round_otherwise("conv_transpose2d")
