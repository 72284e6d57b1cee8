"""Where the command line begins and ends: every error becomes one line and an exit code."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from impasto.cli import interruption, streams
from impasto.cli.interruption import INTERRUPTED

FAILED, BAD_INPUT = 1, 2
PIPE_CLOSED = 141
"""Exit code if whoever read standard output is gone; the same as of programs that SIGPIPE ends."""

DEBUG = "IMPASTO_DEBUG"
"""Environment variable that, set to anything, shows tracebacks."""

_NOTHING = "interrupted; nothing was written"


def run() -> None:
    """Run the command line and leave the process: what the `impasto` command calls."""
    try:
        interruption.watch()
        streams.mend()
        code = main()
        interruption.ignore()  # it is over: all that is left is to leave
    except KeyboardInterrupt:
        code = _fail(_NOTHING, INTERRUPTED)
    gc.freeze()  # else leaving looks through all of torch for garbage: most of a second
    sys.exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: words after `impasto`; None takes the process's own.

    Returns:
        0 done, 1 failed, 2 bad input, 3 some of several pictures failed, 130 interrupted.
    """
    try:
        from impasto.cli.app import app, prepare
        from impasto.cli.words import read_words

        code = app(
            prepare(read_words(sys.argv[1:] if arguments is None else arguments)),
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _fail("" if interruption.is_told() else _NOTHING, INTERRUPTED)
    except streams.OutputError as error:
        streams.drop_output()
        if isinstance(error.__cause__, BrokenPipeError):
            return PIPE_CLOSED
        return _fail(f"cannot write to standard output: {error}", FAILED)
    except Exception as error:  # noqa: BLE001  (the last net: nobody is shown a traceback unasked)
        return _explain(error)
    return code if isinstance(code, int) else 0


def _explain(error: Exception) -> int:
    """Say in one line what went wrong, and return the exit code."""
    from cyclopts import CycloptsError

    from impasto.cli.words import source_of
    from impasto.core.errors import ImpastoError, MissingError, without_torch

    if os.environ.get(DEBUG):
        import traceback

        traceback.print_exception(error)
    if isinstance(error, CycloptsError):
        return _fail(f"{error} (see impasto --help){source_of(str(error))}", BAD_INPUT)
    if isinstance(error, ImpastoError):
        return _fail(f"{error}{source_of(str(error))}", error.exit_code)
    if isinstance(error, OSError):
        return _explain_os(error)
    if isinstance(error, ModuleNotFoundError) and (said := without_torch(error)) is not None:
        return _fail(said, MissingError.exit_code)
    what: dict[type[Exception], str] = {
        MemoryError: "out of memory",
        RecursionError: "something is nested too deeply",
    }
    said = what.get(type(error), f"{type(error).__name__}: {error}")
    return _fail(f"{said}; {DEBUG}=1 shows the traceback", FAILED)


def _explain_os(error: OSError) -> int:
    """Say what the system refused, of a file or of something else."""
    reason = error.strerror or str(error)
    hint = f"{DEBUG}=1 shows the traceback"
    if error.filename is None:
        return _fail(f"{reason}; {hint}", FAILED)
    name = os.fsdecode(error.filename) if isinstance(error.filename, bytes) else error.filename
    is_full = error.errno in streams.NO_ROOM
    return _fail(f"{name}: {reason}; {hint}", FAILED if is_full else BAD_INPUT)


def _fail(message: str, code: int) -> int:
    from impasto.core.shell import printable

    if message:
        print("impasto:", printable(" ".join(message.split())), file=sys.stderr)
    return code
