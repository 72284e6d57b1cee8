"""Coarse to fine: which sizes are painted, and how much work each gets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from impasto.core.errors import ConfigError


@dataclass(frozen=True)
class Scale:
    """One level of the pyramid."""

    height: int
    width: int
    steps: int
    """Steps planned here."""

    deadline: float
    """The share of the whole run's time, 0..1, that may have passed when this level ends."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width

    @property
    def long_side(self) -> int:
        """In pixels."""
        return max(self.size)

    @property
    def pixels(self) -> int:
        """Area, to which the time of a step is proportional."""
        return self.height * self.width


OFFSETS = ((0, 0), (5, 11), (11, 6))
"""Rows and columns by which a large picture is moved against the grid of VGG's poolings, in turns.

Painted at one place of that grid, it is painted for it: its flat parts show lines and dots every
two pixels."""

GRID = 16
"""Side in pixels of the squares that VGG-16 makes one of."""

FIRST_MOVE, FIRST_MOVE_IN_HASTE = 3, 12
"""Steps after which it is moved first; and if it is painted until time is up, where a few steps
less are seen more than the grid."""


def moves(taken: int, first: int = FIRST_MOVE) -> int:
    """Return how often a large picture has been moved before step `taken`, counted from 0.

    After 3, 6, 12, 24, ... steps, however many are still to come: so that a run that was stopped
    can be painted again.

    >>> [moves(taken) for taken in (0, 2, 3, 5, 6, 12, 29)]
    [0, 0, 1, 1, 2, 3, 4]
    """
    return (max(0, taken) // first).bit_length()


def count_levels(long_side: int, coarsest: int) -> int:
    """Return how many scales a picture is painted at.

    >>> [count_levels(size, 256) for size in (100, 360, 510, 512, 1024)]
    [1, 1, 2, 2, 3]
    """
    return 1 + max(0, round(math.log2(long_side / coarsest))) if coarsest else 1


def plan(height: int, width: int, coarsest: int, steps: Sequence[int]) -> list[Scale]:
    """Return the levels, coarsest first; the last one has the size that was asked for.

    Each level is half as large as the next, down to about `coarsest`. Large shapes settle on the
    small pictures, where a step costs little; the large ones only add the fine strokes.

    Args:
        height: rows of the finished picture.
        width: columns of the finished picture.
        coarsest: the first level's long side is as near to this as halving allows; 0 means one
            level.
        steps: one number per level, or one number for the last level; then each coarser level
            gets twice as many as the next.

    Raises:
        ConfigError: another number of steps than of levels.
    """
    levels = count_levels(max(height, width), coarsest)
    if len(steps) == 1:
        steps = [steps[0] * 2**above for above in reversed(range(levels))]
    if len(steps) != levels:
        raise ConfigError(
            f"{len(steps)} numbers of steps were given, but a picture of {width}x{height} has "
            f"{levels} scales; give {levels} numbers or one"
        )
    shrunk = [2**above for above in reversed(range(levels))]
    work = [2.0 / factor for factor in shrunk]  # twice the steps, a quarter of the pixels
    return [
        Scale(
            height=max(1, round(height / factor)),
            width=max(1, round(width / factor)),
            steps=count,
            deadline=sum(work[: level + 1]) / sum(work),
        )
        for level, (factor, count) in enumerate(zip(shrunk, steps, strict=True))
    ]
