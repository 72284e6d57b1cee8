"""A crowd that misbehaves, while the owner of the page goes on working."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from web_tools import ServerProcess, photo_bytes


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("attack") / "web", "--port", "0")
    yield server
    server.end()


def ask(server, method, path, body=None, kind="application/json"):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request(method, path, body, {"Content-Type": kind})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, data


def crowd(stack, server, count, said):
    """So many connections that say this much and then nothing."""
    lines = []
    for _ in range(count):
        line = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 30))
        if said:
            line.sendall(said)
        lines.append(line)
    return lines


UPLOAD = (
    b"POST /api/pictures HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\n"
    b"Content-Length: 1000\r\n\r\nabcd"
)


def test_the_owner_goes_on_while_500_connections_misbehave(server):
    with ExitStack() as stack:
        silent = crowd(stack, server, 300, b"")
        halves = crowd(stack, server, 180, b"GET /api/health HTTP/1.1\r\nHost: 127")
        stalled = crowd(stack, server, 20, UPLOAD)
        assert ask(server, "GET", "/api/health")[0] == 200
        status, data = ask(server, "POST", "/api/pictures?name=a.jpg", photo_bytes(), "image/jpeg")
        assert status == 201
        order = {
            "kind": "stylize",
            "photo": json.loads(data)["id"],
            "styles": [{"style": "great-wave"}],
            "size": 64,
        }
        assert ask(server, "POST", "/api/jobs", json.dumps(order))[0] == 202
        # The server is done with them before long; none waits for the client.
        for line in stalled:
            assert b" 408 " in line.recv(4096).splitlines()[0]
        for line in (*silent, *halves):
            assert line.recv(4096) == b""
        assert ask(server, "GET", "/api/health")[0] == 200


def test_a_second_request_may_not_take_for_ever_either(server):
    request = b"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), 30) as line:
        line.sendall(request)
        assert b" 200 " in line.recv(4096).splitlines()[0]
        line.sendall(request[:20])
        while line.recv(4096):
            pass


def test_a_hundred_listeners_and_a_hundred_uploads_at_once(server):
    job = json.loads(ask(server, "GET", "/api/about")[1])["example"]["id"]
    listen = f"GET /api/jobs/{job}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    with ExitStack() as stack:
        crowd(stack, server, 100, listen)
        crowd(stack, server, 100, UPLOAD)
        assert ask(server, "GET", f"/api/jobs/{job}")[0] == 200
        status, _ = ask(server, "POST", "/api/pictures?name=b.jpg", photo_bytes(), "image/jpeg")
        assert status in (201, 429), "taken, or told to try again"
    status, _ = ask(server, "POST", "/api/pictures?name=c.jpg", photo_bytes(), "image/jpeg")
    assert status == 201
