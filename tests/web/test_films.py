"""Films on the page: sent, painted, watched, kept and deleted."""

import av
import numpy as np
import pytest

from clips import FRAMES, make_clip
from impasto.film.clips import ClipReader
from impasto.web import limits
from web_tools import client_of, opened, photo_bytes, send, start, wait

MP4 = {"content-type": "video/mp4"}


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4")


def send_film(client, data, name="holiday.mp4", headers=MP4):
    return client.post(f"/api/films?name={name}", content=data, headers=headers)


def paint(client, clip, **options):
    film = send_film(client, clip.read_bytes()).json()["id"]
    asked = {"kind": "video", "photo": film, "styles": [{"style": "great-wave"}], **options}
    return film, wait(client, start(client, **asked))


def test_a_film_is_painted_with_its_sound(client, clip, tmp_path):
    film, job = paint(client, clip, size=64, strength=0.8)
    assert (job["state"], job["step"]) == ("done", FRAMES), job["message"]
    assert (job["width"], job["height"]) == (64, 48)
    (tmp_path / "painted.mp4").write_bytes(client.get(job["video"]).content)
    with ClipReader(tmp_path / "painted.mp4") as reader:
        painted = [frame for _, frame in reader.frames()]
    assert len(painted) == FRAMES
    with av.open(str(tmp_path / "painted.mp4")) as container:
        assert len(container.streams.audio) == 1
    poster = np.asarray(opened(client.get(job["result"]).content), float)
    assert np.abs(poster - painted[0]).mean() < 2
    assert job["command"] == (
        "impasto video holiday.mp4 --style great-wave --strength 0.8 --size 64 "
        "-o holiday_great-wave.mp4"
    )
    assert client.get(f"/api/pictures/{film}/film").content == clip.read_bytes()
    part = client.get(job["video"], headers={"range": "bytes=0-99"})
    assert (part.status_code, len(part.content)) == (206, 100), "so that a player can seek"
    told = client.get(f"/api/pictures/{film}/about").json()
    assert (told["film"], told["width"]) == (True, 64)
    assert (
        client.get(job["video"] + "?download=true")
        .headers["content-disposition"]
        .endswith('"holiday_great-wave.mp4"')
    )


def test_it_outlives_the_server(client, queue, clip):
    film, job = paint(client, clip)
    again = client_of(type(queue)(queue.store, queue.timing, 8))
    assert again.get(job["video"]).status_code == 200
    assert again.get(f"/api/pictures/{film}/film").status_code == 200


def test_a_stopped_film_is_kept_as_far_as_it_came(client, queue, tmp_path):
    long = make_clip(tmp_path / "long.mp4", size=(320, 240), times=range(400), sound=None)
    film = send_film(client, long.read_bytes()).json()["id"]
    job = start(client, kind="video", photo=film, styles=[{"style": "great-wave"}])
    while not client.get(f"/api/jobs/{job['id']}").json()["message"].startswith("frame"):
        pass
    assert client.delete(f"/api/pictures/{film}").status_code == 409, "it is being painted"
    client.post(f"/api/jobs/{job['id']}/stop")
    job = wait(client, job)
    assert job["state"] == "done"
    assert 0 < job["step"] < 400
    assert job["video"]
    assert client.delete(f"/api/pictures/{film}").status_code == 204
    assert not list((queue.store.folder / "pictures").iterdir())


def test_what_is_no_film_is_said_and_leaves_nothing(client, queue, clip):
    for data, headers, status, words in (
        (b"no film", MP4, 422, "cannot be read as a film"),
        (b"", MP4, 422, "cannot be read"),
        (clip.read_bytes()[:700], MP4, 422, "cannot be read"),
        (b"text", {"content-type": "text/plain"}, 415, "the film itself"),
        (b"", {**MP4, "content-length": str(limits.FILM_BYTES + 1)}, 413, "200 MB"),
    ):
        answer = send_film(client, data, headers=headers)
        assert answer.status_code == status, answer.text
        assert words in answer.json()["error"]
    assert not list((queue.store.folder / "pictures").iterdir())


def test_what_cannot_be_painted_as_a_film_is_said(client, clip):
    photo, painting = send(client, photo_bytes()), send(client, photo_bytes(seed=5))
    film = send_film(client, clip.read_bytes()).json()["id"]
    great_wave = [{"style": "great-wave"}]
    for asked, status, words in (
        ({"photo": photo, "styles": great_wave}, 404, "is no film"),
        ({"photo": "castle", "styles": great_wave}, 404, "is no film"),
        ({"photo": film, "styles": [{"picture": painting}]}, 422, "learn this painting first"),
        ({"photo": film, "styles": great_wave, "size": 4000}, 422, "size"),
    ):
        answer = client.post("/api/jobs", json={"kind": "video", **asked})
        assert answer.status_code == status
        assert words in answer.json()["error"]


def test_a_film_is_a_photo_too(client, clip):
    film = send_film(client, clip.read_bytes()).json()["id"]
    asked = {"kind": "stylize", "photo": film, "styles": [{"style": "great-wave"}]}
    job = wait(client, start(client, **asked))
    assert opened(client.get(job["result"]).content).size == (64, 48)
    assert job["video"] is None
    assert client.get(f"/api/jobs/{job['id']}/video").status_code == 404
