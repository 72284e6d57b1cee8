"""The report of many pictures: one line of JSON for each."""

from __future__ import annotations

import json
import time
from types import TracebackType
from typing import Any, Self, TextIO

from impasto.core.addresses import Address, Place
from impasto.core.errors import ImageError, ImpastoError
from impasto.core.events import Failed, Painted, Skipped

REPORT = "impasto-report.jsonl"
"""Its name among the results."""

EVERY = 600.0
"""Seconds after which a report at an address is written again, so far as it has come."""


class Report:
    """What became of every picture, as it becomes known; use it as a context manager.

    Args:
        path: where it is written; None for no report. An earlier one is replaced.
    """

    def __init__(self, path: Place | None) -> None:
        self.path = path
        self.problem: str | None = None
        """Why it is not whole, once all is over."""

        self._file: TextIO | None = None
        self._lines: list[str] = []
        self._written = time.monotonic()

    def __enter__(self) -> Self:
        """Begin with nothing."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Write what is not written yet; if that fails, `problem` says why."""
        if self._file is not None:
            self._file.close()
        if self._lines:
            try:
                self._upload()
            except ImpastoError as failure:
                self.problem = str(failure)

    def add(self, event: Painted | Skipped | Failed) -> None:
        """Write what became of one picture.

        Raises:
            ImageError: it cannot be written.
        """
        if self.path is None:
            return
        line = json.dumps(_record(event), ensure_ascii=False) + "\n"
        if isinstance(self.path, Address):
            self._lines.append(line)
            if time.monotonic() - self._written > EVERY:
                self._upload()
            return
        try:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("w", encoding="utf-8", errors="surrogateescape")
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            raise ImageError(f"cannot write {self.path}: {error.strerror}") from error

    def _upload(self) -> None:
        assert isinstance(self.path, Address)
        self.path.write("".join(self._lines).encode("utf-8", "surrogateescape"))
        self._written = time.monotonic()


def _record(event: Painted | Skipped | Failed) -> dict[str, Any]:
    source = str(event.source)
    if isinstance(event, Failed):
        return {"source": source, "result": "failed", "why": event.message}
    path = str(event.path)
    if isinstance(event, Skipped):
        return {"source": source, "result": "skipped", "path": path}
    size = {"width": event.width, "height": event.height}
    seconds = round(event.seconds, 3)
    painted = {"source": source, "result": "painted", "path": path, "style": event.style}
    return {**painted, **size, "seconds": seconds}
