"""Standard input, output and error as they are found: closed, full, or of a narrow encoding."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)
"""Errors of the place a file is on, not of its name."""

_closed: set[int] = set()
_terminals: set[int] = set()


class OutputError(Exception):
    """Standard output takes nothing more; the cause is the system's."""


class _Output(io.TextIOWrapper):
    """Standard output, whose errors are told from those of files."""

    def write(self, text: str) -> int:
        """Write text."""
        with _told_apart():
            return super().write(text)

    def flush(self) -> None:
        """Write what is held back."""
        with _told_apart():
            super().flush()


class _Errors(io.TextIOWrapper):
    """Standard error. Full or gone, it ends no work: then there is nobody to tell."""

    def write(self, text: str) -> int:
        """Write text, if it is taken."""
        with suppress(OSError):
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is held back, if it is taken."""
        with suppress(OSError):
            super().flush()


@contextmanager
def _told_apart() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(str(error.strerror or error)) from error


def mend() -> None:
    """Make the three streams usable.

    One that is closed leads nowhere, and its number is taken, so that no file gets it. What the
    encoding of a stream lacks, a name of a file for one, is written with escapes; UTF-8 that hands
    on the bytes of a name as they are is left to do so.
    """
    for number in range(3):
        if os.isatty(number):
            _terminals.add(number)
        try:
            os.fstat(number)
        except OSError:
            _closed.add(number)
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number: this one
    output = os.fdopen(1, "wb") if sys.stdout is None else sys.stdout.buffer
    encoding = "utf-8" if sys.stdout is None else sys.stdout.encoding
    hands_on = sys.stdout is not None and sys.stdout.errors == "surrogateescape"
    sys.stdout = _Output(
        output,
        encoding=encoding,
        errors="surrogateescape" if hands_on and encoding == "utf-8" else "backslashreplace",
        line_buffering=output.isatty(),
    )
    sys.stderr = _Errors(
        os.fdopen(2, "wb") if sys.stderr is None else sys.stderr.buffer,
        encoding="utf-8" if sys.stderr is None else sys.stderr.encoding,
        errors="backslashreplace",
        line_buffering=True,
    )


def is_closed(number: int) -> bool:
    """Return whether a stream was closed when the program began."""
    return number in _closed


def drop_output() -> None:
    """Lead standard output nowhere: what it holds back would fail once more at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def forget_terminal() -> None:
    """Lead nowhere what leads to a terminal: it is gone, and writing to it would fail."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in _terminals:  # as they were: of a terminal that is gone, nobody says it was one
        os.dup2(nowhere, number)
    os.close(nowhere)
