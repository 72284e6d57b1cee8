"""Shows a stream of events to a person (a bar on stderr) or to a program (JSON on stdout)."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from impasto.core.addresses import Address
from impasto.core.events import (
    Advanced,
    Drawn,
    Event,
    Failed,
    Note,
    Painted,
    Planned,
    ReferenceStep,
    Saved,
    Skipped,
    Step,
    Trained,
    TrainStep,
    Transfer,
)
from impasto.core.memory import format_size
from impasto.core.shell import printable


class ProgressPrinter:
    """Shows events; use it as a context manager, so that the bar is always taken down.

    On a terminal: one bar with loss and ETA. Elsewhere: a line now and then. With `as_json`: one
    line of JSON per event on stdout. With `quiet`: nothing but notes.
    """

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[state]}"),
            console=self._console,
            transient=True,
            disable=quiet or as_json or not self._console.is_terminal,
        )
        self._task: TaskID | None = None
        self._what = ""
        self._said_at = 0.0

    def __enter__(self) -> Self:
        """Start the bar."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take the bar down."""
        self._bar.stop()

    def say(self, line: str) -> None:
        """Print one line for the person, above the bar."""
        self._bar.console.print(printable(line), markup=False)

    def say_at_once(self, line: str) -> None:
        """Print one line out of a signal handler, past buffers and locks that may be in use."""
        clear = "" if self._bar.disable else "\r\x1b[2K"
        with suppress(OSError):
            os.write(2, f"{clear}{line}\n".encode())

    def show(self, event: Event) -> None:
        """Show one event."""
        if self.as_json:
            self._print_json(event)
            return
        if isinstance(event, Painted) and event.remark is not None:
            self.say(f"{event.source}: {event.remark}")
        if isinstance(event, Note):
            self.say(event.message)
        elif not self.quiet:
            self._show_progress(event)

    def _show_progress(self, event: Event) -> None:
        if isinstance(event, Transfer):
            self._show_transfer(event)
        elif isinstance(event, Planned):
            self.say(describe_plan(event))
        elif isinstance(event, Step):
            where = f"{event.width}x{event.height}"
            state = f"step {event.step}/{event.steps}  loss {event.loss:.4g}"
            state += f"  {format_seconds(event.eta)} left"
            done = event.seconds / max(event.seconds + event.eta, 1e-9)
            self._update(f"painting {where}", done, 1.0, state, event.seconds)
        elif isinstance(event, TrainStep):
            state = f"step {event.step}/{event.steps}  loss {event.loss:.4g}"
            state += f"  {event.images_per_second:.1f} photos/s  {format_seconds(event.eta)} left"
            done = event.seconds / max(event.seconds + event.eta, 1e-9)
            self._update("training", done, 1.0, state, event.seconds)
        elif isinstance(event, Painted):
            state = f"{event.done}/{event.total}  {event.images_per_second:.1f} photos/s"
            state += f"  {format_seconds(event.eta)} left"
            self._update("painting", event.done, event.total, state, time.monotonic())
        elif isinstance(event, ReferenceStep):
            state = f"step {event.step}/{event.steps}  loss {event.loss:.4g}"
            state += f"  at most {format_seconds(event.eta)} left"
            self._update("reference curve", event.step, event.steps, state, event.seconds)
        elif isinstance(event, Advanced):
            state = f"{event.share:.0%}  {format_seconds(event.eta)} left"
            self._update(event.what, event.share, 1.0, state, time.monotonic())

    def _show_transfer(self, event: Transfer) -> None:
        total = "" if event.total is None else f" of {event.total / 1e6:.0f}"
        state = f"{event.done / 1e6:.0f}{total} MB"
        if event.done == event.total:
            self._said_at = -math.inf  # so that a log ends with all of it
        self._update(event.what, event.done, event.total or 0, state, time.monotonic())

    def _update(self, what: str, done: float, total: float, state: str, seconds: float) -> None:
        if self._bar.disable:
            if what != self._what or seconds - self._said_at >= 10:
                self.say(f"{what}: {state}")
                self._what, self._said_at = what, seconds
            return
        if self._task is None:
            self._task = self._bar.add_task(what, state=state)
        self._bar.update(self._task, description=what, total=total, completed=done, state=state)

    def _print_json(self, event: Event) -> None:
        name = type(event).__name__.lower()
        if isinstance(event, _AS_THEY_ARE):
            self.print_record(name, asdict(event))
        elif isinstance(event, Drawn):
            names = ("name", "losses", "steps", "seconds", "stopped", "done", "total")
            self.print_record(name, {each: getattr(event, each) for each in names})
        elif isinstance(event, Painted | Skipped | Failed):
            record = asdict(event)
            self.print_record(name, {**record, **_as_text(record)})
        elif isinstance(event, Saved):
            self.print_record(name, {"path": str(event.path)})

    @staticmethod
    def print_record(name: str, record: dict[str, Any]) -> None:
        """Print one event as a line of JSON on stdout."""
        print(json.dumps({"event": name, **record}), file=sys.stdout, flush=True)


_AS_THEY_ARE = (Note, Transfer, Planned, Step, TrainStep, Trained, Advanced, ReferenceStep)
"""Events that JSON can hold."""


def _as_text(record: dict[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in record.items() if isinstance(value, Path | Address)}


def describe_plan(plan: Planned) -> str:
    """Return sizes, steps, time and memory in one line."""
    scales = f"{len(plan.sizes)} scales, " if len(plan.sizes) > 1 else ""
    if plan.sizes[-1] != (plan.width, plan.height):
        scales += "painted at {}x{}, ".format(*plan.sizes[-1])
    steps = " + ".join(map(str, plan.steps))
    tiles = f" (tiles of {plan.tile} px)" if plan.tile else ""
    return (
        f"{plan.width}x{plan.height}: {scales}{steps} steps, about {format_seconds(plan.seconds)}, "
        f"{format_size(plan.memory)} of memory{tiles}"
    )


def format_seconds(seconds: float) -> str:
    """Return a duration as people say it.

    >>> format_seconds(42.4), format_seconds(260)
    ('42 s', '4 min 20 s')
    >>> format_seconds(7500)
    '2 h 5 min'
    """
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"
