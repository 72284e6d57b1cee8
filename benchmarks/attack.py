"""What the page's server stands: odd requests, files and crowds, while its owner uses it.

    python benchmarks/attack.py

Every attempt is made against `impasto web` in a process of its own. It is *survived* if there is an
answer and none of the server's faults (no 5xx but a plain 503) and, after it, the owner gets one
within a second. Takes under two minutes.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from cluster import resident
from odd_files import chunk, odd_files
from report import Cell, Table, write

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from web_tools import ServerProcess

CROWD = 500
"""Connections at the same time."""

PATIENCE = 1.0
"""Seconds within which the owner must have an answer."""

VERBS = [
    *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"),
    *("PROPFIND", "BREW"),
]
PATHS = ["/", "/api/jobs", "/api/pictures", "/api/styles", "/static/main.js", "/api/live"]
PLACES = [
    *("/static/../app.py", "/static/..%2f..%2fetc%2fpasswd", "/static/%2e%2e/server.py"),
    *("//etc/passwd", "/api/pictures/../../token/view", "/api/pictures/%00/view", "/%ff%fe"),
    *("/api/jobs/" + "A" * 5000, "/api/styles/..%5c..%5c/thumbnail", "/api/jobs/%2e%2e/result"),
]
HOSTS = ["evil.example", "127.0.0.1.evil.example", "", "10.0.0.7", "localhost.", "a" * 4000]
ORIGINS = ["https://evil.example", "null", "http://127.0.0.1:1", "file://"]
VALUES = [
    *("NaN", "1e999", "-1", "0", "1e308", "[]", "{}", "null", "true", '""', '"\\ud800"', '"../.."'),
    *('"' + "x" * 70_000 + '"', "[" * 20_000 + "]" * 20_000, '"\\u202e.jpg"'),
]
NAMES = [
    *("..%2f..%2fa.jpg", "%00.jpg", "x" * 3000, "%0d%0aSet-Cookie:a", "CON.jpg", "%e2%80%ae"),
    "%f0%9f%8e%a8" * 60,
]
FIELDS = ["kind", "photo", "styles", "strength", "size", "stroke", "preserve_color", "style_map"]


class Server(ServerProcess):
    """`impasto web` in a process of its own."""

    slowest = 0.0
    """Seconds for which its owner waited, at most."""

    def line(self) -> socket.socket:
        """Return a new connection."""
        return socket.create_connection(("127.0.0.1", self.port), 30)

    def say(self, data: bytes) -> bytes:
        """Send bytes, and return what comes back until the server ends the line or is silent."""
        answer = b""
        with self.line() as line:
            line.settimeout(10)
            with suppress(OSError):  # an answer may come before all is sent
                line.sendall(data)
            with suppress(OSError):
                while more := line.recv(65536):
                    answer += more
        return answer

    # What is asked is nothing that an HTTP library would send.
    def ask(self, verb: str, path: str, body: bytes = b"", *lines: str, host: str = "") -> bytes:
        """Send a request, and return the answer."""
        head = [f"{verb} {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{self.port}'}", *lines]
        head += [f"Content-Length: {len(body)}", "Connection: close"]
        return self.say("\r\n".join([*head, "", ""]).encode("latin-1", "replace") + body)

    def owner_is_served(self) -> bool:
        """Whether the page and its health come in time."""
        began = time.perf_counter()
        fine = all(b" 200 " in self.ask("GET", path)[:20] for path in ("/", "/api/health"))
        seconds = time.perf_counter() - began
        self.slowest = max(self.slowest, seconds)
        return fine and seconds < PATIENCE


def is_no_fault(answer: bytes) -> bool:
    """Whether there is an answer, and it blames the request or the crowd."""
    found = re.match(rb"HTTP/1\.1 (\d{3})", answer)
    return found is not None and (found[1][:1] != b"5" or found[1] == b"503")


Attempt = Callable[[Server], bool]


def odd_requests() -> Iterator[Attempt]:
    for verb in VERBS:
        for path in PATHS:
            yield lambda server, v=verb, p=path: is_no_fault(server.ask(v, p))
    for path in PLACES:
        yield lambda server, p=path: is_no_fault(server.ask("GET", p))
    yield lambda server: is_no_fault(server.ask("GET", "/", b"", "X-Long: " + "x" * 200_000))
    yield lambda server: is_no_fault(server.ask("GET", "/", b"", *["X-Many: 1"] * 10_000))
    yield lambda server: is_no_fault(server.ask("POST", "/api/jobs", b"{}", "Host: evil.example"))
    yield lambda server: is_no_fault(server.say(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"))
    yield lambda server: is_no_fault(server.say(b"GET / HTTP/9.9\r\n\r\n"))


def foreign_pages() -> Iterator[Attempt]:
    """Other names and other sites must be refused, and nothing be painted for them."""
    order = b'{"kind": "sheet", "photo": "castle"}'
    for host in HOSTS:
        yield (
            lambda server, h=host: (
                re.match(rb"HTTP/1\.1 4\d\d", server.ask("POST", "/api/jobs", order, host=h or " "))
                is not None
            )
        )
    for origin in ORIGINS:
        yield (
            lambda server, o=origin: (
                b" 403 " in server.ask("POST", "/api/jobs", order, f"Origin: {o}")[:20]
            )
        )


def odd_orders() -> Iterator[Attempt]:
    plain = {"kind": '"stylize"', "photo": '"castle"', "styles": '[{"style": "kazusa"}]'}
    for field in FIELDS:
        for value in VALUES:
            parts = {**plain, field: value}
            body = "{" + ", ".join(f'"{name}": {text}' for name, text in parts.items()) + "}"
            yield lambda server, b=body: is_no_fault(
                server.ask("POST", "/api/jobs", b.encode(), "Content-Type: application/json")
            )
    for body in (b"", b"\xff\xfe", b"[" * 60_000, b"{" * 10, b'{"kind": "stylize"', b"1" * 10**7):
        yield lambda server, b=body: is_no_fault(
            server.ask("POST", "/api/jobs", b, "Content-Type: application/json")
        )


def odd_pictures() -> Iterator[Attempt]:
    """Those of `odd_files.py`, and what grows when it is unpacked."""
    with tempfile.TemporaryDirectory() as folder:
        files = [path.read_bytes() for path in odd_files(Path(folder))]
    zeros = zlib.compress(bytes(200_000_000), 9)
    picture = chunk(b"IDAT", zlib.compress(bytes(72)))
    for side, depth, body in (
        (30_000, 1, chunk(b"IDAT", zlib.compress(bytes(3751 * 30_000), 9))),
        (100, 8, chunk(b"IDAT", zeros)),
        (8, 8, chunk(b"zTXt", b"a\0\0" + zeros) + picture),
        (8, 8, chunk(b"iCCP", b"a\0\0" + zeros) + picture),
        (0, 8, b""),
    ):
        head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, depth, 0, 0, 0, 0))
        files.append(b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b""))
    sent = [("a", data) for data in files] + [(name, files[0]) for name in NAMES]
    for name, data in sent:
        yield lambda server, n=name, d=data: is_no_fault(
            server.ask("POST", f"/api/pictures?name={n}", d, "Content-Type: image/png")
        )


def flood() -> Iterator[Attempt]:
    """More than the queue takes: the rest is told to come again."""
    order = json.dumps({
        "kind": "stylize", "photo": "castle", "styles": [{"style": "kazusa"}], "size": 64,
    }).encode()  # fmt: skip
    for _ in range(200):
        yield lambda server: is_no_fault(
            server.ask("POST", "/api/jobs", order, "Content-Type: application/json")
        )


def crowd(said: bytes) -> Callable[[], Iterator[Attempt]]:
    """Connections that say this much and then nothing, all at once, and the owner between them."""

    def attempt(server: Server) -> bool:
        about = server.ask("GET", "/api/about").decode()
        example = re.search(r'"example":\s*{"id":\s*"([^"]+)"', about)
        assert example is not None
        with ExitStack() as stack:
            for _ in range(CROWD):
                line = stack.enter_context(server.line())
                line.sendall(said.replace(b"EXAMPLE", example[1].encode()))
            return all(server.owner_is_served() for _ in range(5))

    return lambda: iter([attempt])


HALF = b"GET /api/health HTTP/1.1\r\nHost: 127"
STALLED = (
    b"POST /api/pictures HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\n"
    b"Content-Length: 1000\r\n\r\nabcd"
)
LISTENING = b"GET /api/jobs/EXAMPLE/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

KINDS: dict[str, Callable[[], Iterator[Attempt]]] = {
    "verbs, paths and headers": odd_requests,
    "other host names and other sites": foreign_pages,
    "fields and bodies of orders": odd_orders,
    "files: odd, cut off, damaged, bombs, none at all": odd_pictures,
    f"{CROWD} connections that say nothing": crowd(b""),
    f"{CROWD} that say half a request": crowd(HALF),
    f"{CROWD} uploads that stall": crowd(STALLED),
    f"{CROWD} listeners to a painting": crowd(LISTENING),
    "200 orders, one after the other": flood,
}


def main() -> None:
    rows: list[list[Cell]] = []
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder, "web"), "--port", "0")
        for name, attempts in KINDS.items():
            server.slowest, made, survived = 0.0, 0, 0
            for attempt in attempts():
                made += 1
                good = attempt(server)
                survived += good and server.owner_is_served()
                if not good:
                    print(f"not survived: {name}, attempt {made}", flush=True)
            many = CROWD if name.startswith(str(CROWD)) else 1
            memory = resident(folder) / 1e6
            rows.append([name, many * made, many * survived, server.slowest, memory])
            print(rows[-1], flush=True)
        tracebacks = server.end()[1].count("Traceback")
    columns = (
        *("", ("attempts", "{:.0f}"), ("survived", "{:.0f}")),
        *(("owner waited at most, s", "{:.2f}"), ("memory so far, MB", "{:.0f}")),
    )
    write("attack", f"Tracebacks in the terminal: {tracebacks}.", Table(columns, rows))


if __name__ == "__main__":
    main()
