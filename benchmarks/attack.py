"""What the page's server stands: odd requests, files and crowds, while its owner uses it.

    python benchmarks/attack.py

Every attempt is made against `impasto web` in a process of its own. It is *survived* if the answer
is none of the server's faults (no 5xx but a plain 503, no traceback) and, after it, the owner gets
an answer within a second. Takes under two minutes.
"""

from __future__ import annotations

import io
import json
import random
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from PIL import Image

from report import Cell, Table, write

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
FIELDS = ["kind", "photo", "styles", "strength", "size", "stroke", "preserve_color", "style_map"]


class Server:
    """`impasto web` in a process of its own."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "impasto", "web", "--port", "0", "--folder", str(folder)]
        self.errors = (folder.parent / "errors").open("w+")
        self.process = subprocess.Popen(
            command, text=True, stdout=subprocess.PIPE, stderr=self.errors
        )
        assert self.process.stdout is not None
        found = re.search(r":(\d+)/", self.process.stdout.readline())
        assert found is not None
        self.port = int(found[1])
        self.slowest = 0.0

    def line(self) -> socket.socket:
        """Return a new connection."""
        return socket.create_connection(("127.0.0.1", self.port), 30)

    def say(self, data: bytes) -> bytes:
        """Send bytes, and return what comes back until the server ends the line or is silent."""
        answer = b""
        with self.line() as line, suppress(OSError):
            line.settimeout(10)
            line.sendall(data)
            line.shutdown(socket.SHUT_WR)
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

    def memory(self) -> float:
        """Megabytes that the server has had in memory at most."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1000


def is_no_fault(answer: bytes) -> bool:
    if not answer:
        return True  # refused without a word
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


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    found = b"\x89PNG\r\n\x1a\n"
    for kind, data in chunks:
        found += struct.pack(">I", len(data)) + kind + data
        found += struct.pack(">I", zlib.crc32(kind + data))
    return found


def odd_files() -> Iterator[Attempt]:
    stream = io.BytesIO()
    Image.effect_noise((64, 48), 80).convert("RGB").save(stream, "JPEG")
    jpeg, chance = stream.getvalue(), random.Random(0)
    files = [jpeg[: len(jpeg) * part // 20] for part in range(20)]
    for _ in range(40):
        broken = bytearray(jpeg)
        for _ in range(10):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        files.append(bytes(broken))
    zeros = zlib.compress(bytes(200_000_000), 9)

    def head(width: int, height: int, depth: int = 8) -> tuple[bytes, bytes]:
        return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)

    def data(count: int) -> tuple[bytes, bytes]:
        return b"IDAT", zlib.compress(bytes(count), 9)

    end = b"IEND", b""
    files += [
        png(head(30_000, 30_000, 1), data(3751 * 30_000), end),
        png(head(100, 100), data(200_000_000), end),
        png(head(8, 8), (b"zTXt", b"a\0\0" + zeros), data(72), end),
        png(head(8, 8), (b"iCCP", b"a\0\0" + zeros), data(72), end),
        png(head(0, 0), end),
        *(b"", b"%PDF-1.7", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a", b"II*\0"),
        *(b"\x80\x04\x95cos\nsystem\n", b"%!PS-Adobe-3.0 EPSF-3.0\n", bytes(100_000)),
    ]
    for sent in files:
        for kind in ("image/jpeg", "image/png"):
            yield lambda server, d=sent, k=kind: is_no_fault(
                server.ask("POST", "/api/pictures?name=a", d, f"Content-Type: {k}")
            )
    for name in (
        "..%2f..%2fa.jpg",
        "%00.jpg",
        "x" * 3000,
        "%0d%0aSet-Cookie:a",
        "CON.jpg",
        "%e2%80%ae",
    ):
        yield lambda server, n=name: is_no_fault(
            server.ask("POST", f"/api/pictures?name={n}", jpeg, "Content-Type: image/jpeg")
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


def crowd(said: bytes) -> Iterator[Attempt]:
    """Connections that say this much and then nothing, all at once, and the owner between them."""

    def attempt(server: Server) -> bool:
        with ExitStack() as stack:
            for _ in range(CROWD):
                line = stack.enter_context(server.line())
                if said:
                    line.sendall(said)
            return all(server.owner_is_served() for _ in range(5))

    yield attempt


HALF = b"GET /api/health HTTP/1.1\r\nHost: 127"
STALLED = (
    b"POST /api/pictures HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\n"
    b"Content-Length: 1000\r\n\r\nabcd"
)
LISTENING = b"GET /api/jobs/none/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

KINDS: dict[str, Callable[[], Iterator[Attempt]]] = {
    "verbs, paths and headers": odd_requests,
    "other host names and other sites": foreign_pages,
    "fields and bodies of orders": odd_orders,
    "files: cut off, damaged, bombs, none at all": odd_files,
    "200 orders at once": flood,
    "500 connections that say nothing": lambda: crowd(b""),
    "500 that say half a request": lambda: crowd(HALF),
    "500 uploads that stall": lambda: crowd(STALLED),
    "500 listeners": lambda: crowd(LISTENING),
}


def main() -> None:
    rows: list[list[Cell]] = []
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder, "web"))
        for name, attempts in KINDS.items():
            server.slowest, made, survived = 0.0, 0, 0
            for attempt in attempts():
                made += 1
                good = attempt(server)
                survived += good and server.owner_is_served()
                if not good:
                    print(f"not survived: {name}, attempt {made}", flush=True)
            many = CROWD if name.startswith(str(CROWD)) else 1
            rows.append([name, many * made, many * survived, server.slowest, server.memory()])
            print(rows[-1], flush=True)
        server.process.terminate()
        server.process.wait(60)
        server.errors.seek(0)
        said = server.errors.read()
        server.errors.close()
    tracebacks = said.count("Traceback")
    columns = (
        *("", ("attempts", "{:.0f}"), ("survived", "{:.0f}")),
        *(("owner waited at most, s", "{:.2f}"), ("memory so far, MB", "{:.0f}")),
    )
    write("attack", f"Tracebacks in the terminal: {tracebacks}.", Table(columns, rows))


if __name__ == "__main__":
    main()
