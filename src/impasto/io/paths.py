"""Paths: what is there, asked so that no odd name is an exception; names of files; the cache."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from platformdirs import user_cache_path

LONGEST = 255
"""Bytes of a name, on nearly every file system."""

ROOM = 24
"""Bytes of a name that are left for what comes to it: a number, `.preview`, `_loss`."""


def join_names(words: Sequence[str], ending: str, room: int = ROOM) -> str:
    """Return the name `a_b.png`, the longest words cut so that it fits, no folder in it.

    Args:
        words: what to put together with `_`.
        ending: with its point.
        room: bytes that may still be added.

    >>> join_names(["photo", "wave"], ".png")
    'photo_wave.png'
    >>> len(join_names(["long" * 100, "wave"], ".png"))
    231
    """
    words = [word.replace("/", "-").replace(os.sep, "-") for word in words]
    while _bytes("_".join(words) + ending) > LONGEST - room and any(map(len, words)):
        at = max(range(len(words)), key=lambda index: _bytes(words[index]))
        words[at] = words[at][:-1]
    return "_".join(words) + ending


def _bytes(name: str) -> int:
    return len(os.fsencode(name))


Name = str | Path

MISSING = "does not exist"
"""The one trouble that another name may help."""


def exists(path: Name) -> bool:
    """Return whether something is there that can be looked at."""
    return os.path.exists(path)  # noqa: PTH110  (pathlib raises for what is too long or locked)


def is_file(path: Name) -> bool:
    """Return whether a file is there."""
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: Name) -> bool:
    """Return whether a folder is there."""
    return os.path.isdir(path)  # noqa: PTH112


def is_taken(path: Name) -> bool:
    """Return whether a name is in use, if only by a link that leads nowhere."""
    return os.path.lexists(path)


def free_beside(path: Path) -> Path:
    """Return NAME.png, or the first of NAME-2.png, NAME-3.png ... that is free."""
    free, number = path, 2
    while is_taken(free):
        free, number = path.with_stem(f"{path.stem}-{number}"), number + 1
    return free


def whole(path: Name) -> Path:
    """Return the absolute path without links in it; of links in a circle, as far as that goes."""
    return Path(os.path.realpath(path))


def trouble(path: Name) -> str | None:
    """Return why a file or folder cannot be read, to follow its name; None if it can.

    >>> trouble("no-such-file")
    'does not exist'
    """
    try:
        if stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            with Path(path).open("rb"):
                pass
    except (FileNotFoundError, NotADirectoryError):
        return MISSING
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return f"cannot be read: {reason[:1].lower()}{reason[1:]}"
    return None


def cache_folder() -> Path:
    """Return the folder that `IMPASTO_CACHE` names, or the user's own; it need not exist."""
    folder = os.environ.get("IMPASTO_CACHE")
    return Path(folder) if folder else user_cache_path("impasto", appauthor=False)


def drop_oldest(folder: Path, limit: int) -> None:
    """Delete the files that have not been used for the longest until `limit` bytes are left.

    What cannot be deleted, or is being deleted by another process, is left alone.
    """
    found: list[tuple[float, int, Path]] = []
    for path in folder.glob("*"):
        with contextlib.suppress(OSError):
            about = path.stat()
            found.append((max(about.st_atime, about.st_mtime), about.st_size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= limit:
            return
        with contextlib.suppress(OSError):
            path.unlink()
            total -= size
