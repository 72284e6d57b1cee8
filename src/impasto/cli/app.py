"""The `impasto` command: its subcommands, and how every error becomes one line."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from impasto._version import __version__
from impasto.core.errors import ImpastoError

INTERRUPTED = 130

app = App(
    name="impasto",
    version=__version__,
    help="Paint a photo in the style of a painting.",
    help_epilogue=(
        "Examples:\n\n"
        "    impasto optimize photo.jpg painting.jpg\n\n"
        "    impasto optimize castle great-wave -o castle.png --seconds 30\n\n"
        "    impasto show castle.png"
    ),
    help_format="markdown",
)
app.command(
    "impasto.cli.optimize:optimize",
    help_epilogue="",
    help="Paint a photo in the style of paintings, step by step.",
)
app.command(
    "impasto.cli.show:show", help_epilogue="", help="Print the command that painted a picture."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: words after `impasto`; None takes the process's own.

    Returns:
        0 done, 1 failed, 2 bad input, 130 interrupted.
    """
    try:
        code = app(
            None if arguments is None else list(arguments),
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )
    except CycloptsError as error:
        return _fail(f"{error} (see impasto --help)", 2)
    except ImpastoError as error:
        return _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _fail("interrupted; nothing was written", INTERRUPTED)
    return code if isinstance(code, int) else 0


def _fail(message: str, code: int) -> int:
    print("impasto:", " ".join(message.split()), file=sys.stderr)
    return code


def run() -> None:
    """Run the command line and leave the process: what the `impasto` command calls."""
    sys.exit(main())
