"""Networks between networks."""

import itertools
import os
import shutil

import numpy as np
import pytest
from PIL import Image

import impasto
from impasto.assets import own_folder
from impasto.core.errors import ConfigError
from impasto.networks.blends import blend_models
from impasto.networks.model_file import load_weights, read_info
from impasto.networks.registry import ZOO
from support import save_random_model

PARTS = ("red", "blue")


@pytest.fixture
def parts(tmp_path, monkeypatch):
    """Two models of one style, and how much of each."""
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "cache"))
    paths = [save_random_model(tmp_path / f"{n}.safetensors", seed=i) for i, n in enumerate(PARTS)]
    return dict(zip(PARTS, zip(paths, (0.25, 0.75), strict=True), strict=True))


def test_a_blend_is_made_once_whatever_the_order(parts):
    path = blend_models(parts)
    written = path.stat().st_mtime_ns
    assert blend_models(dict(reversed(parts.items()))) == path
    assert path.stat().st_mtime_ns == written
    info = read_info(path)
    assert [style.name for style in info.styles] == ["blue+red"]
    assert info.recipe == {"blend": {"blue": 0.75, "red": 0.25}}


def test_another_share_or_another_network_is_another_blend(parts, tmp_path):
    path = blend_models(parts)
    (red, _), blue = parts.values()
    assert blend_models({"red": (red, 0.3), "blue": (blue[0], 0.7)}) != path
    save_random_model(tmp_path / "red.safetensors", seed=7)
    assert blend_models(parts) != path


def test_networks_of_different_shapes_are_refused(parts, tmp_path):
    two = save_random_model(tmp_path / "two.safetensors", names=("a", "b"))
    with pytest.raises(ConfigError, match="blue and two are networks of different shapes"):
        blend_models({"two": (two, 0.5), "blue": (parts["blue"][0], 0.5)})


@pytest.mark.skipif(os.name == "nt", reason="a file in the way of a folder")
def test_a_cache_that_cannot_be_written_to_is_no_obstacle(parts, tmp_path, monkeypatch):
    expected = load_weights(blend_models(parts))
    (tmp_path / "in-the-way").write_text("a file")
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "in-the-way"))
    path = blend_models(parts)
    assert str(tmp_path) not in str(path)
    found = load_weights(path)
    assert all(np.array_equal(found[name], array) for name, array in expected.items())


def painted(style, **options):
    return np.asarray(impasto.stylize("castle", style, size=160, **options).image, np.float32)


def test_a_style_of_ones_own_blends_with_the_bundled_ones(tmp_path, monkeypatch):
    monkeypatch.setenv("IMPASTO_DATA", str(tmp_path))
    (tmp_path / "styles").mkdir()
    shutil.copy(ZOO / "kazusa.safetensors", own_folder() / "mine.safetensors")
    assert np.array_equal(painted("mine,poppies"), painted("kazusa,poppies"))
    ramp = {"style_map": "left:right"}
    assert np.array_equal(painted("mine,poppies", **ramp), painted("kazusa,poppies", **ramp))


def test_a_map_paints_each_place_with_its_own_network(tmp_path):
    black_and_white = np.zeros((32, 48), np.uint8)
    black_and_white[:, 24:] = 255
    Image.fromarray(black_and_white).save(tmp_path / "map.png")
    options = {"engine": "torch", "dtype": "float32"}
    kazusa, poppies = (painted(name, **options) for name in ("kazusa", "poppies"))
    mixed = painted("kazusa,poppies", style_map=str(tmp_path / "map.png"), **options)
    assert np.array_equal(mixed[:, :70], kazusa[:, :70])
    assert np.array_equal(mixed[:, -70:], poppies[:, -70:])
    ramp = painted("kazusa,poppies", style_map="left:right", **options)
    middle = painted("kazusa,poppies", **options)
    for columns, nearest in ((0, kazusa), (80, middle), (-1, poppies)):
        assert np.abs(ramp - nearest)[:, columns].mean() < 1
    assert np.abs(middle - (kazusa + poppies) / 2).mean() > 3


def test_a_map_takes_two_styles():
    with pytest.raises(ConfigError, match=r"needs two styles, .* got 3"):
        painted("kazusa,poppies,spring", style_map="left:right")


def test_bundled_styles_blend_smoothly():
    """From one style to the other, every step is about as long, and there is no ridge between."""
    shares = (0.0, 0.25, 0.5, 0.75, 1.0)
    pictures = [painted(f"poppies:{1 - share},kazusa:{share}") for share in shares]
    whole = np.abs(pictures[-1] - pictures[0]).mean()
    steps = [np.abs(b - a).mean() for a, b in itertools.pairwise(pictures)]
    assert max(steps) < 0.5 * whole
    assert sum(steps) < 1.5 * whole
