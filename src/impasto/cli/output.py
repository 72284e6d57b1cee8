"""Where results go when nothing else is said."""

from __future__ import annotations

from pathlib import Path

from impasto.core.names import join_names
from impasto.io.lookup import is_taken


def free_name(*words: str) -> Path:
    """Return A_B.png of the words A and B, or the first of A_B-2.png, A_B-3.png ... that is free.

    Longer words than a name can hold are cut.
    """
    first = Path(join_names(words, ".png"))
    path, number = first, 2
    while is_taken(path):
        path, number = first.with_stem(f"{first.stem}-{number}"), number + 1
    return path


def printable(text: str) -> str:
    r"""Return text without anything that a terminal would obey or could not show.

    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )
