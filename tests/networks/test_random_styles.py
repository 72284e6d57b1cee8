"""A folder of styles: every photo gets one, always the same."""

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import impasto
from impasto import assets
from impasto.core.errors import ConfigError, ModelFileError
from impasto.core.events import Painted
from impasto.io.image import read_note
from impasto.networks.options import StylizeOptions
from impasto.networks.random_styles import style_for, styles_in
from impasto.networks.registry import bundled_styles
from impasto.networks.stylize import stylize_events
from impasto.recipe import Recipe
from support import save_picture


@pytest.fixture
def folder(tmp_path, wave):
    """A model file, and in a folder a painting that a bundled network has learned."""
    found = tmp_path / "paintings"
    (found / "japan").mkdir(parents=True)
    shutil.copy(wave, found / "mine.safetensors")
    shutil.copy(assets.find("great-wave"), found / "japan" / "hokusai.jpg")
    return found


def chosen(name, folder, seed=0):
    return style_for(f"{name}.jpg", StylizeOptions(style=str(folder), seed=seed)).style


def test_every_style_has_its_turn_and_keeps_its_photos(folder):
    first = [chosen(number, folder) for number in range(200)]
    assert first == [chosen(f"elsewhere/{number}", folder) for number in range(200)]
    counts = Counter(first)
    assert set(counts) == {str(folder / "mine.safetensors"), "great-wave"}
    assert min(counts.values()) > 70
    assert first != [chosen(number, folder, seed=1) for number in range(200)]


def test_photos_are_painted_with_theirs_and_say_so(folder, tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for number in range(6):
        pixels = rng.integers(0, 255, (24, 32, 3), np.uint8)
        Image.fromarray(pixels).resize((64, 48)).save(tmp_path / "photos" / f"{number}.png")
    options = StylizeOptions(style=str(folder))
    events = stylize_events([tmp_path / "photos"], options, output=tmp_path / "out")
    painted = [event for event in events if isinstance(event, Painted)]
    assert len(painted) == 6
    seen = set()
    for event in painted:
        photo = tmp_path / "photos" / f"{event.source.stem}.png"
        style = style_for(photo, options).style
        seen.add(style)
        alone = impasto.load(style)(photo)
        assert np.array_equal(np.asarray(alone), np.asarray(Image.open(event.path)))
        assert np.array_equal(np.asarray(impasto.stylize(photo, folder).image), np.asarray(alone))
        command = Recipe.from_json(read_note(event.path)).command()
        assert Path(style).name in command
        assert "--seed" not in command
    assert len(seen) == 2


def test_folders_that_cannot_be(folder, tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(ConfigError, match="neither paintings nor model files"):
        styles_in(tmp_path / "none")
    with pytest.raises(ConfigError, match="names several styles"):
        impasto.load(folder)
    with pytest.raises(ConfigError, match="the one style of the film"):
        impasto.video(tmp_path / "x.mp4", folder, tmp_path / "y.mp4")


def test_named_styles_take_turns_too(folder, tmp_path, monkeypatch):
    def seen(style):
        asked = StylizeOptions(style=style)
        return {style_for(f"{number}.jpg", asked).style for number in range(300)}

    assert seen("random") == set(bundled_styles())
    mine = str(folder / "mine.safetensors")
    assert seen(f"random:kazusa,{mine}") == {"kazusa", mine}
    with pytest.raises(ModelFileError, match="no-such-style"):
        styles_in("random:kazusa,no-such-style")
    with pytest.raises(ConfigError, match="names several styles"):
        impasto.load("random")
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (40, 30), "teal").save("photo.png")
    assert impasto.stylize("photo.png", "random", size=40).recipe.styles[0].name in bundled_styles()


def test_every_painting_is_read_by_vgg_once(tmp_path, monkeypatch):
    painting = save_picture(tmp_path / "painting.png", 64, 64, 5)
    first = impasto.load(painting)
    monkeypatch.setattr("impasto.perception.weights.find_weights", lambda **_: pytest.fail("again"))
    again = impasto.load(painting)
    for one, other in zip(first.net.parameters(), again.net.parameters(), strict=True):
        assert one.equal(other)
    with pytest.raises(pytest.fail.Exception, match="again"):
        impasto.load(painting, style_scale=2)
