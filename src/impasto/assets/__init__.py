"""Bundled pictures: public domain or CC0, credited in CREDITS.md beside them."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Return the names of all bundled pictures, in alphabetical order."""
    return sorted(path.stem for path in _FOLDER.glob("*.jpg"))


def find(name: str) -> Path | None:
    """Return the file of a bundled picture, None if there is none of that name."""
    return _FOLDER / f"{name}.jpg" if name in names() else None
