"""Who may ask: only pages of this server, and with a token where others can reach it."""

from __future__ import annotations

import hmac
import ipaddress
import json
import secrets
import socket
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "impasto"

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
}
"""Sent with every answer."""

ASK = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>impasto</title>
<h1>impasto</h1>
<p>This page needs its token: the end of the address that <code>impasto web</code> printed.</p>
<form action="/" method="get">
<label>Token <input name="token" autocomplete="off" required></label>
<button>Open</button>
</form>
</html>
"""
"""What a browser is shown that does not know the token."""

FOREIGN = "this request comes from another site; open the page at its own address"
WRONG_HOST = "this server is not called {host}; open the address that impasto web printed"
LOCKED = (
    "this page needs its token; open the address that impasto web printed, or send "
    "Authorization: Bearer TOKEN"
)


class Guard:
    """Refuses requests of other sites, other host names (DNS rebinding) and without the token.

    Args:
        app: what answers the others.
        hosts: names by which the server may be called, without port. None: the names of this
            machine, and any address in numbers.
        token: asked for if it is not None.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str] | None, token: str | None) -> None:
        self.app, self.token = app, token
        # Not the token itself, which must not be read off a browser; the same after a restart.
        key = (token or secrets.token_urlsafe(24)).encode()
        self._cookie = hmac.new(key, b"cookie", "sha256").hexdigest()
        self.hosts = None if hosts is None else frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # no websockets here
        headers = Headers(scope=scope)
        reason = self._refuse(scope, headers)
        if reason is not None:
            await _answer(send, *reason)
        elif self._brings_token(scope):
            await self.app(scope, receive, _with_headers(send, _cookie(self._cookie)))
        elif self.token is not None and not self._knows_token(headers):
            is_visit = scope["method"] == "GET" and scope["path"] == "/"
            await (_ask(send) if is_visit else _answer(send, 401, LOCKED))
        else:
            await self.app(scope, receive, _with_headers(send, {}))

    def _refuse(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Return status and sentence for a request of another site, None for one of ours."""
        host = headers.get("host", "")
        if not self._is_ours(_name(host)):
            return 421, WRONG_HOST.format(host=json.dumps(host[:80]))
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in (f"http://{host}", f"https://{host}"):
            return 403, FOREIGN
        is_visit = scope["method"] == "GET" and scope["path"] == "/"
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and not is_visit:
            return 403, FOREIGN
        return None

    def _is_ours(self, name: str) -> bool:
        if self.hosts is not None:
            return name in self.hosts
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in ("localhost", socket.gethostname().lower(), socket.getfqdn().lower())
        return True

    def _brings_token(self, scope: Scope) -> bool:
        """Return whether this is the first visit, with the token in the address."""
        if self.token is None or scope["method"] != "GET" or scope["path"] != "/":
            return False
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        return _same(given, self.token)

    def _knows_token(self, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and _same(given.strip(), self.token or ""):
            return True
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and _same(cookie.value, self._cookie)


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())


def _name(host: str) -> str:
    """Return a host name without its port and without brackets, in small letters."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _cookie(value: str) -> dict[str, str]:
    """Return the header that exchanges the token in the address for a cookie."""
    return {"set-cookie": f"{COOKIE}={value}; HttpOnly; SameSite=Strict; Path=/"}


def _with_headers(send: Send, more: dict[str, str]) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message["headers"]}
            added = [each for each in _encoded(HEADERS | more) if each[0] not in given]
            message["headers"] = [*message["headers"], *added]
        await send(message)

    return send_with_headers


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


async def _ask(send: Send) -> None:
    """Send the page on which a person gives the token."""
    policy = HEADERS["content-security-policy"].replace("form-action 'none'", "form-action 'self'")
    headers = {"content-type": "text/html; charset=utf-8", "content-security-policy": policy}
    await _send(send, 401, ASK.encode(), headers)


async def _answer(send: Send, status: int, sentence: str) -> None:
    """Send an error as JSON, which a browser shows as one readable line."""
    body = json.dumps({"error": sentence}).encode()
    await _send(send, status, body, {"content-type": "application/json"})


async def _send(send: Send, status: int, body: bytes, more: dict[str, str]) -> None:
    headers = HEADERS | more
    headers |= {"content-length": str(len(body)), "cache-control": "no-store"}
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    await send({"type": "http.response.start", "status": status, "headers": _encoded(headers)})
    await send({"type": "http.response.body", "body": body})
