"""Long work that ends as soon as nobody wants its result any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_is_unwanted: ContextVar[Callable[[], bool]] = ContextVar("is_unwanted", default=lambda: False)


class UnwantedError(Exception):
    """Nobody wants the result any more."""


@contextmanager
def ends_when(is_unwanted: Callable[[], bool]) -> Iterator[None]:
    """Let `check` end the work of this thread when a call says so.

    >>> with ends_when(lambda: True):
    ...     check()
    Traceback (most recent call last):
    ...
    impasto.core.stopping.UnwantedError
    """
    token = _is_unwanted.set(is_unwanted)
    try:
        yield
    finally:
        _is_unwanted.reset(token)


def check() -> None:
    """End the work if its result is not wanted any more; called now and then by what takes long.

    Raises:
        UnwantedError: it is not.
    """
    if _is_unwanted.get()():
        raise UnwantedError
