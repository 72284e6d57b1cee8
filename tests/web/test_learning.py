"""Learning a painting on the page's server."""

from impasto import assets
from impasto.networks.registry import own_styles
from web_tools import paint, photo_bytes, send, start, wait

SHORT = {"kind": "learn", "minutes": 0.02}


def learn(client, **request):
    painting = send(client, photo_bytes(80, 80, seed=5), "My garden.jpg")
    job = start(client, **SHORT, picture=painting, **request)
    assert job["expected"] == 1.2
    return wait(client, job)


def test_a_painting_becomes_a_style_of_the_gallery(client):
    photo = send(client, photo_bytes(), "holiday.jpg")
    job = learn(client, photo=photo)
    assert (job["state"], job["learned"]) == ("done", "my-garden")
    assert client.get(job["result"]).status_code == 200
    assert job["frames"]
    first = client.get("/api/styles").json()[0]
    assert (first["name"], first["own"], first["can_refine"]) == ("my-garden", True, True)
    assert client.get(first["thumbnail"]).status_code == 200
    painted = paint(client, photo=photo, styles=[{"style": "my-garden"}])
    assert painted["state"] == "done"
    assert painted["why_not_finer"] is None


def test_its_commands_do_the_same(client):
    command = learn(client)["command"].splitlines()
    assert command[0] == "impasto learn 'My garden.jpg' --minutes 0.02 --name my-garden &&"
    assert command[1].startswith("impasto stylize castle --style my-garden --size 512 -o")


def test_a_style_of_ones_own_is_removed(client):
    learn(client)
    assert client.delete("/api/styles/my-garden").status_code == 204
    assert own_styles() == {}
    assert assets.find("my-garden") is None
    assert client.delete("/api/styles/my-garden").status_code == 404
    assert client.delete("/api/styles/starry-night").status_code == 404
    assert all(not style["own"] for style in client.get("/api/styles").json())


def test_what_is_a_style_already(client):
    answer = client.post("/api/jobs", json={**SHORT, "picture": "great-wave"})
    assert answer.status_code == 422
    assert "is a style already" in answer.json()["error"]


def test_stopping_keeps_what_is_learned(client):
    painting = send(client, photo_bytes(80, 80, seed=5), "a.jpg")
    job = start(client, kind="learn", picture=painting, minutes=5)
    while not job["step"]:
        job = client.get(f"/api/jobs/{job['id']}").json()
    client.post(f"/api/jobs/{job['id']}/stop")
    job = wait(client, job)
    assert (job["state"], job["learned"]) == ("done", "a")
