"""Pictures that are known by name: bundled ones, and the paintings of one's own styles.

The bundled ones are public domain or CC0, credited in CREDITS.md beside them. `training/` holds the
photos that `impasto learn` learns from, with credits of their own.
"""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

from impasto.io.paths import is_file

_FOLDER = Path(__file__).parent

TRAINING_PHOTOS = _FOLDER / "training"
"""Folder of photos of many things, in the public domain or CC0."""


def own_folder() -> Path:
    """Return the folder of one's own styles: for each NAME.safetensors and NAME.jpg, the painting.

    It is `styles` in the folder that `IMPASTO_DATA` names, or in the user's own; it need not exist.
    """
    data = os.environ.get("IMPASTO_DATA")
    return (Path(data) if data else user_data_path("impasto", appauthor=False)) / "styles"


def names() -> list[str]:
    """Return the names of all bundled pictures, in alphabetical order."""
    return sorted(path.stem for path in _FOLDER.glob("*.jpg"))


def find(name: str) -> Path | None:
    """Return the file of a bundled picture, or of the painting of one's own style; else None."""
    if name in names():
        return _FOLDER / f"{name}.jpg"
    own = own_folder() / f"{name}.jpg"
    return own if Path(name).name == name and is_file(own) else None
