from __future__ import annotations

import pytest

from impasto.web.guard import HEADERS
from web_tools import ADDRESS, Client, client_of

TOKEN = "A-secret_token"


def test_every_answer_carries_the_security_headers(client):
    for path in ("/", "/static/main.js", "/api/styles", "/api/jobs/none", "/nothing"):
        headers = client.get(path).headers
        for name, value in HEADERS.items():
            assert headers[name] == value, path
    policy = HEADERS["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "10.0.0.7:7460"])
def test_another_host_name_is_refused(client, host):
    answer = client.get("/api/styles", headers={"host": host})
    assert answer.status_code == 421
    assert "open the address" in answer.json()["error"]
    for name in HEADERS:
        assert name in answer.headers


@pytest.mark.parametrize("host", ["127.0.0.1:7460", "localhost:1", "LOCALHOST", "[::1]:7460"])
def test_our_host_names_are_known(queue, host):
    hosts = ("127.0.0.1", "localhost", "::1")
    answer = client_of(queue, hosts=hosts).get("/api/health", headers={"host": host})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_site_can_neither_post_nor_look(client, headers):
    body = {"kind": "sheet", "photo": "castle"}
    assert client.post("/api/jobs", json=body, headers=headers).status_code == 403
    assert client.get("/api/styles/great-wave/thumbnail", headers=headers).status_code == 403
    assert client.get("/api/health").json()["queue"]["length"] == 0


def test_our_own_page_can_post(client):
    headers = {"origin": ADDRESS, "sec-fetch-site": "same-origin"}
    body = {"kind": "sheet", "photo": "castle"}
    assert client.post("/api/jobs", json=body, headers=headers).status_code == 202


def test_a_link_on_another_site_may_lead_here(client):
    assert client.get("/", headers={"sec-fetch-site": "cross-site"}).status_code == 200


def test_no_page_of_the_framework_is_served(client):
    for path in ("/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect"):
        assert client.get(path).status_code == 404


@pytest.fixture
def locked(queue) -> Client:
    return client_of(queue, hosts=None, token=TOKEN)


def test_without_the_token_nothing_is_told(locked):
    for path in ("/", "/static/main.js", "/api/health", "/api/pictures/castle", "/?token=wrong"):
        answer = locked.get(path)
        assert answer.status_code == 401
        assert "token" in answer.text
        assert ("error" in answer.text) == (not path.startswith("/?") and path != "/")
        assert "set-cookie" not in answer.headers
    wrong = {"authorization": "Bearer wrong", "cookie": "impasto=wrong"}
    assert locked.get("/api/health", headers=wrong).status_code == 401


def test_a_browser_without_the_token_is_asked_for_it(locked):
    answer = locked.get("/")
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("text/html")
    assert 'name="token"' in answer.text
    assert "form-action 'self'" in answer.headers["content-security-policy"]
    assert TOKEN not in answer.text
    assert locked.get("/", params={"token": TOKEN}).status_code == 200


def test_a_browser_is_known_after_a_restart(make_desk):
    queue = make_desk()
    token = queue.store.token()
    cookie = client_of(queue, token=token).get("/", params={"token": token}).headers["set-cookie"]
    queue.close()
    queue = make_desk()
    assert queue.store.token() == token
    assert (queue.store.folder / "token").stat().st_mode & 0o077 == 0
    known = {"cookie": cookie.partition(";")[0]}
    again = client_of(queue, token=queue.store.token())
    assert again.get("/api/health", headers=known).status_code == 200
    (queue.store.folder / "token").write_text("")
    other = client_of(queue, token=queue.store.token())
    assert other.get("/api/health", headers=known).status_code == 401


def test_the_token_becomes_a_cookie_that_scripts_cannot_read(locked):
    answer = locked.get(f"/?token={TOKEN}")
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    value = cookie.partition(";")[0]
    assert TOKEN not in value  # who sees the cookie cannot make another browser's
    assert locked.get("/api/health", headers={"cookie": value}).status_code == 200


def test_programs_send_the_token_in_a_header(locked):
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert locked.get("/api/health", headers=headers).status_code == 200
    # The token in an address opens the page only: addresses end up in logs.
    assert locked.get(f"/api/health?token={TOKEN}").status_code == 401


@pytest.mark.parametrize(("host", "status"), [("192.168.1.7:80", 200), ("evil.example", 421)])
def test_others_call_the_server_by_its_address(locked, host, status):
    headers = {"authorization": f"Bearer {TOKEN}", "host": host}
    assert locked.get("/api/health", headers=headers).status_code == status
