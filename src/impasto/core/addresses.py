"""Files at addresses such as s3://bucket/photos, which fsspec reads and writes."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property, total_ordering
from pathlib import Path, PurePath, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from impasto.core.errors import ConfigError, ImageError, first_line, pip_install

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)  # two letters: C:// is a drive
_SECRET = re.compile(r"(?<=://)[^/@]*@")

WHOLE_WRITES = frozenset(
    {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "oci", "memory", "hf", "r2"}
)
"""Where an object shows only when all of it is there; elsewhere it is written under another name
first."""

_PACKAGES = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs"}
_PACKAGES |= {"abfs": "adlfs", "abfss": "adlfs", "hdfs": "pyarrow", "sftp": "paramiko"}
_PACKAGES |= {"http": "aiohttp", "https": "aiohttp"}


class Download(bytes):
    """The bytes of a file from an address, which they know as `name`."""

    name: str


@total_ordering
class Address:
    """A file or folder elsewhere: what `Path` says of names, and reading and writing.

    Args:
        url: with its scheme; printed without user name and password.
    """

    def __init__(self, url: str) -> None:
        scheme, _, rest = url.partition("://")
        self.scheme, self.url = scheme.lower(), f"{scheme}://{rest.rstrip('/')}"

    def __str__(self) -> str:
        return _SECRET.sub("", self.url)

    def __repr__(self) -> str:
        return f"Address({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and self.url == other.url

    def __lt__(self, other: Address) -> bool:
        return self.url < other.url

    def __hash__(self) -> int:
        return hash(self.url)

    def __truediv__(self, name: str | PurePath) -> Address:
        words = name if isinstance(name, str) else name.as_posix()
        return Address(f"{self.url}/{words}")

    @property
    def name(self) -> str:
        """The last part."""
        return self.url.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        """The ending with its point, or nothing."""
        return PurePosixPath(self.name).suffix

    @property
    def parent(self) -> Address:
        """The folder it is in."""
        return Address(self.url.rpartition("/")[0])

    def with_name(self, name: str) -> Address:
        """Return the address of a neighbor."""
        return self.parent / name

    def with_stem(self, stem: str) -> Address:
        """Return the address with another name and the same ending."""
        return self.with_name(stem + self.suffix)

    def with_suffix(self, suffix: str) -> Address:
        """Return the address with another ending."""
        return self.with_name(self.stem + suffix)

    @cached_property
    def _found(self) -> tuple[Any, str]:
        """The file system, and the path in it."""
        import fsspec

        with self._asking("be opened"):
            found: tuple[Any, str] = fsspec.core.url_to_fs(self.url)
            return found

    def __getstate__(self) -> str:
        """Return what another process makes an address of: no connection."""
        return self.url

    def __setstate__(self, url: str) -> None:
        self.__init__(url)  # type: ignore[misc]

    def is_folder(self) -> bool:
        """Return whether there is a folder, or anything whose name begins like one.

        Raises:
            ImageError: nobody answers there, or there is no right to look.
        """
        system, path = self._found
        with self._asking("be looked into"):
            return bool(system.isdir(path))

    def files(self) -> list[str]:
        """Return the names of all files in the folder and the folders in it, sorted.

        Asked for once, not file by file. An empty list if there is no such folder.

        Raises:
            ImageError: as `is_folder`.
        """
        system, path = self._found
        system.invalidate_cache()
        with self._asking("be looked into"):
            try:
                found = system.find(path)
            except FileNotFoundError:
                return []
        before = path.rstrip("/") + "/"
        return sorted(key[len(before) :] for key in found if key.startswith(before))

    def read(self) -> Download:
        """Return what is in the file.

        Raises:
            ImageError: it is missing, nobody answers, or there is no right to read it.
        """
        system, path = self._found
        with self._asking("be read"):
            data = Download(system.cat_file(path))
        data.name = str(self)
        return data

    def write(self, data: bytes) -> None:
        """Write the file, which shows only when it is whole.

        Raises:
            ImageError: nobody answers, there is no room, or no right to write.
        """
        system, path = self._found
        with self._asking("be written"):
            if self.scheme in WHOLE_WRITES:
                system.pipe_file(path, data)
                return
            folder, _, name = path.rpartition("/")
            system.makedirs(folder, exist_ok=True)
            temporary = f"{folder}/.impasto-{uuid.uuid4().hex}.part{PurePosixPath(name).suffix}"
            try:
                system.pipe_file(temporary, data)
                system.mv(temporary, path)
            except BaseException:
                with suppress(Exception):
                    system.rm_file(temporary)
                raise

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        """Say in one line what went wrong, in whichever words the file system has for it."""
        try:
            yield
        except FileNotFoundError as error:
            raise ImageError(f"{self} does not exist; check the address") from error
        except ImportError as error:
            package = _PACKAGES.get(self.scheme)
            how = pip_install(package) if package else first_line(error)
            raise ConfigError(f"{self}: {self.scheme}:// needs a package more: {how}") from error
        except ValueError as error:
            if "rotocol" not in str(error):
                raise ImageError(f"{self} cannot {what}: {first_line(error)}") from error
            raise ConfigError(
                f"{self}: nothing here knows {self.scheme}://; addresses are those of fsspec, "
                "such as s3://, gs://, az://"
            ) from error
        except Exception as error:  # every file system has errors of its own
            raise ImageError(f"{self} cannot {what}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, PermissionError):
        return f"no right to ({first_line(error)})"
    if type(error).__name__ == "NoCredentialsError":
        return "no credentials; set them as this service asks (for S3: aws configure)"
    return first_line(getattr(error, "strerror", None) or error)


Place = Path | Address
"""Where a file or folder is."""


def place(name: str | Path | Address) -> Place:
    """Return a name as a path on this machine, or as an address.

    >>> place("s3://bucket/a.jpg"), str(place("file:///photos/a.jpg"))
    (Address('s3://bucket/a.jpg'), '/photos/a.jpg')
    """
    if not isinstance(name, str) or not _SCHEME.match(name):
        return Path(name) if isinstance(name, str) else name
    parts = urlsplit(name)
    if parts.scheme.lower() == "file":
        return Path(unquote(parts.path))
    return Address(name)


def is_address(name: object) -> bool:
    """Return whether a name is that of a place elsewhere."""
    return isinstance(name, Address) or (isinstance(name, str) and isinstance(place(name), Address))


def is_inside(key: str) -> bool:
    r"""Return whether the name of a file stays in the folder that it is put in.

    >>> is_inside("a/b.jpg"), is_inside("../b.jpg"), is_inside("/etc/b.jpg"), is_inside("a//b.jpg")
    (True, False, False, False)
    """
    parts = key.replace("\\", "/").split("/")
    return not {"", ".", ".."} & set(parts) and "\0" not in key and ":" not in parts[0]
