"""How much of a request is read."""

from __future__ import annotations

import asyncio

from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from impasto.web.limits import MAX_BYTES, MAX_JSON, UPLOAD_SECONDS

PICTURES = "/api/pictures"
"""The one path to which more than a little JSON is sent; `read_upload` counts there."""

TOO_LARGE = f"the file is larger than {MAX_BYTES // 10**6} MB; send a smaller picture"

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
        if scope["type"] != "http" or scope["path"] == PICTURES:
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


async def read_upload(request: Request) -> bytes:
    """Return the file that is being sent.

    Raises:
        HTTPException: too large, which is noticed before it has come; too slow; or not said to be
            a picture.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not kind.startswith("image/") and kind != "application/octet-stream":
        raise HTTPException(
            415,
            "send the picture itself as the body, with a Content-Type such as image/jpeg",
            CLOSE,
        )
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MAX_BYTES:
        raise HTTPException(413, TOO_LARGE, CLOSE)
    data = bytearray()
    try:
        async with asyncio.timeout(UPLOAD_SECONDS):
            async for chunk in request.stream():
                data += chunk
                if len(data) > MAX_BYTES:
                    raise HTTPException(413, TOO_LARGE, CLOSE)
    except TimeoutError as error:
        raise HTTPException(408, "the upload took too long; try again", CLOSE) from error
    except ClientDisconnect as error:
        raise HTTPException(400, "the upload was broken off") from error
    return bytes(data)
