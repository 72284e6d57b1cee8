"""A job's progress as server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from impasto.web.desk import Desk
from impasto.web.jobs import Job

BEAT_SECONDS = 15.0
"""A comment is sent that often, so that nobody takes the connection for dead."""

PAUSE_SECONDS = 0.1
"""Between two events."""


async def follow(
    desk: Desk,
    job: Job,
    view: Callable[[], dict[str, Any]],
    slot: AbstractAsyncContextManager[None],
) -> AsyncIterator[str]:
    """Yield the job whenever something about it changes, until it is over.

    Every event (`job`) is the whole job, so that one that is missed is no loss. If the job is
    deleted, the last event is `gone`.

    Args:
        desk: rings when something changes.
        job: what is followed.
        view: returns what clients are told about it.
        slot: held meanwhile.
    """
    changed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def bell() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(changed.set)

    async with slot:
        desk.bells.add(bell)
        try:
            told = ""
            while not job.cancelled:
                changed.clear()
                is_open = job.is_open
                text = json.dumps(view())
                if text != told:
                    told = text
                    yield f"event: job\ndata: {text}\n\n"
                if not is_open:
                    return
                try:
                    await asyncio.wait_for(changed.wait(), BEAT_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
                await asyncio.sleep(PAUSE_SECONDS)
            yield "event: gone\ndata: {}\n\n"
        finally:
            desk.bells.discard(bell)
