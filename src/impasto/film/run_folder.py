"""The run folder of a film: what was asked, its finished parts, and how to go on after them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.core.errors import ConfigError, ResourceError
from impasto.core.options import restore
from impasto.film.options import FilmOptions
from impasto.io.checkpoints import Checkpoints, new_task_file, task_file, write_task
from impasto.io.paths import is_file, whole
from impasto.io.regions import parse_regions
from impasto.io.temporary import Written, write_atomically
from impasto.networks.options import StylizeOptions

JOINED = {".mp4": ".mp4", ".mov": ".mp4", ".mkv": ".mp4", ".webm": ".webm"}
"""Films that can be written in parts, and the ending of those."""

STATE_FILE = "state.npz"


@dataclass(frozen=True)
class FilmTask:
    """What a run is about; kept in its folder, so that --resume needs nothing else."""

    clip: str
    """The film, an absolute path."""

    size: int
    """Of that file in bytes, by which it is known again."""

    output: str
    """The film to write, absolute."""

    options: StylizeOptions
    film: FilmOptions


@dataclass(frozen=True)
class FilmState:
    """How far a run has come."""

    parts: tuple[str, ...]
    """When each finished part begins, in seconds of the result, as fractions."""

    done: int
    """Frames in them."""

    last: str
    """When the last of these is shown, in seconds of the film it was painted from."""

    seconds: float
    """What it took."""

    arrays: Mapping[str, NDArray[Any]]
    """What the next frame is blended with."""


class FilmRun:
    """A folder with `run.json`, the parts and the state after the last of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written = Written(path)
        self.held = Checkpoints(path).held

    def check(self, output: Path) -> Path:
        """Return the file of the task.

        Raises:
            ConfigError: the folder holds a run already, or films of this ending cannot be written
                in parts.
        """
        if output.suffix.lower() not in JOINED:
            raise ConfigError(
                f"-o {output}: with --run, a film ends in {', '.join(JOINED)}; leave out --run"
            )
        return new_task_file(self.path)

    def create(self, clip: Path, output: Path, options: StylizeOptions, film: FilmOptions) -> None:
        """Begin a run.

        Raises:
            ConfigError: as `check`, or the folder cannot be made.
        """
        path = self.check(output)
        options = _with_whole_paths(options)
        task = FilmTask(str(whole(clip)), clip.stat().st_size, str(whole(output)), options, film)
        write_task(path, task)

    def task(self, moved: Path | None = None) -> FilmTask:
        """Return what the run is about.

        Args:
            moved: where the film is now, if it is in another place.

        Raises:
            ConfigError: this is no run folder of a film, or the film is gone or has changed.
        """
        path = task_file(self.path)
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            task = FilmTask(
                clip=stored["clip"],
                size=stored["size"],
                output=stored["output"],
                options=restore(StylizeOptions, stored["options"]),
                film=restore(FilmOptions, stored["film"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{path} is no run of impasto video ({error})") from error
        if moved is not None:
            task = replace(task, clip=str(whole(moved)))
        clip = Path(task.clip)
        if not is_file(clip):
            raise ConfigError(
                f"{clip}, which {self.path} paints, is not there; name where it is now: "
                f"impasto video CLIP --resume {self.path}"
            )
        if clip.stat().st_size != task.size:
            raise ConfigError(f"{clip} has changed since {self.path} was begun")
        return task

    def part(self, number: int, output: Path) -> Path:
        """Return the file of a part."""
        return self.path / f"part-{number:05}{JOINED[output.suffix.lower()]}"

    def save(self, state: FilmState) -> None:
        """Keep the state after a part.

        Raises:
            ResourceError: the disk is full; the state after the part before is still there.
        """
        numbers = {key: value for key, value in vars(state).items() if key != "arrays"}
        stream = io.BytesIO()
        text = np.frombuffer(json.dumps(numbers).encode(), np.uint8)
        arrays: dict[str, Any] = {"numbers": text, **state.arrays}
        np.savez(stream, **arrays)
        try:
            write_atomically(self.path / STATE_FILE, stream.getvalue())
        except OSError as error:
            raise ResourceError(
                f"cannot keep how far the film has come in {self.path}: {error.strerror}"
            ) from error

    def state(self) -> FilmState | None:
        """Return the state after the last part; None if no part is finished."""
        try:
            with np.load(self.path / STATE_FILE, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            numbers = json.loads(arrays.pop("numbers").tobytes())
            return FilmState(**{**numbers, "parts": tuple(numbers["parts"])}, arrays=arrays)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def clear(self) -> None:
        """Remove the parts, which are in the film by now."""
        for path in self.path.glob("part-*"):
            path.unlink(missing_ok=True)
        (self.path / STATE_FILE).unlink(missing_ok=True)


def begins(state: FilmState) -> list[Fraction]:
    """Return when each part begins, in seconds of the result."""
    return [Fraction(part) for part in state.parts]


def _with_whole_paths(options: StylizeOptions) -> StylizeOptions:
    """Return the options with styles and maps that are found from anywhere."""
    regions, style = options.regions, options.style
    if regions is not None:
        parts = [(each.color, _whole(each.style)) for each in parse_regions(style)]
        style = ",".join(f"{color}={found}" for color, found in parts)
    return replace(options, style=_whole(style), regions=regions and str(whole(regions)))


def _whole(style: str) -> str:
    """Return the whole path of a file; names stay as they are."""
    return str(whole(style)) if is_file(style) else style
