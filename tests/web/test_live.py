"""The camera through a style, as the page sends it: frame by frame."""

import io

import numpy as np
import pytest
from PIL import Image

from impasto.web import limits
from web_tools import JPEG, client_of, opened, photo_bytes

QUERY = "/api/live?style=great-wave&session=a"


def paint(client, data, query=QUERY, headers=JPEG):
    return client.post(query, content=data, headers=headers)


def test_a_frame_comes_back_painted(client):
    data = photo_bytes(96, 64)
    answer = paint(client, data)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    painted, frame = opened(answer.content), opened(data)
    assert painted.size == (96, 64)
    difference = np.abs(np.asarray(painted, float) - np.asarray(frame, float)).mean()
    assert difference > 10
    weak = opened(paint(client, data, f"{QUERY}&strength=0.2").content)
    assert np.abs(np.asarray(weak, float) - np.asarray(frame, float)).mean() < difference


def test_frames_of_a_camera_are_kept_steady(client):
    """A still camera with its noise: the painted frames differ less than those of two cameras."""
    rng = np.random.default_rng(0)
    still = np.asarray(opened(photo_bytes(96, 64)), float)

    def frame():
        noisy = (still + rng.normal(0, 4, still.shape)).clip(0, 255).astype(np.uint8)
        stream = io.BytesIO()
        Image.fromarray(noisy).save(stream, "JPEG", quality=95)
        return stream.getvalue()

    def shake(sessions):
        seen = [
            np.asarray(opened(paint(client, frame(), f"{QUERY}{session}").content), float)
            for session in sessions
        ]
        return np.abs(np.diff(seen, axis=0)).mean()

    assert shake("bbbbbb") < 0.6 * shake("cdefgh")


@pytest.mark.parametrize(
    ("data", "query", "headers", "status", "words"),
    [
        (photo_bytes(64, 48), "/api/live?style=none", JPEG, 404, "no such style"),
        (photo_bytes(700, 48), QUERY, JPEG, 422, "640 pixels"),
        (b"no picture", QUERY, JPEG, 422, "no picture"),
        (b"", QUERY, JPEG, 422, "no picture"),
        (photo_bytes(64, 48), QUERY, {"content-type": "text/plain"}, 415, "Content-Type"),
        (bytes(limits.LIVE_BYTES + 1), QUERY, JPEG, 413, "1 MB"),
        (photo_bytes(64, 48), f"{QUERY}&strength=2", JPEG, 422, "strength"),
        (photo_bytes(64, 48), f"{QUERY}{'x' * 100}", JPEG, 422, "session"),
    ],
)
def test_what_cannot_be_is_said(client, data, query, headers, status, words):
    answer = paint(client, data, query, headers)
    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_it_asks_for_the_token_as_all_else_does(queue):
    answer = paint(client_of(queue, token="secret"), photo_bytes(64, 48))
    assert answer.status_code == 401
