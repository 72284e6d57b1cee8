"""Times, and what the machine could do at most."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch


def median_seconds(work: Callable[[], object], runs: int = 15) -> float:
    """Return the median time of `work`, after one run that does not count."""
    work()
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def peak(dtype: torch.dtype) -> float:
    """Return operations per second of a large matrix product."""
    side = 4096
    matrix = torch.randn(side, side).to(dtype)
    return 2 * side**3 / median_seconds(lambda: matrix @ matrix, 7)
