"""How long things take on this computer: measured, never guessed."""

from __future__ import annotations

import json
import math
from pathlib import Path

SMALLEST = 0.002
"""Million pixels of which the time says nothing about larger ones."""

MOST_SLOWER = 20.0
"""A measurement so many times as slow as those before is none."""

NEW = 0.5
"""Share of the latest measurement; what came before has the rest."""


class Timing:
    """Seconds per million pixels of a pass, per million pixels of a step, of a sketch and a sheet.

    Args:
        path: where they are kept between two servers.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.measured: dict[str, float] = {}
        self._cold = {"stylize", "optimize", "sheet", "sketch"}
        self._only_cold: set[str] = set()
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            self.measured = {str(name): float(value) for name, value in stored.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            pass

    def add(self, kind: str, seconds: float, amount: float = 1.0) -> None:
        """Take note of a measurement.

        The first of its kind also loads what the others find ready, so it counts only until there
        is another.

        Args:
            kind: `stylize`, `optimize`, `sketch` or `sheet`.
            seconds: that it took.
            amount: of what: million pixels (times steps). Tiny ones measure nothing.
        """
        if amount < SMALLEST or seconds <= 0:  # a clock that was set back measures nothing
            return
        latest = seconds / amount
        if latest > MOST_SLOWER * self.measured.get(kind, math.inf):  # it slept meanwhile
            return
        if kind in self._cold:
            self._cold.remove(kind)
            if kind in self.measured:
                return
            self._only_cold.add(kind)
        before = latest if kind in self._only_cold else self.measured[kind]
        if kind in self.measured:
            self._only_cold.discard(kind)
        self.measured[kind] = NEW * latest + (1 - NEW) * before
        self.path.write_text(json.dumps(self.measured), encoding="utf-8")

    def expect(self, kind: str, amount: float = 1.0) -> float | None:
        """Return the seconds that something will take, None if nothing like it was measured."""
        return None if kind not in self.measured else self.measured[kind] * amount
