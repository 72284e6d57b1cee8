"""The folder of uploads and jobs: names of its own, a size limit, and an end for everything."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path, PurePath
from typing import Any

from impasto import assets
from impasto.core.errors import ConfigError, InputError, ResourceError
from impasto.core.memory import format_size
from impasto.web.tasks import Input, clean_name
from impasto.web.uploads import Upload, file_name, keep, keep_film

_KEY = re.compile(r"[A-Za-z0-9_-]{22}")  # those of earlier versions too

PRIVATE = 0o700

SHORTEST_TOKEN = 24


class GoneError(InputError):
    """What was asked for is not here (any more)."""


def new_key() -> str:
    """Return a name that nobody can guess."""
    return secrets.token_hex(11)


class Store:
    """Uploads and jobs on disk. Names of files are its own; clients know only keys.

    Args:
        folder: made if it is missing.
        keep_seconds: age at which things are deleted.
        limit: bytes on disk.
        clock: seconds since 1970.

    Raises:
        ConfigError: the folder cannot be used, or another server uses it.
    """

    def __init__(
        self,
        folder: Path,
        keep_seconds: float,
        limit: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder = folder.absolute()
        self.keep_seconds, self.limit, self.clock = keep_seconds, limit, clock
        self.uploads: dict[str, Upload] = {}
        self._changing = threading.Lock()
        try:
            for name in ("pictures", "jobs"):
                (folder / name).mkdir(parents=True, exist_ok=True, mode=PRIVATE)
            self._lock: int | None = _lock(folder / "lock")
        except OSError as error:
            raise ConfigError(f"--folder {folder}: cannot be used ({error.strerror})") from error
        for path in self._folders("pictures"):
            about = _read(path / "about.json")
            try:
                self.uploads[path.name] = Upload.from_dict(about or {})
            except (TypeError, KeyError, ValueError):  # damaged, or of another version
                shutil.rmtree(path, ignore_errors=True)

    def token(self) -> str:
        """Return the secret of this folder's page, the same after a restart.

        Raises:
            ResourceError: the disk is full, or the folder cannot be written.
        """
        path = self.folder / "token"
        try:
            known = path.read_text(encoding="ascii").strip() if path.exists() else ""
            if len(known) < SHORTEST_TOKEN:
                known = secrets.token_urlsafe(24)
                path.touch(mode=0o600)
                path.write_text(known, encoding="ascii")
        except (OSError, ValueError) as error:
            raise ResourceError(f"cannot keep the page's token in {path}: {error}") from error
        return known

    def close(self) -> None:
        """Let another server use the folder."""
        if self._lock is not None:
            os.close(self._lock)
        self._lock = None

    def keep_picture(self, data: bytes, name: str) -> Upload:
        """Return an upload that is now kept as plain pixels.

        Raises:
            ImageError: it is no picture that can be used.
            ResourceError: the disk is full.
        """
        key = new_key()
        folder = self.folder / "pictures" / key
        try:
            folder.mkdir(parents=True, mode=PRIVATE)
            upload = keep(data, name, folder, key, self.clock())
            self._write(folder / "about.json", upload.to_dict())
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise ResourceError(f"cannot keep the picture: {error.strerror}") from error
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self.uploads[key] = upload
        return upload

    def new_film(self, name: str) -> Path:
        """Return where a film that is being sent can be written.

        Raises:
            ResourceError: the disk is full.
        """
        ending = PurePath(clean_name(name, ".mp4", fallback="film")).suffix
        folder = self.folder / "pictures" / new_key()
        try:
            folder.mkdir(parents=True, mode=PRIVATE)
        except OSError as error:
            raise ResourceError(f"cannot keep the film: {error.strerror}") from error
        return folder / f"film{ending}"

    def keep_film(self, film: Path, name: str) -> Upload:
        """Return an upload for a film that has been written.

        Raises:
            ImageError: it is no film that can be used.
            MissingError: PyAV is not installed.
            ResourceError: the disk is full.
        """
        key = film.parent.name
        try:
            upload = keep_film(film, name, key, self.clock())
            self._write(film.with_name("about.json"), upload.to_dict())
        except OSError as error:
            raise ResourceError(f"cannot keep the film: {error.strerror}") from error
        self.uploads[key] = upload
        return upload

    def drop_film(self, film: Path) -> None:
        """Remove a film that did not become an upload."""
        if film.parent.name not in self.uploads:
            shutil.rmtree(film.parent, ignore_errors=True)

    def film_of(self, source: Input) -> Path:
        """Return the film of an input.

        Raises:
            GoneError: it is none, or it has been deleted.
        """
        upload = self.uploads.get(source.key)
        if upload is None or upload.film is None:
            raise GoneError(f"{source.name} is no film that is here; send it again")
        return self.folder / "pictures" / upload.id / upload.film

    def find_input(self, key: str) -> Input:
        """Return a bundled picture or an upload.

        Raises:
            GoneError: neither.
        """
        if assets.find(key) is not None:
            return Input(key, key, bundled=True)
        upload = self.uploads.get(key)
        if upload is None:
            raise GoneError("there is no such picture (any more); send it again")
        return Input(upload.name, key, bundled=False, sha256=upload.sha256)

    def path_of(self, source: Input, size: int | None = None) -> Path:
        """Return the file of an input, as it is decoded for a result of `size`.

        Raises:
            GoneError: it has been deleted.
        """
        bundled = assets.find(source.key) if source.bundled else None
        if bundled is not None:
            return bundled
        upload = self.uploads.get(source.key)
        if upload is None:
            raise GoneError(f"{source.name} has been deleted meanwhile; send it again")
        return self.folder / "pictures" / upload.id / file_name(upload.scale_for(size))

    def job_folder(self, key: str) -> Path:
        """Return the folder of a job of ours."""
        return self.folder / "jobs" / key

    def save_job(self, key: str, record: dict[str, Any]) -> None:
        """Keep what is known about a job.

        Raises:
            ResourceError: the disk is full, or the folder cannot be written.
        """
        folder = self.job_folder(key)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
            self._write(folder / "job.json", record)
        except OSError as error:
            raise ResourceError(f"cannot keep the painting: {error.strerror}") from error

    def load_jobs(self) -> list[dict[str, Any]]:
        """Return what an earlier server kept, oldest first."""
        found = []
        for path in self._folders("jobs"):
            record = _read(path / "job.json")
            if record is None or not isinstance(record.get("created"), int | float):
                shutil.rmtree(path, ignore_errors=True)
            else:
                found.append(record)
        return sorted(found, key=lambda record: float(record["created"]))

    def remove_job(self, key: str) -> None:
        """Delete a job's files."""
        shutil.rmtree(self.job_folder(key), ignore_errors=True)

    def remove_picture(self, key: str) -> None:
        """Delete an upload.

        Raises:
            GoneError: there is none.
        """
        if self.uploads.pop(key, None) is None:
            raise GoneError("there is no such picture (any more)")
        shutil.rmtree(self.folder / "pictures" / key, ignore_errors=True)

    def remove_old_pictures(self, used: Collection[str]) -> None:
        """Delete uploads whose time is up and that no job needs."""
        for key, upload in list(self.uploads.items()):
            if key not in used and self.clock() - upload.created > self.keep_seconds:
                self.remove_picture(key)

    def remove_unused_pictures(self, used: Collection[str], wanted: int = 0) -> None:
        """Delete the oldest uploads that no job needs until there is room for `wanted` bytes."""
        for upload in sorted(self.uploads.values(), key=lambda upload: upload.created):
            if self.size() + wanted <= self.limit:
                return
            if upload.id not in used:
                self.remove_picture(upload.id)

    def size(self) -> int:
        """Return the bytes of all that is kept."""
        total = 0
        for folder, _, names in os.walk(self.folder):  # which passes over what goes meanwhile
            for name in names:
                with contextlib.suppress(OSError):
                    total += Path(folder, name).stat().st_size
        return total

    def check_room(self, wanted: int) -> None:
        """Refuse what would not fit.

        Raises:
            ResourceError: with what to do.
        """
        if self.size() + wanted > self.limit:
            raise ResourceError(
                f"the folder is full (limit {format_size(self.limit)}); delete a painting, wait, "
                "or start impasto web with a larger --disk"
            )

    def _folders(self, name: str) -> list[Path]:
        return [path for path in (self.folder / name).iterdir() if _KEY.fullmatch(path.name)]

    def _write(self, path: Path, document: dict[str, Any]) -> None:
        temporary = path.with_suffix(".part")
        with self._changing:
            temporary.write_text(json.dumps(document), encoding="utf-8")
            temporary.replace(path)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _lock(path: Path) -> int:
    """Take the folder for this process; the lock ends with it.

    Raises:
        ConfigError: another process has it.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        import fcntl
    except ImportError:  # Windows has no such lock; two servers only confuse each other's restarts
        return handle
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise ConfigError(
            f"another impasto web is using {path.parent}, or is about to end; open its page, try "
            "again in a moment, or start this one with another --folder"
        ) from None
    return handle
