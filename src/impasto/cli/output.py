"""Names of results: where they go when nothing else is said, how they are said."""

from __future__ import annotations

import sys
from pathlib import Path

from impasto.core.names import join_names
from impasto.core.shell import as_file, printable, quote
from impasto.io.lookup import free_beside


def free_name(*words: str, ending: str = ".png") -> Path:
    """Return A_B.png of the words A and B, or the first of A_B-2.png, A_B-3.png ... that is free.

    Longer words than a name can hold are cut.
    """
    return free_beside(Path(join_names(words, ending)))


def print_path(path: Path) -> None:
    """Print where a result is: for a program as it is, on a terminal without what that obeys."""
    name = as_file(str(path))
    print(printable(name) if sys.stdout.isatty() else name)


def resume_command(command: str, run: Path) -> str:
    """Return the words that go on with a run."""
    return f"impasto {command} --resume {quote(as_file(str(run)))}"
