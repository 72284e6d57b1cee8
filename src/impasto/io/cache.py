"""Where what takes long to get or to compute is kept."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path


def cache_folder() -> Path:
    """Return the folder that `IMPASTO_CACHE` names, or the user's own; it need not exist."""
    folder = os.environ.get("IMPASTO_CACHE")
    return Path(folder) if folder else user_cache_path("impasto", appauthor=False)
