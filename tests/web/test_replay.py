from __future__ import annotations

import importlib.util

import av
import numpy as np
import pytest
from PIL import Image

from impasto.core.errors import MissingError, how_to_install
from impasto.web.responses import RATE, write_film
from support import save_picture


def test_a_film_goes_from_the_photo_to_the_result(tmp_path):
    paths = [save_picture(tmp_path / f"{seed}.png", 63, 95, seed) for seed in range(4)]
    write_film(paths[0], paths[1:], tmp_path / "film.mp4")
    with av.open(str(tmp_path / "film.mp4")) as film:
        stream = film.streams.video[0]
        assert stream.codec_context.name == "h264"
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(stream)]
    assert frames[0].shape == (64, 96, 3)
    assert 3 * RATE < len(frames) < 8 * RATE
    for path, frame in ((paths[0], frames[0]), (paths[-1], frames[-1])):
        with Image.open(path) as image:
            wanted = np.asarray(image.resize((96, 64)), np.float32)
        assert np.abs(frame - wanted).mean() < 12


def test_the_page_knows_what_to_say_without_the_package(client):
    told = client.get("/api/about").json()
    assert told["film"] is True
    assert told["film_needs"].endswith(how_to_install("video"))


def test_without_the_package_a_film_says_how_to_get_it(tmp_path, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "av" else find(name)
    )
    photo = save_picture(tmp_path / "a.png", 32, 32, 1)
    with pytest.raises(MissingError, match=r"pip install 'impasto\[video\]'"):
        write_film(photo, [photo, photo], tmp_path / "film.mp4")
