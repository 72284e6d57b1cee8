"""Masks that the server finds: the subject of a photo, and faces."""

import numpy as np
import pytest

from web_tools import JPEG, opened, photo_bytes

ASTRONAUT = "/api/pictures/astronaut/mask"


def mask_from(client, query):
    answer = client.get(f"{ASTRONAUT}?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png"), answer.text
    return np.asarray(opened(answer.content).convert("L"))


def test_the_subject_is_white(client):
    mask = mask_from(client, "what=subject")
    height, width = mask.shape
    assert set(np.unique(mask)) == {0, 255}
    assert mask[height // 4, int(width * 0.45)] == 255, "her face"
    assert mask[:4].mean() < 255


def test_a_box_holds_the_subject(client):
    box = (0.25, 0.05, 0.4, 0.35)
    mask = mask_from(client, "&".join(f"box={share}" for share in box))
    height, width = mask.shape
    rows, columns = np.nonzero(mask)
    assert rows.size
    assert columns.min() >= 0.25 * width - 4
    assert columns.max() <= 0.65 * width + 4
    assert rows.max() <= 0.4 * height + 4


def test_her_face_is_found(client):
    mask = mask_from(client, "what=faces")
    height, width = mask.shape
    rows, columns = np.nonzero(mask > 127)
    assert 0.03 < np.mean(mask > 127) < 0.2
    assert abs(rows.mean() / height - 0.25) < 0.1
    assert abs(columns.mean() / width - 0.45) < 0.1


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        (f"{ASTRONAUT}?what=cats", 422, "subject"),
        (f"{ASTRONAUT}?box=0.1&box=0.2", 422, "box"),
        (f"{ASTRONAUT}?box=0&box=0&box=2&box=1", 422, "box"),
        (f"{ASTRONAUT}?box=0&box=0&box=0&box=0", 422, "box"),
        ("/api/pictures/nothing/mask", 404, ""),
    ],
)
def test_what_cannot_be_found_is_one_line(client, path, status, words):
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["error"]


def test_a_picture_without_faces_says_so(client):
    sent = client.post("/api/pictures?name=a.jpg", content=photo_bytes(64, 48), headers=JPEG)
    answer = client.get(f"/api/pictures/{sent.json()['id']}/mask?what=faces")
    assert answer.status_code == 422
    assert "no face" in answer.json()["error"]
