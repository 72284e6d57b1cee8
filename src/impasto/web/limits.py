"""What one request may ask for, and how much of it is read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BYTES = 64 * 10**6
"""Of an uploaded picture."""

MAX_PIXELS = 60 * 10**6
"""Of an uploaded picture. Looked up in its header, before anything is decoded."""

FILM_BYTES = 200 * 10**6
"""Of an uploaded film."""

FILM_SECONDS = 120.0
"""Of a film that are painted; what comes after is left out."""

FILM_SIZE = 1280
"""Long side of a painted film in pixels, at most."""

LIVE_BYTES = 10**6
"""Of a frame of a camera."""

LIVE_SIDE = 640
"""Pixels of the longer side of such a frame, at most."""

MASK_SIDE = 1024
"""Long side in pixels at which a subject is cut out."""

MAX_JSON = 64 * 1024
"""Bytes of a request that is not a picture."""

MIN_SIZE, MAX_SIZE = 64, 4096
"""Long side of a result in pixels."""

MAX_REFINED = 2048
"""Long side of a picture that can be refined, in pixels."""

MAX_SECONDS = 900
"""Of one refinement."""

MAX_STYLES = 4
"""In one blend."""

REGION_COLORS = ("black", "#ff2896", "#00c8ff", "#ffbe00")
"""Of a map for more than two styles: where each of them goes, in their order."""

MAX_FRAMES = 60
"""Previews that are kept of one refinement; beyond, every second one goes."""

UPLOAD_SECONDS = 300
"""After which an upload that has not ended is refused."""

STALL_SECONDS = 6.0
"""For which an upload may bring nothing at all."""

HURRIED_SECONDS = 1.5
"""The same while others wait for their turn, so that stalled ones do not keep them long."""

SLOWEST = 10_000
"""Bytes a second that an upload brings at least, after the first seconds."""

UPLOADS = 3
"""Pictures that are decoded at the same time; further ones wait."""

READERS = 24
"""Uploads that are read at the same time; further ones wait."""

SHEET_SIZE = 320
"""Long side of the pictures on a contact sheet."""

MAX_MINUTES = 60
"""Of learning one painting."""


PICTURES = "/api/pictures"
LIVE = "/api/live"
FILMS = "/api/films"
"""The paths to which more than a little JSON is sent; `read_upload` counts there."""

TOO_LARGE = "the file is larger than {} MB; send a smaller one"

CLOSE = {"connection": "close"}
"""Sent with a refusal, so that the rest of the body is not even received."""


class SmallBodies:
    """Ends requests whose body is larger than any that this server understands.

    Args:
        app: what answers the others.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] in (PICTURES, LIVE, FILMS):
            await self.app(scope, receive, send)
            return
        read = 0

        async def receive_little() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > MAX_JSON:
                raise HTTPException(413, f"a request may have {MAX_JSON // 1024} kB", CLOSE)
            return message

        await self.app(scope, receive_little, send)


async def read_upload(
    request: Request, most: int = MAX_BYTES, *, crowded: Callable[[], bool] | None = None
) -> bytes:
    """Return the picture that is being sent, of so many bytes at most.

    Args:
        request: whose body it is.
        most: bytes.
        crowded: whether others wait for their turn; asked again and again. None: nobody ever.

    Raises:
        HTTPException: too large, which is noticed before it has come; too slow; or not said to be
            a picture.
    """
    data = bytearray()
    await _read(request, "image/jpeg", most, data.extend, crowded)
    return bytes(data)


async def read_film(
    request: Request, file: Path, *, crowded: Callable[[], bool] | None = None
) -> None:
    """Write the film that is being sent into a file.

    Args:
        request: whose body it is.
        file: is overwritten.
        crowded: as in `read_upload`.

    Raises:
        HTTPException: as `read_upload`.
    """
    with file.open("wb") as stream:
        await _read(request, "video/mp4", FILM_BYTES, stream.write, crowded)


async def _end_in_a_crowd(
    limit: asyncio.Timeout, crowded: Callable[[], bool], last: Callable[[], float]
) -> None:
    """End an upload that has stalled since `last` as soon as somebody waits for its place."""
    loop = asyncio.get_running_loop()
    while not crowded() or loop.time() - last() < HURRIED_SECONDS:
        await asyncio.sleep(HURRIED_SECONDS / 4)
    if not limit.expired():
        limit.reschedule(loop.time())


async def _read(
    request: Request,
    example: str,
    most: int,
    take: Callable[[bytes], object],
    crowded: Callable[[], bool] | None,
) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    family, what = example.partition("/")[0], "picture" if "image" in example else "film"
    if not kind.startswith(f"{family}/") and kind != "application/octet-stream":
        raise HTTPException(
            415, f"send the {what} itself as the body, with a Content-Type such as {example}", CLOSE
        )
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > most:
        raise HTTPException(413, TOO_LARGE.format(most // 10**6), CLOSE)
    read = 0
    loop = asyncio.get_running_loop()
    began = last = loop.time()
    watch: asyncio.Task[None] | None = None
    try:
        async with asyncio.timeout(STALL_SECONDS) as limit:
            if crowded is not None:
                watch = asyncio.create_task(_end_in_a_crowd(limit, crowded, lambda: last))
            async for chunk in request.stream():
                last = loop.time()
                passed = last - began
                if passed > STALL_SECONDS and read < SLOWEST * (passed - STALL_SECONDS):
                    raise TimeoutError  # noqa: TRY301  (as if it had been waited for)
                limit.reschedule(min(last + STALL_SECONDS, began + UPLOAD_SECONDS))
                read += len(chunk)
                if read > most:
                    raise HTTPException(413, TOO_LARGE.format(most // 10**6), CLOSE)
                take(chunk)
    except TimeoutError as error:
        raise HTTPException(408, "the upload took too long; try again", CLOSE) from error
    except ClientDisconnect as error:
        raise HTTPException(400, "the upload was broken off") from error
    finally:
        if watch is not None:
            watch.cancel()
