"""Ctrl-C, SIGTERM and SIGHUP: a line at once, and an end with what there is so far."""

from __future__ import annotations

import _thread
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any

from impasto.cli import streams

if TYPE_CHECKING:
    from impasto.cli.progress import ProgressPrinter

INTERRUPTED = 130
"""Exit code of a command that was ended by Ctrl-C, SIGTERM or SIGHUP."""

_HANGUP = getattr(signal, "SIGHUP", None)
"""The terminal is gone; Windows has none."""

_IMPORTS = "<frozen importlib._bootstrap>"
"""Where Python is while it imports."""

_POLL = 0.05
"""Seconds between two looks at whether an import is over."""


class Interruption:
    """What the person has asked for so far."""

    asked = False
    """Whether a signal has come."""

    outcome: Any = None
    """What the work has returned."""

    can_wait = False
    """Whether there is something to save. Before that, and at the second Ctrl-C, the command ends
    at once."""


class _State:
    told = False
    """Whether the person has been told already that nothing was written."""

    waits = False
    """Whether the end waits for an import."""

    looks = False
    """Whether the next signal is this module's own, to look at that import again."""


def watch() -> None:
    """Answer signals with one line, from the start of the program on."""
    for sign in _signals():
        signal.signal(sign, _end)


def ignore() -> None:
    """Answer no signal any more."""
    for sign in _signals():
        signal.signal(sign, signal.SIG_IGN)


def is_told() -> bool:
    """Return whether the line has been said that nothing was written."""
    return _State.told


@contextmanager
def interruptible(reader: ProgressPrinter, promise: str) -> Iterator[Interruption]:
    """Turn the first signal into a wish, and say `promise` when it comes."""
    interruption = Interruption()

    def handle(number: int, frame: FrameType | None) -> None:
        if number == _HANGUP:
            streams.forget_terminal()
            if interruption.asked:  # a closing terminal and its shell may both send one
                return
        if _State.waits or interruption.asked or not interruption.can_wait:
            _end(number, frame)
            return
        interruption.asked = True
        reader.say_at_once(f"{promise} (again: stop at once)")

    before: dict[int, Any] = {sign: signal.signal(sign, handle) for sign in _signals()}
    try:
        yield interruption
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


def _signals() -> list[int]:
    """Return the signals that end the program. `nohup` has the terminal's ignored: so be it."""
    signs: list[int] = [signal.SIGINT, signal.SIGTERM]
    if _HANGUP is not None and signal.getsignal(_HANGUP) is not signal.SIG_IGN:
        signs.append(_HANGUP)
    return signs


def _end(number: int, frame: FrameType | None) -> None:
    """End the program as soon as that is safe.

    An exception in the midst of an import would reach the C++ code of what is imported (torch,
    OpenVINO), which aborts the process. So the import ends first; at a second signal nothing waits.
    """
    if number == _HANGUP:
        streams.forget_terminal()
    is_own, _State.looks = _State.looks, False
    if not _is_importing(frame):
        raise KeyboardInterrupt
    if not is_own:
        if _State.waits:
            _leave()
        _State.waits = _State.told = True
        _write(b"impasto: interrupted; nothing was written\n")
    timer = threading.Timer(_POLL, _look_again)
    timer.daemon = True
    timer.start()


def _look_again() -> None:
    _State.looks = True
    _thread.interrupt_main()


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == _IMPORTS:
            return True
        frame = frame.f_back
    return False


def _leave() -> None:
    if os.isatty(2):
        _write(b"\x1b[?25h")  # the cursor, which the bar hides
    os._exit(INTERRUPTED)


def _write(line: bytes) -> None:
    """Write past Python's buffer, which may be in the midst of a line."""
    with suppress(OSError):
        os.write(2, line)
