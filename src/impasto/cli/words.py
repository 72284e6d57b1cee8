"""The words of the command line, before they are understood."""

from __future__ import annotations

import os
from collections.abc import Sequence

from impasto.core.errors import ConfigError

MAY_BE_EMPTY = ("--credit", "--licence")
"""Options that are text, and no name of anything."""


def read_words(words: Sequence[str]) -> list[str]:
    """Return the words with `~` in front of a name put in full, wherever it stands.

    A shell does so at the start of a word only: not in `--style=~/a.jpg` nor in `a.jpg,~/b.jpg`.

    Raises:
        ConfigError: a word is empty, as the shell makes it of a variable that is not set. As a
            name it would be the current folder.
    """
    read = []
    before = ""
    for word in words:
        option, equals, value = word.partition("=")
        if not word.startswith("--"):
            option, equals, value = "", "", word
        if not value and (equals or not option) and (option or before) not in MAY_BE_EMPTY:
            what = option or before
            at = f"after {what} there is" if what.startswith("-") else "there is"
            raise ConfigError(f"{at} an empty word; name a file, or leave it out")
        read.append(f"{option}{equals}{_at_home(value)}")
        before = word
    return read


def _at_home(value: str) -> str:
    if "~" not in value or os.path.lexists(value):
        return value
    return ",".join(map(os.path.expanduser, value.split(",")))
