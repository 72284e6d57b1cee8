"""One painting from its request to its result: what is known about it, and how it is told."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from impasto.web.tasks import Input, Task

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


OPEN = ("queued", "working")
"""States of a job that is not over. The others are `done` and `failed`."""


@dataclass
class Frame:
    """A preview that was kept."""

    number: int
    step: int
    seconds: float
    """Since the refinement began."""


@dataclass
class Job:
    """A task, and how far it has come."""

    key: str
    task: Task
    created: float
    width: int
    """Of the result, expected."""

    height: int
    state: str = "queued"
    started: float | None = None
    finished: float | None = None
    seconds: float | None = None
    """From the start of the work to the end."""

    expected: float | None = None
    """Seconds that it was expected to take, from measurements; None if there were none."""

    message: str = ""
    """What went wrong and what to do; or a remark."""

    step: int = 0
    steps: int = 0
    eta: float | None = None
    numbers: dict[str, float] = field(default_factory=dict)
    """Of the latest step, for the curious: `loss`, and `content` and `style` of it;
    `steps_per_second`; `width` and `height` of its scale in pixels; `memory` in bytes, this
    process's most so far."""

    frames: list[Frame] = field(default_factory=list)
    tiles: list[str] = field(default_factory=list)
    """Names of a contact sheet's pictures so far; the first one is the photo."""

    learned: str | None = None
    """Name of the style that has been learned."""

    recipe: str | None = None
    commands: list[str] = field(default_factory=list)
    """Of the shell, which paint this again; the last one paints the result."""

    calls: list[str] = field(default_factory=list)
    """The same in Python."""

    stopped: bool = False
    """Whether somebody ended it before its time."""

    attempts: int = 0
    """Servers that ended while they worked on it."""

    stop: bool = False
    """Somebody wants it to end, with what there is."""

    cancelled: bool = False
    """Somebody wants it to be gone."""

    favorite: bool = False
    """Whether it is kept until somebody deletes it."""

    @property
    def is_open(self) -> bool:
        """Whether it waits or is worked on."""
        return self.state in OPEN

    @property
    def inputs(self) -> list[Input]:
        """All pictures that go in."""
        task = self.task
        maps = [task.style_map] if isinstance(task.style_map, Input) else []
        return [task.photo, *(share.style for share in task.styles), *maps]

    @property
    def has_result(self) -> bool:
        """Whether there is a picture."""
        return self.state == "done"

    def to_record(self) -> dict[str, Any]:
        """Return what is kept of it on disk."""
        record = dataclasses.asdict(self)
        record["task"] = self.task.to_dict()
        return {name: record[name] for name in record if name not in ("stop", "cancelled")}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Job:
        """Return what `to_record` kept.

        Raises:
            TypeError, KeyError: another version wrote it.
        """
        frames = [Frame(**frame) for frame in record["frames"]]
        return cls(**{**record, "task": Task.from_dict(record["task"]), "frames": frames})

    def view(self, place: int | None, waits: float | None, now: float) -> dict[str, Any]:
        """Return what clients are told.

        Args:
            place: jobs before it, None if it does not wait.
            waits: seconds until its turn, None if unknown.
            now: seconds since 1970.
        """
        base = f"/api/jobs/{self.key}"
        eta = self.eta
        if self.state == "working" and self.started is not None and self.expected is not None:
            passed = max(0.0, now - self.started)
            eta = max(0.0, self.expected - passed) if eta is None else eta
        return {
            "id": self.key,
            "kind": self.task.kind,
            "state": self.state,
            "message": self.message,
            "place": place,
            "waits": _round(waits),
            "expected": _round(self.expected),
            "eta": _round(eta),
            "seconds": _round(self.seconds),
            "step": self.step,
            "steps": self.steps,
            "numbers": self.numbers,
            "stopped": self.stopped,
            "width": self.width,
            "height": self.height,
            "photo": {"id": self.task.photo.key, "name": self.task.photo.name},
            "styles": [
                {"id": s.style.key, "name": s.style.name, "weight": s.weight}
                for s in self.task.styles
            ],
            "frames": [
                {"step": f.step, "seconds": _round(f.seconds), "url": f"{base}/frames/{f.number}"}
                for f in self.frames
            ],
            "tiles": [
                {"name": name, "url": f"{base}/tiles/{number}"}
                for number, name in enumerate(self.tiles)
            ],
            "result": f"{base}/result" if self.has_result else None,
            "video": f"{base}/video" if self.has_result and self.task.kind == "video" else None,
            "learned": self.learned,
            "favorite": self.favorite,
            "output": self.task.output,
            "command": " &&\n".join(self.commands) if self.commands else None,
            "python": _script(self.calls),
            "options": dict(self.task.options),
            "style_map": self._style_map,
        }

    @property
    def _style_map(self) -> str | None:
        style_map = self.task.style_map
        return style_map.key if isinstance(style_map, Input) else style_map


def _script(calls: list[str]) -> str | None:
    return "import impasto\n\n" + "\n".join(calls) if calls else None


def _round(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)
