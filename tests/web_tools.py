"""What the tests of the page share."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import http.server
import io
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from PIL import Image

from impasto.io.image import to_pil
from impasto.web.app import create_app
from impasto.web.job_queue import JobQueue
from impasto.web.jobs import Timing
from impasto.web.store import Store
from support import noise_picture

ADDRESS = "http://127.0.0.1:7460"
JPEG = {"content-type": "image/jpeg"}


class Clock:
    """Seconds since 1970, moved by hand."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


class Client:
    """Calls an application without a network."""

    def __init__(self, app: FastAPI, headers: dict[str, str] | None = None) -> None:
        self.app, self.headers = app, headers or {}

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url=ADDRESS, headers=self.headers
            ) as client:
                return await client.request(method, path, **options)

        return asyncio.run(call())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self.request("DELETE", path, **options)


def client_of(queue: JobQueue, **options: Any) -> Client:
    return Client(create_app(queue, **options))


class ServerProcess:
    """`impasto web` in a process of its own."""

    def __init__(self, folder: Path | None, *words: str) -> None:
        place = () if folder is None else ("--folder", str(folder))
        command = [sys.executable, "-m", "impasto", "web", *place, *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen(command, text=True, **pipes)
        line = self.process.stdout.readline()
        found = re.search(r"http://\S+:(\d+)/\S*", line)
        assert found, line or self.process.stderr.read()
        self.address, self.port = found[0], int(found[1])

    def end(self, how: int = signal.SIGINT) -> tuple[str, str]:
        """End it and return what it said on stdout and stderr."""
        self.process.send_signal(how)
        return self.process.communicate(timeout=60)

    def __enter__(self) -> ServerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def photo_bytes(width: int = 96, height: int = 64, kind: str = "JPEG", seed: int = 1) -> bytes:
    stream = io.BytesIO()
    to_pil(noise_picture(height, width, seed)).save(stream, kind)
    return stream.getvalue()


def opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.copy()


def send(client: Client, data: bytes, name: str = "holiday.jpg") -> str:
    answer = client.post(f"/api/pictures?name={name}", content=data, headers=JPEG)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def start(client: Client, **request: Any) -> dict[str, Any]:
    answer = client.post("/api/jobs", json=request)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def paint(client: Client, **request: Any) -> dict[str, Any]:
    """Start a pass and wait for its end."""
    request = {"photo": "castle", "styles": [{"style": "starry-night"}], "size": 96} | request
    return wait(client, start(client, kind="stylize", **request))


def wait(client: Client, job: dict[str, Any], until: tuple[str, ...] = ("done", "failed")) -> Any:
    for _ in range(6000):
        job = client.get(f"/api/jobs/{job['id']}").json()
        if job["state"] in until:
            return job
        time.sleep(0.05)
    raise AssertionError(f"still {job['state']}")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_desk(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., JobQueue]]:
    """Makes desks on one folder, of which one can be open at a time."""
    desks: list[JobQueue] = []

    def make(limit: int = 8, disk: int = 10**9, keep: float = 3600) -> JobQueue:
        store = Store(tmp_path / "web", keep, disk, clock)
        desks.append(JobQueue(store, Timing(tmp_path / "web" / "timing.json"), limit))
        return desks[-1]

    yield make
    for queue in desks:
        queue.close()


@pytest.fixture
def queue(make_desk: Callable[..., JobQueue]) -> JobQueue:
    return make_desk()


@pytest.fixture
def client(queue: JobQueue) -> Client:
    return client_of(queue)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and prints nothing."""

    def log_message(self, *_arguments):
        pass


@contextlib.contextmanager
def served(folder):
    """The plainest web host there is, for one folder."""
    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def browser():
    """Chromium without a window."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    # The last two: WebGPU on the processor.
    for word in (
        *("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"),
        *("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"),
    ):
        options.add_argument(word)
    options.binary_location = shutil.which("chromium")
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options, service)
    yield driver
    driver.quit()
    with contextlib.suppress(OSError):
        service.stop()
