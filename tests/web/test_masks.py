"""Masks that the server finds: the subject of a photo, and faces."""

import io

import numpy as np
import pytest
from PIL import Image

import impasto
from impasto.web.limits import REGION_COLORS
from web_tools import JPEG, opened, photo_bytes, send, start, wait

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


def flat_map(width, height, colors):
    """A picture of vertical bands."""
    drawn = Image.new("RGB", (width, height))
    for number, color in enumerate(colors):
        left, right = (width * each // len(colors) for each in (number, number + 1))
        drawn.paste(color, (left, 0, right, height))
    stream = io.BytesIO()
    drawn.save(stream, "PNG")
    return stream.getvalue()


def test_each_of_three_styles_goes_where_the_map_has_its_color(client, tmp_path):
    photo = photo_bytes(120, 80, "PNG")
    drawn = flat_map(120, 80, REGION_COLORS[:3])
    styles = [
        {"style": "great-wave"},
        {"style": "kazusa"},
        {"picture": send(client, photo, "b.png")},
    ]
    order = {"photo": send(client, photo, "a.png"), "styles": styles}
    mask = send(client, drawn, "mask.png")
    job = wait(client, start(client, kind="stylize", **order, style_map=mask))
    assert job["state"] == "done", job["message"]
    found = np.asarray(opened(client.get(job["result"]).content), float)
    for name, data in (("a.png", photo), ("b.png", photo), ("mask.png", drawn)):
        (tmp_path / name).write_bytes(data)
    words = {"black": "great-wave", "#ff2896": "kazusa", "#00c8ff": str(tmp_path / "b.png")}
    wanted = impasto.stylize(
        tmp_path / "a.png", words, regions=str(tmp_path / "mask.png"), seconds=0
    )
    assert np.abs(found - np.asarray(wanted.image, float)).max() <= 1
    assert "--style 'black=great-wave,#ff2896=kazusa,#00c8ff=b.png'" in job["command"]
    assert "--regions mask.png" in job["command"]
    assert {need["name"] for need in job["needs"]} == {"a.png", "b.png", "mask.png"}
    assert job["why_not_finer"].startswith("finer covers the whole picture")


def test_three_styles_do_not_go_from_side_to_side(client):
    styles = [{"style": name} for name in ("great-wave", "kazusa", "poppies")]
    order = {"kind": "stylize", "photo": "castle", "styles": styles, "style_map": "left:right"}
    answer = client.post("/api/jobs", json=order)
    assert answer.status_code == 422
    assert "one style or two" in answer.json()["error"]
