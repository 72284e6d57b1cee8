"""The page itself: a few files that are read once and never looked up by a client's path."""

from __future__ import annotations

import hashlib
from importlib.resources import files

from fastapi import Request, Response

from impasto.web.store import GoneError

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Pages:
    """The files in `static/`, by name."""

    def __init__(self) -> None:
        folder = files("impasto.web") / "static"
        self.contents = {
            entry.name: entry.read_bytes()
            for entry in folder.iterdir()
            if entry.name[entry.name.rfind(".") :] in TYPES
        }
        self._tags = {
            name: f'"{hashlib.sha256(content).hexdigest()[:16]}"'
            for name, content in self.contents.items()
        }

    def answer(self, name: str, request: Request) -> Response:
        """Return a file, or that it has not changed.

        Raises:
            GoneError: there is none of that name.
        """
        if name not in self.contents:
            raise GoneError("there is no such page")
        headers = {"cache-control": "no-cache", "etag": self._tags[name]}
        if request.headers.get("if-none-match") == self._tags[name]:
            return Response(status_code=304, headers=headers)
        kind = TYPES[name[name.rfind(".") :]]
        return Response(self.contents[name], media_type=kind, headers=headers)
