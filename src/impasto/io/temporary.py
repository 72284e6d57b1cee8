"""Files that are written under a temporary name and renamed when they are whole."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import platform
import re
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from impasto.core.errors import ImageError
from impasto.io.paths import free_beside, is_file, is_folder, is_taken, whole

_COUNTER = itertools.count()

_MACHINE = f"{zlib.crc32(platform.node().encode()):08x}"
"""Whose processes the numbers in names are, in a folder that several machines share."""

_LEFT_BEHIND = re.compile(rf"\.impasto-{_MACHINE}-(\d+)-\d+\.part(\.\w+)?")


def check_place(path: Path, *, force: bool = False) -> None:
    """Refuse a file that could not be written, before any work is done.

    Args:
        path: of the file to be written.
        force: an existing file may be replaced.

    Raises:
        ImageError: an existing file without `force`, or a folder that is missing or cannot be
            written to.
    """
    if is_folder(path):
        raise ImageError(f"cannot write {path}: it is a folder")
    if is_taken(path) and not force:
        raise ImageError(f"{path} exists; use --force to overwrite it, or another name with -o")
    if not is_folder(path.parent):
        raise ImageError(f"cannot write {path}: the folder {path.parent} does not exist")
    try:
        with suppress(FileNotFoundError):
            path.lstat()  # which refuses a name that is too long
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ImageError(f"cannot write {path}: {error.strerror}") from error


@contextmanager
def temporary_beside(path: Path) -> Iterator[Path]:
    """Give the name of a new file in the folder of `path`; what is left of it is removed.

    The name is short, however long that of `path` is, and has the same ending. Those of processes
    that were killed are removed on the way.
    """
    remove_left_behind(path.parent.absolute())
    number = next(_COUNTER)
    temporary = path.with_name(f".impasto-{_MACHINE}-{os.getpid()}-{number}.part{path.suffix}")
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file under a temporary name that is then renamed.

    Raises:
        OSError: it cannot be written; what was there before is still there.
    """
    with temporary_beside(path) as temporary:
        temporary.write_bytes(content)
        temporary.replace(path)


@cache
def remove_left_behind(folder: Path) -> None:
    """Remove the temporary files of processes of this machine that are gone; once per folder."""
    if sys.platform == "win32":  # where asking for a process would end it
        return
    try:
        names = [entry.name for entry in os.scandir(folder)]
    except OSError:
        return
    for name in names:
        found = _LEFT_BEHIND.fullmatch(name)
        if found is not None and not _is_alive(int(found[1])):
            (folder / name).unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # somebody else's
        return True
    return True


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
