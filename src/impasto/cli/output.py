"""Where results go when nothing else is said."""

from __future__ import annotations

from pathlib import Path


def free_name(stem: str) -> Path:
    """Return STEM.png, or the first of STEM-2.png, STEM-3.png ... that does not exist."""
    path, number = Path(f"{stem}.png"), 2
    while path.exists():
        path, number = Path(f"{stem}-{number}.png"), number + 1
    return path


def printable(text: str) -> str:
    r"""Return text without anything that a terminal would obey or could not show.

    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )
