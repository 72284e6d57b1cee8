"""Ctrl-C and SIGTERM as a wish to end soon, with what there is so far."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from impasto.cli.progress import Reader

INTERRUPTED = 130
"""Exit code of a command that was ended by Ctrl-C or SIGTERM."""


class Interruption:
    """What the person has asked for so far."""

    asked = False
    """Whether Ctrl-C or SIGTERM has come."""

    can_wait = False
    """Whether there is something to save. Before that, and at the second Ctrl-C, the command ends
    at once."""


@contextmanager
def interruptible(reader: Reader, promise: str) -> Iterator[Interruption]:
    """Turn the first Ctrl-C or SIGTERM into a wish, and say `promise` when it comes."""
    interruption = Interruption()

    def handle(_number: int, _frame: FrameType | None) -> None:
        if interruption.asked or not interruption.can_wait:
            raise KeyboardInterrupt
        interruption.asked = True
        reader.say(f"{promise} (again: stop at once)")

    before = {sign: signal.signal(sign, handle) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interruption
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)
