"""The command itself, in a process of its own."""

from __future__ import annotations

import contextlib
import http.client
import re
import runpy
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from impasto.cli.start import main
from impasto.cli.web import qr_code
from impasto.core.errors import ConfigError
from impasto.web.options import WebOptions
from impasto.web.server import listen
from support import load_image
from web_tools import ServerProcess

MEGABYTE = b"\xff" * 10**6


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_and_says_so(tmp_path, how):
    server = ServerProcess(tmp_path / "web", "--port", "0")
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", "/api/health")
    assert connection.getresponse().read().startswith(b'{"status":"ok"')
    connection.close()
    out, err = server.end(how)
    assert "stopped" in out
    assert err == ""
    assert server.process.returncode == 0


@pytest.mark.usefixtures("weights")
def test_what_is_being_painted_is_told_of_and_kept_at_the_end(tmp_path):
    folder = tmp_path / "web"
    server = ServerProcess(folder, "--port", "0")
    with httpx.Client(base_url=server.address) as page:

        def start(**order: object) -> str:
            return str(page.post("/api/jobs", json=order).raise_for_status().json()["id"])

        def until(key: str, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
            while not is_it(job := page.get(f"/api/jobs/{key}").json()):
                time.sleep(0.05)
            return dict(job)

        order = {"photo": "astronaut", "styles": [{"style": "kazusa"}], "size": 128}
        first = start(kind="stylize", **order)
        until(first, lambda job: job["state"] == "done")
        second = start(kind="optimize", after=first, seconds=300)
        until(second, lambda job: job["step"] > 0)
    out, err = server.end()
    assert "ending what is being painted" in out
    assert (err, server.process.returncode) == ("", 0)
    with ServerProcess(folder, "--port", "0") as again:
        job = httpx.get(f"{again.address}api/jobs/{second}").json()
    assert (job["state"], job["stopped"]) == ("done", True)


def test_200_megabytes_are_refused_before_they_have_come(tmp_path):
    server = ServerProcess(tmp_path / "web", "--port", "0")
    sent = 0
    try:
        with socket.create_connection(("127.0.0.1", server.port)) as line:
            line.sendall(
                b"POST /api/pictures HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n"
            )
            try:
                for _ in range(200):
                    line.sendall(b"f4240\r\n" + MEGABYTE + b"\r\n")
                    sent += 1
            except OSError:
                pass
            answer = b""
            with contextlib.suppress(OSError):
                answer = line.recv(4096)
        assert sent < 100
        assert answer == b"" or b" 413 " in answer.splitlines()[0]
    finally:
        server.end()
    assert list((tmp_path / "web" / "pictures").iterdir()) == []


def test_with_another_host_a_token_is_needed(tmp_path):
    server = ServerProcess(tmp_path / "web", "--port", "0", "--host", "0.0.0.0")
    token = server.address.partition("?token=")[2]
    try:
        assert len(token) > 20
        for given, status in (("", 401), (f"Bearer {token}", 200)):
            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            connection.request("GET", "/api/health", headers={"Authorization": given})
            assert connection.getresponse().status == status
            connection.close()
    finally:
        _, err = server.end()
    assert "warning: listening on 0.0.0.0" in err
    assert "not encrypted" in err


def test_a_taken_port_gets_one_line(tmp_path, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["web", "--port", str(port), "--folder", str(tmp_path / "web")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "web").exists()


def test_a_missing_extra_gets_one_line(monkeypatch, capsys):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if n == "uvicorn" else find(n))
    assert main(["web"]) == 1
    err = capsys.readouterr().err
    assert "pip install 'impasto[web]'" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "options", [{"port": 70_000}, {"port": -1}, {"keep_hours": 0}, {"queue": 0}, {"disk": "1kB"}]
)
def test_options_that_cannot_work(options):
    with pytest.raises(ConfigError, match="--"):
        WebOptions(**options)


def test_an_address_of_another_computer_gets_one_line(tmp_path, capsys):
    assert main(["web", "--host", "192.0.2.77", "--folder", str(tmp_path)]) == 2
    assert "192.0.2.77" in capsys.readouterr().err


def test_help_has_examples(capsys):
    assert main(["web", "--help"]) == 0
    out = capsys.readouterr().out
    assert "impasto web --open" in out
    assert "--keep-hours" in out


def test_the_example_client_paints(tmp_path, photo, capsys, monkeypatch):
    path = Path(__file__).parents[2] / "examples" / "web_client.py"
    with ServerProcess(tmp_path / "web", "--port", "0") as server:
        words = [path.name, str(photo), "poppies", f"{tmp_path}/out.png", server.address[:-1]]
        monkeypatch.setattr(sys, "argv", words)
        runpy.run_path(str(path), run_name="__main__")
    assert load_image(tmp_path / "out.png").size == (768, 512)
    assert "working" in capsys.readouterr().out


@pytest.mark.parametrize("host", ["nowhere.invalid", "é" * 300, "1.2.3.4.5"])
def test_a_host_that_is_no_address_of_this_computer_is_one_line(host):
    with pytest.raises(ConfigError, match="this is no address of this computer"):
        listen(host, 0)


def test_the_qr_code_in_the_terminal_is_the_address():
    """Read as a phone's camera would: half blocks become pixels, and OpenCV decodes them."""
    cv2 = pytest.importorskip("cv2")
    pytest.importorskip("segno")
    address = "http://192.168.178.20:7460/?token=Vd3Jk_x-0aQ7mB2nL9cR4tY6uW8eZ1sP"
    drawn = re.sub(r"\x1b\[[0-9;]*m", "", qr_code(address))
    halves = {" ": (0, 0), "\u2580": (1, 0), "\u2584": (0, 1), "\u2588": (1, 1)}
    rows = [[halves[mark] for mark in line] for line in drawn.splitlines()]
    width = max(map(len, rows))
    dark = np.array([[*row, *[(0, 0)] * (width - len(row))] for row in rows])
    pixels = dark.transpose(0, 2, 1).reshape(-1, width)
    image = np.kron(255 * pixels, np.ones((8, 8))).astype(np.uint8)
    image = np.pad(image, 32, constant_values=255)
    found = [cv2.QRCodeDetector().detectAndDecode(each)[0] for each in (image, 255 - image)]
    assert address in found
