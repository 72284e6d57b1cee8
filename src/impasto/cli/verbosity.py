"""What is said on stderr of what goes on inside."""

from __future__ import annotations

import logging
import sys


def speak(*, verbose: bool) -> None:
    """Say warnings, and with `verbose` everything that is chosen, read and kept."""
    log = logging.getLogger("impasto")
    for handler in list(log.handlers):
        if isinstance(handler, _Lines):
            log.removeHandler(handler)
    log.addHandler(_Lines())
    log.setLevel(logging.INFO if verbose else logging.WARNING)


class _Lines(logging.Handler):
    """Writes each record as one line, as errors are."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        print("impasto:", " ".join(record.getMessage().split()), file=sys.stderr)
