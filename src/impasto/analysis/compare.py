"""`impasto.compare`: one photo like one painting, by every method at hand."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image
from torch import Tensor

from impasto.analysis.compare_worker import Task
from impasto.analysis.comparison import Comparison, Entry
from impasto.analysis.metrics import Metrics, at_size_of, check_memory
from impasto.analysis.options import METHODS, CompareOptions
from impasto.analysis.origins import find_painting
from impasto.core.device import describe_machine
from impasto.core.errors import ConfigError, ResourceError
from impasto.core.events import Advanced, Event, Note, Planned, StopEarly, last_of
from impasto.core.tensors import fit_long_side, resize, size_of
from impasto.io.image import read_picture, to_pil
from impasto.io.inputs import PictureLike, describe, enough_for, locate, read, remarks
from impasto.io.paths import exists, whole
from impasto.networks.registry import has_any_model, models_of
from impasto.optimization.options import OptimizeOptions
from impasto.optimization.run import optimize_events
from impasto.perception.weights import find_weights

JUDGED = 12
"""Pictures on the way that are measured, of each method."""

PASS_SECONDS = 5.0
"""Expected of one pass in a process of its own, and of starting any other one."""


@dataclass(frozen=True, slots=True)
class Compared(Event):
    """The last event: all methods are done, or those that there was time for."""

    comparison: Comparison


@dataclass(frozen=True, slots=True)
class MethodDone(Event):
    """One method has painted its picture."""

    entry: Entry


@dataclass(frozen=True)
class _Job:
    """One method, ready to be started."""

    method: str
    title: str
    task: Task
    seconds: float = PASS_SECONDS
    """Expected."""


def compare(content: PictureLike, style: str | Path, **options: Any) -> Comparison:
    """Return what every method makes of a photo and a painting, measured by one metrics.

    Args:
        content: a path, a bundled name, the bytes of a file, a PIL image or an array.
        style: a painting's file, or the name of a bundled painting.
        **options: fields of `CompareOptions`, such as `methods=("optimize", "any-style")`.

    Raises:
        InputError: a picture or an option that cannot be used.
        MissingError: the VGG weights are neither here nor to be had.
        ResourceError: every method failed.

    Example:
        >>> found = compare("castle", "starry-night", methods=("any-style",), size=64)
        >>> [entry.method for entry in found.entries]
        ['any-style']
    """
    return last_of(
        compare_events(content, CompareOptions(style=str(style), **options)), Compared
    ).comparison


def compare_events(content: PictureLike, options: CompareOptions) -> Generator[Event, None, None]:
    """Yield what happens while the methods paint, each in a process of its own.

    Throw `StopEarly` in to end at once with the methods that are done.

    Args:
        content: as for `compare`.
        options: the painting, the methods, size and time.

    Yields:
        `Note`, `Transfer`, `Advanced`, `MethodDone` for each method, last `Compared`.

    Raises:
        InputError: a picture or an option that cannot be used.
        MissingError: the VGG weights are neither here nor to be had.
        ResourceError: every method failed.
    """
    painting, learned = find_painting(options.style)
    enough = enough_for(options.size)
    photo_read, painting_read = read(content, at_least=enough), read(painting, at_least=enough)
    picture, name = photo_read.image, describe(content).name
    yield from remarks((content, photo_read), (painting, painting_read))
    photo = resize(picture, *fit_long_side(*size_of(picture), options.size))
    style = at_size_of(painting_read.image, *size_of(photo))
    check_memory(*size_of(photo))
    weights = yield from find_weights(file=options.weights)
    with tempfile.TemporaryDirectory(prefix="impasto-") as folder:
        source = _as_file(content, picture, Path(folder))
        jobs, notes = _jobs(source, painting, learned, options)
        yield from notes
        jobs = _timed(jobs, options)
        total = sum(job.seconds for job in jobs)
        yield Note(f"{len(jobs)} method{'s' * (len(jobs) > 1)}, about {_minutes(total)}")
        run = _Run(Metrics(weights, photo, [style]), Path(folder), total)
        stopped = False
        try:
            for job in jobs:
                yield from run.paint(job)
        except StopEarly:
            stopped = True
    if not run.entries and not stopped:
        method, message = next(iter(run.failed.items()))
        raise ResourceError(f"no method has painted; {method}: {message}")
    yield Compared(
        Comparison(
            content=Path(name).stem if isinstance(content, str | Path) else "the photo",
            style=painting.stem,
            photo=to_pil(photo),
            painting=to_pil(style),
            unpainted=run.metrics(photo),
            entries=tuple(run.entries),
            failed=run.failed,
            stopped=stopped,
            machine=describe_machine(),
        )
    )


def _as_file(photo: PictureLike, picture: Tensor, folder: Path) -> str:
    """Return the photo's file, which is made if it has none."""
    found = locate(photo)
    if isinstance(found, str | Path):
        return str(whole(found))
    path = folder / "photo.png"
    to_pil(picture).save(path)
    return str(path)


def _jobs(
    content: str, painting: Path, learned: str | None, options: CompareOptions
) -> tuple[list[_Job], list[Note]]:
    """Return what is to be painted, and what cannot be.

    Raises:
        ConfigError: a method was asked for by name that cannot paint like this painting.
    """
    like = str(whole(painting)) if exists(options.style) else options.style
    found = _passes(str(whole(painting)), learned, options)
    found |= {
        name: (title, Task(content, "", like, asked, optimized=True))
        for name, (title, asked) in _optimizations(options).items()
    }
    wanted = [name for name in METHODS if name in (options.methods or METHODS)]
    missing = [name for name in wanted if name not in found]
    if options.methods and missing:
        raise ConfigError(
            f"--methods {missing[0]}: no bundled network has learned {painting.name}; leave it out"
        )
    notes = [Note(f"left out, no bundled network has learned it: {name}") for name in missing]
    jobs = [
        _Job(name, found[name][0], replace(found[name][1], content=content))
        for name in wanted
        if name in found
    ]
    return jobs, notes


def _passes(
    painting: str, learned: str | None, options: CompareOptions
) -> dict[str, tuple[str, Task]]:
    """Return title and task of every method that paints in one pass."""
    found: dict[str, tuple[str, str]] = {}
    for path, count in models_of(learned).items() if learned else ():
        if count == 1:
            found["one-style"] = "one pass, one style", str(path)
        else:
            found["multi-style"] = f"one pass, one of {count} styles", f"{path}/{learned}"
    if has_any_model():
        found["any-style"] = "one pass, any painting", painting
    asked = {"size": options.size}
    return {
        name: (title, Task("", "", style, asked, optimized=False, weights=options.weights))
        for name, (title, style) in found.items()
    }


def _optimizations(options: CompareOptions) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return title and options of every method that optimizes the picture itself."""
    own = {"size": options.size, "weights": options.weights}
    slow = {**own, "seconds": options.limit}
    paper: dict[str, Any] = {"loss": "paper", "init": "noise"}
    paper["steps"] = OptimizeOptions(size=options.size, **paper).resolved().steps
    steps = OptimizeOptions(size=options.size).resolved().steps
    refined = {"init": "auto", "seconds": options.seconds, "preview_every": 2}
    return {
        "paper": ("optimized, as in the paper", {**slow, **paper, "preview_every": 8}),
        "optimize": ("optimized, by default", {**slow, "steps": steps, "preview_every": 4}),
        "refined": (f"one pass, refined for {options.seconds:g} s", {**own, **refined}),
    }


def _timed(jobs: list[_Job], options: CompareOptions) -> list[_Job]:
    """Return the jobs with the seconds that each is expected to take."""
    timed = []
    for job in jobs:
        seconds = PASS_SECONDS
        if job.method == "refined":
            seconds += options.seconds + PASS_SECONDS
        elif job.task.optimized:
            asked = OptimizeOptions(**{**job.task.options, "seconds": None})
            events = optimize_events(job.task.content, job.task.style, asked)
            plan = next(event for event in events if isinstance(event, Planned))
            events.close()
            seconds += min(options.limit, plan.seconds) + PASS_SECONDS
        timed.append(replace(job, seconds=seconds))
    return timed


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


class _Run:
    """The methods that are done so far."""

    def __init__(self, metrics: Metrics, folder: Path, total: float) -> None:
        self.metrics = metrics
        self.folder = folder
        self.total = total
        self.passed = 0.0
        self.entries: list[Entry] = []
        self.failed: dict[str, str] = {}

    def paint(self, job: _Job) -> Generator[Event, None, None]:
        """Let one method paint, and measure its picture."""
        folder = self.folder / job.method
        folder.mkdir()
        pictures: list[tuple[float, str]] = []
        last: dict[str, Any] = {}
        yield self._advanced(job, 0.0)
        with _process(replace(job.task, folder=str(folder))) as (output, errors):
            for last in _records(output):
                if last["event"] == "picture":
                    pictures.append((last["seconds"], last["file"]))
                elif last["event"] == "step":
                    yield self._advanced(job, last["share"])
            reason = _reason(last, errors)
        if reason is None:
            self.entries.append(self._judged(job, pictures, last))
            yield MethodDone(self.entries[-1])
        else:
            self.failed[job.method] = reason
            yield Note(f"{job.method} failed: {reason}")
        self.passed += job.seconds

    def _advanced(self, job: _Job, share: float) -> Advanced:
        passed = self.passed + share * job.seconds
        return Advanced(job.title, passed / self.total, self.total - passed)

    def _judged(self, job: _Job, pictures: list[tuple[float, str]], last: dict[str, Any]) -> Entry:
        done = self.metrics(_read(last["file"]))
        judged = pictures[:: max(1, -(-len(pictures) // JUDGED))]
        curve = [
            (seconds, self.metrics(_read(file)).classic_loss)
            for seconds, file in judged
            if seconds < last["seconds"]
        ]
        return Entry(
            method=job.method,
            title=job.title,
            seconds=last["seconds"],
            memory=last["memory"],
            steps=tuple(last["steps"]),
            distances=done,
            curve=(*curve, (last["seconds"], done.classic_loss)),
            image=Image.fromarray(np.load(last["file"])),
        )


def _read(file: str) -> Tensor:
    return read_picture(np.load(file)).image


@contextmanager
def _process(task: Task) -> Iterator[tuple[IO[str], IO[str]]]:
    """Run the task in a process of its own, which ends if the reader leaves early.

    Ctrl-C does not reach it: what becomes of it is for the reader to say.
    """
    command = [sys.executable, "-m", "impasto.analysis.compare_worker"]
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(task.to_json())
            process.stdin.close()
            yield process.stdout, errors
        finally:
            process.kill()


def _records(output: IO[str]) -> Iterator[dict[str, Any]]:
    """Return what the process says; other lines, which a library may print, are left out."""
    for line in output:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and "event" in record:
            yield record


def _reason(last: dict[str, Any], errors: IO[str]) -> str | None:
    """Return why a process has not painted its picture, None if it has."""
    if last.get("event") == "done":
        return None
    if last.get("event") == "failed":
        return str(last["message"])
    errors.seek(0)
    lines = errors.read().strip().splitlines()
    return lines[-1] if lines else "its process ended, perhaps for want of memory"
