"""The run folder: what was asked, checkpoints, metrics and samples."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from impasto._version import __version__
from impasto.core.errors import ConfigError, MissingError, how_to_install
from impasto.core.options import restore
from impasto.io.checkpoints import Checkpoints, new_task_file, task_file, write_task
from impasto.io.image import read_picture, to_pil, write_picture
from impasto.io.temporary import Written, write_atomically
from impasto.training.options import TrainOptions


@dataclass(frozen=True)
class Painting:
    """A style to learn."""

    name: str
    """Of the style in the model."""

    file: str
    """As the user named it."""

    sha256: str
    credit: str


@dataclass(frozen=True)
class TrainTask:
    """What a run is about; kept in its folder, so that --resume needs nothing else."""

    paintings: tuple[Painting, ...]
    """What is to be learned; none if it is any style."""

    photos: str
    """Folder of photos, absolute."""

    output: str
    """Model file to write, absolute."""

    license: str
    """Of the model."""

    options: TrainOptions
    paintings_folder: str | None = None
    """Folder of paintings to learn any style from, absolute; None to learn `paintings`."""

    photo_names: str = ""
    """SHA-256 of the photos' names in their folder, by which they are put in order."""

    version: str = __version__


class RunFolder:
    """A folder with `run.json`, the paintings, `metrics.jsonl`, checkpoints and `samples/`.

    A network that goes on from another keeps that one too, as `start.safetensors`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start = path / "start.safetensors"
        self._records = path / "metrics.jsonl"
        self._checkpoints = Checkpoints(path)
        self.written = Written(path)

    def create(self, task: TrainTask, styles: Sequence[Tensor], start: Path | None = None) -> None:
        """Begin a run.

        Args:
            task: what it is about.
            styles: the paintings, (1, 3, H, W) in [0, 1] each.
            start: the model file that it goes on from.

        Raises:
            ConfigError: the folder holds a run already, or cannot be made.
        """
        path = new_task_file(self.path)
        try:
            (self.path / "samples").mkdir(parents=True, exist_ok=True)
            for painting, style in zip(task.paintings, styles, strict=True):
                write_picture(to_pil(style), self._style_file(painting), force=True)
            if start is not None:
                shutil.copyfile(start, self._start)
        except OSError as error:
            raise ConfigError(f"cannot make the run folder {self.path}: {error}") from error
        write_task(path, task)

    def held(self) -> AbstractContextManager[None]:
        """Keep the folder for this process; see `Checkpoints.held`."""
        return self._checkpoints.held()

    def task(self) -> TrainTask:
        """Return what the run is about.

        Raises:
            ConfigError: this is no run folder, or one that another version wrote.
        """
        path = task_file(self.path)
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            paintings = tuple(Painting(**painting) for painting in stored["paintings"])
            return TrainTask(
                **{
                    **stored,
                    "paintings": paintings,
                    "options": restore(TrainOptions, stored["options"]),
                }
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{path} cannot be read ({error})") from error

    def change(self, task: TrainTask) -> None:
        """Keep what the run is about from now on.

        Raises:
            ConfigError: it cannot be written.
        """
        try:
            write_atomically(task_file(self.path), json.dumps(asdict(task), indent=1).encode())
        except OSError as error:
            raise ConfigError(f"cannot change {self.path}: {error.strerror}") from error

    def start(self) -> Path | None:
        """Return the model file that the run goes on from, None if it began from random weights."""
        return self._start if self._start.exists() else None

    def styles(self, task: TrainTask) -> list[Tensor]:
        """Return the paintings, (1, 3, H, W) in [0, 1] each."""
        return [read_picture(self._style_file(painting)).image for painting in task.paintings]

    def _style_file(self, painting: Painting) -> Path:
        return self.path / f"style-{painting.name}.png"

    def save(self, state: Mapping[str, Any]) -> Path:
        """Write a checkpoint whole or not at all, then drop the oldest ones.

        Raises:
            ResourceError: the disk is full; older checkpoints are still there.
        """
        return self._checkpoints.save(int(state["step"]), state)

    def latest(self) -> dict[str, Any] | None:
        """Return the newest checkpoint that can be read, None if there is none."""
        return self._checkpoints.latest()

    def forget_after(self, step: int) -> None:
        """Drop the metrics of steps that will be done again."""
        if not self._records.exists():
            return
        lines = self._records.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if _step_of(line) <= step]
        write_atomically(self._records, "".join(f"{line}\n" for line in kept).encode())

    def record(self, values: Mapping[str, Any]) -> None:
        """Add a line to the metrics."""
        with self._records.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(values) + "\n")

    def save_sample(self, step: int, name: str, image: Tensor) -> None:
        """Write a sample picture."""
        path = self.path / "samples" / f"{step:07d}-{name}.jpg"
        write_picture(to_pil(image), path, force=True)


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):  # a line that was cut off
        return float("inf")


def find_writer() -> Callable[..., Any]:
    """Return TensorBoard's writer.

    Raises:
        MissingError: TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingError(
            f"--tensorboard needs a package that is not here: {how_to_install('tensorboard')}"
        ) from error
    writer: Callable[..., Any] = SummaryWriter
    return writer


class Board:
    """Writes one run's event files.

    Raises:
        MissingError: TensorBoard is not installed.
    """

    def __init__(self, folder: Path, first_step: int) -> None:
        self._writer = find_writer()(str(folder / "tensorboard"), purge_step=first_step)

    def record(self, step: int, values: Mapping[str, float]) -> None:
        """Add a point to every curve."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def show(self, step: int, name: str, image: Tensor) -> None:
        """Add a sample, (1, 3, H, W) in [0, 1]."""
        self._writer.add_image(f"samples/{name}", image[0], step)

    def close(self) -> None:
        """Write what is still in memory."""
        self._writer.close()
