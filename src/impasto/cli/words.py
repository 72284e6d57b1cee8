"""The words of the command line, before they are understood."""

from __future__ import annotations

import os
from collections.abc import Sequence


def read_words(words: Sequence[str]) -> list[str]:
    """Return the words with `~` in front of a name put in full, wherever it stands.

    A shell does so at the start of a word only: not in `--style=~/a.jpg` nor in `a.jpg,~/b.jpg`.
    """
    read = []
    for word in words:
        option, equals, value = word.partition("=")
        if not word.startswith("--"):
            option, equals, value = "", "", word
        read.append(f"{option}{equals}{_at_home(value)}")
    return read


def _at_home(value: str) -> str:
    if "~" not in value or os.path.lexists(value):
        return value
    return ",".join(map(os.path.expanduser, value.split(",")))
