"""What is at a path, asked so that no odd name and no lack of permission is an exception."""

from __future__ import annotations

import os
import stat
from pathlib import Path

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
