"""The files of a run folder: the task, and checkpoints, written whole or not at all."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from impasto.core.errors import ConfigError, ResourceError, first_line
from impasto.io.paths import is_file, is_taken, whole
from impasto.io.temporary import temporary_beside, write_atomically

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

KEPT = 2
"""Checkpoints that are kept: the latest, and one more in case it is damaged."""


TASK_FILE = "run.json"
"""What was asked of a run, in its folder."""

LOCK_FILE = "run.lock"
"""Held by the process that writes into the folder; of no meaning when no process does."""


class Checkpoints:
    """The files `checkpoint-STEP.pt` of a run folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the folder for this process, until it ends in whatever way.

        Raises:
            ConfigError: another process has it.
        """
        if sys.platform == "win32":  # without locks of this kind
            yield
            return
        import fcntl

        with (self.folder / LOCK_FILE).open("w", encoding="utf-8") as stream:
            try:
                fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except (BlockingIOError, PermissionError):
                raise ConfigError(
                    f"{self.folder} is in use by another process; wait until that has stopped "
                    "(after Ctrl-C it still saves a checkpoint), or name another folder with --run"
                ) from None
            except OSError:  # a file system without locks
                pass
            yield

    def save(self, step: int, state: Mapping[str, Any]) -> Path:
        """Write a checkpoint, then drop the oldest ones.

        Args:
            step: by which checkpoints are ordered.
            state: what `torch.load` reads with `weights_only`: tensors, numbers, text, and lists
                and dictionaries of these.

        Raises:
            ResourceError: the disk is full; older checkpoints are still there.
        """
        before = self._files()
        path = self.folder / f"checkpoint-{step:07d}.pt"
        try:
            with temporary_beside(path) as temporary:
                with temporary.open("wb") as stream:
                    torch.save(dict(state), stream)
                    stream.flush()
                    os.fsync(stream.fileno())
                temporary.replace(path)
        except (OSError, RuntimeError) as error:
            kept = "the one before is still there" if before else "there is none yet"
            raise ResourceError(
                f"the checkpoint could not be written into {self.folder} ({_reason(error)}); {kept}"
            ) from error
        for old in self._files()[:-KEPT]:
            old.unlink(missing_ok=True)
        return path

    def latest(self) -> dict[str, Any] | None:
        """Return the newest checkpoint that can be read, None if there is none."""
        for path in reversed(self._files()):
            try:
                state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
            except Exception:  # noqa: BLE001, S112  (damaged in whatever way: try the one before)
                continue
            return state
        return None

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("checkpoint-*.pt"))


def _reason(error: BaseException) -> str:
    """Return what the system said, over which torch puts words of its own."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, OSError) and found.strerror:
            return found.strerror
        found = found.__context__
    return first_line(error)


def new_task_file(folder: Path) -> Path:
    """Return where a new run is to write what was asked.

    Raises:
        ConfigError: the folder holds a run already.
    """
    check_own_folder(folder)
    path = folder / TASK_FILE
    if is_taken(path):
        raise ConfigError(
            f"{folder} holds a run already; go on with --resume {folder}, or name "
            "another folder with --run"
        )
    return path


def write_task(path: Path, task: DataclassInstance) -> None:
    """Write what was asked into the file that `new_task_file` names; its folder is made.

    Raises:
        ConfigError: that cannot be done.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(asdict(task), indent=1).encode())
    except OSError as error:
        raise ConfigError(f"cannot make the run folder {path.parent}: {error}") from error


def check_own_folder(folder: Path) -> None:
    """Refuse to fill the folder in which a person works.

    Raises:
        ConfigError: it is the current folder, as an empty name is.
    """
    if whole(folder) == whole(Path.cwd()):
        raise ConfigError("--run needs a folder of its own, not the current one; name a new one")


def task_file(folder: Path) -> Path:
    """Return where a run has written what was asked.

    Raises:
        ConfigError: the folder holds no run.
    """
    path = folder / TASK_FILE
    if not is_file(path):
        raise ConfigError(f"{folder} is no run folder (it has no {TASK_FILE})")
    return path
