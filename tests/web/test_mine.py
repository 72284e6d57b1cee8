"""My pictures: what is listed, kept and deleted, and who sees it."""

import shutil

from impasto import assets
from impasto.networks.registry import BASE
from web_tools import client_of, opened, paint, photo_bytes, send


def test_what_was_painted_and_sent_is_listed_the_latest_first(client):
    first = send(client, photo_bytes(seed=1), "first.jpg")
    second = send(client, photo_bytes(seed=2), "second.jpg")
    send(client, photo_bytes(8, 8, "PNG"), "mask.png")  # a brush's
    old, new = paint(client, photo=first), paint(client, photo=second)
    assets.own_folder().mkdir(parents=True)
    shutil.copy(BASE, assets.own_folder() / "garden.safetensors")
    found = client.get("/api/mine").json()
    assert [each["id"] for each in found["paintings"]] == [new["id"], old["id"]]
    assert found["paintings"][0]["styles"] == ["starry-night"]
    assert [each["name"] for each in found["pictures"]] == ["second.jpg", "first.jpg"]
    assert [each["name"] for each in found["styles"]] == ["garden"]
    view = client.get(f"/api/jobs/{new['id']}/view", params={"size": 64})
    assert max(opened(view.content).size) == 64
    client.delete(f"/api/jobs/{new['id']}")
    client.delete(f"/api/pictures/{second}")
    client.delete("/api/styles/garden")
    found = client.get("/api/mine").json()
    assert [len(found[name]) for name in ("paintings", "pictures", "styles")] == [1, 1, 0]


def test_a_favorite_outlives_the_others_and_a_restart(make_desk, clock):
    queue = make_desk(keep=100)
    client = client_of(queue)
    photo = send(client, photo_bytes())
    kept, other = paint(client, photo=photo), paint(client, photo=photo)
    assert client.post(f"/api/jobs/{kept['id']}/favorite").status_code == 204
    assert client.get(f"/api/jobs/{kept['id']}").json()["favorite"]
    queue.close()
    queue = make_desk(keep=100)
    client = client_of(queue)
    clock.ahead += 1000
    queue.sweep()
    assert [each["id"] for each in client.get("/api/mine").json()["paintings"]] == [kept["id"]]
    assert client.get(kept["result"]).status_code == 200
    assert client.get(f"/api/pictures/{photo}").status_code == 200
    assert client.get(other["result"]).status_code == 404
    assert client.delete(f"/api/jobs/{kept['id']}/favorite").status_code == 204
    queue.sweep()
    assert client.get(kept["result"]).status_code == 404


def test_who_shares_a_server_sees_nobodys_list(queue):
    assert client_of(queue).get("/api/about").json()["mine"]
    shared = client_of(queue, token=TOKEN)
    shared.headers["authorization"] = f"Bearer {TOKEN}"
    assert not shared.get("/api/about").json()["mine"]
    assert shared.get("/api/mine").status_code == 404


TOKEN = "long-enough-a-token-of-somebody"
