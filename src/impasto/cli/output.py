"""Results: the options that say where they go and how they are told of, and their names."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from impasto.core.addresses import Address
from impasto.core.options import FLAG
from impasto.core.shell import as_file, printable, quote
from impasto.io.paths import free_beside, join_names

PARTLY = 3
"""Exit code if some of several things failed."""

FILES = Parameter(group=Group("Files and output", sort_key=0))


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """How a command tells what happens."""

    json: Annotated[bool, FILES, FLAG] = False
    """Print one line of JSON per event on stdout instead of the progress bar."""

    quiet: Annotated[bool, FILES, FLAG, Parameter(alias="-q")] = False
    """Print nothing but the result's path, or its name."""


@dataclass(frozen=True, kw_only=True)
class OutputOptions(ReportOptions):
    """Where the result of a command goes."""

    output: Annotated[Path | None, FILES, Parameter(alias="-o")] = None
    """File to write; its ending is the format: .png, .jpg, .webp, .avif or .tif, of films .mp4,
    .mov, .mkv, .webm, .gif or .webp. Without it, one named after the inputs, in the current folder,
    numbered if that exists."""

    force: Annotated[bool, FILES, FLAG] = False
    """Overwrite the output if it exists."""


def free_name(*words: str, ending: str = ".png") -> Path:
    """Return A_B.png of the words A and B, or the first of A_B-2.png, A_B-3.png ... that is free.

    Longer words than a name can hold are cut.
    """
    return free_beside(Path(join_names(words, ending)))


def print_path(path: Path | Address) -> None:
    """Print where a result is: for a program as it is, on a terminal without what that obeys."""
    name = as_file(str(path))
    print(printable(name) if sys.stdout.isatty() else name)


def resume_command(command: str, run: Path) -> str:
    """Return the words that go on with a run."""
    return f"impasto {command} --resume {quote(as_file(str(run)))}"
