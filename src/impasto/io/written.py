"""What a run has written outside of its folder, so that it overwrites nothing else."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from impasto.io.checkpoints import write_atomically
from impasto.io.lookup import free_beside, is_file, whole

RECORD = "written.json"
"""In the folder of a run."""


@dataclass(frozen=True)
class Result:
    """A file that the run has written."""

    path: Path
    sha256: str
    finished: bool
    """Whether it is what the run was for, and not what there was when it was stopped."""

    def is_there(self) -> bool:
        """Return whether the file is still what the run wrote."""
        return is_file(self.path) and _sha256(self.path) == self.sha256


class Written:
    """The results of a run by name, as its folder remembers them."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / RECORD

    def __getitem__(self, name: str) -> Result | None:
        """Return what was last written under this name, None if nothing was."""
        try:
            stored = json.loads(self._file.read_text(encoding="utf-8"))[name]
            return Result(Path(stored["path"]), stored["sha256"], bool(stored["finished"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def add(self, name: str, path: Path, *, finished: bool) -> None:
        """Remember that the run has written a file.

        Raises:
            OSError: the folder of the run is gone or full.
        """
        known = {key: self[key] for key in ("picture", "preview", "model")}
        known[name] = Result(whole(path), _sha256(path), finished)
        stored = {
            key: {**asdict(result), "path": str(result.path)}
            for key, result in known.items()
            if result is not None
        }
        write_atomically(self._file, json.dumps(stored, indent=1).encode())

    def place(self, name: str, path: Path) -> Path:
        """Return where to write a result: `path`, or a free name beside it if it is another's."""
        last = self[name]
        if last is not None and last.is_there() and last.path == whole(path):
            return path
        return free_beside(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
