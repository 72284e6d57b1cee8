"""Where what takes long to get or to compute is kept."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from platformdirs import user_cache_path


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
