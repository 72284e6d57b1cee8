"""Connections that say nothing are closed, so that they keep nobody else out."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
"""Within which the head of a request must have come."""


class PunctualProtocol(H11Protocol):  # type: ignore[misc, unused-ignore]
    """HTTP/1.1 whose requests must begin, and have a whole head, in time."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Give a new connection its time."""
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Give the next request of this connection its time."""
        super().on_response_complete()
        self._wait_for_head()

    def _wait_for_head(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(HEAD_SECONDS, self._end, self.cycle)

    def _end(self, last: object) -> None:
        """Close the connection, if no request has come since the last one."""
        if self.cycle is last and not self.transport.is_closing():
            self.transport.close()
