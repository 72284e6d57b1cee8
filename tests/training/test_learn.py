"""Learning a painting: a style by name."""

import shutil

import pytest

import impasto
from impasto import assets
from impasto.core.errors import ConfigError, ModelFileError
from impasto.core.events import Sample, StopEarly, TrainStep
from impasto.networks.model_file import read_info
from impasto.networks.registry import own_styles, remove_own, styles
from impasto.training.learn import name_for
from support import load_image, save_picture

ONE_STEP = {"steps": 1, "style_size": 64}


@pytest.fixture(scope="module")
def at_work(tmp_path_factory):
    """Where one step of training has made a style of a painting."""
    folder = tmp_path_factory.mktemp("learned")
    save_picture(folder / "painting.png", 50, 50, 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMPASTO_DATA", str(folder / "data"))
        name = impasto.learn(folder / "painting.png", credit="Nobody, 2026", **ONE_STEP)
    assert name == "painting"
    return folder


@pytest.fixture
def learned(at_work, tmp_path):
    """The name of that style, which this test may change."""
    shutil.copytree(at_work / "data", tmp_path / "data")
    return "painting"


def test_a_painting_becomes_a_style(learned, painting):
    assert learned == "painting"
    assert styles()[learned] == assets.own_folder() / "painting.safetensors"
    assert read_info(styles()[learned]).styles[0].credit == "Nobody, 2026"
    assert load_image(assets.find(learned)).size == load_image(painting).size
    image = impasto.stylize("castle", learned, size=64).image
    assert image.size == (64, 43)


def test_it_goes_on_from_what_it_learned(learned, painting):
    before = styles()[learned].read_bytes()
    notes = [
        event.message
        for event in impasto.learn_events(painting, impasto.LearnOptions(**ONE_STEP))
        if isinstance(event, impasto.Note)
    ]
    assert "goes on" in notes[0]
    assert styles()[learned].read_bytes() != before


def test_another_painting_does_not_take_its_name(learned, tmp_path):
    other = save_picture(tmp_path / "other.png", 60, 60, seed=9)
    with pytest.raises(ConfigError, match="from another painting"):
        impasto.learn(other, name=learned, **ONE_STEP)
    impasto.learn(other, name=learned, force=True, **ONE_STEP)
    assert load_image(assets.find(learned)).size == (60, 60)


@pytest.mark.usefixtures("learned")
def test_a_name_is_found_that_is_free(tmp_path):
    other = save_picture(tmp_path / "painting.jpg", 60, 60, seed=9)
    assert impasto.learn(other, **ONE_STEP) == "painting-2"
    assert impasto.learn(other, **ONE_STEP) == "painting-2"
    assert name_for("Starry Night", "") == "starry-night-2"
    assert name_for("--?", "") == "style"


def test_stopping_keeps_what_is_learned(painting):
    events = impasto.learn_events(painting, impasto.LearnOptions(steps=50, style_size=64))
    last = None
    for event in events:
        last = event
        if isinstance(event, TrainStep):
            last = events.throw(StopEarly)
    assert isinstance(last, impasto.Learned)
    assert (last.stopped, last.steps) == (True, 1)
    assert own_styles() == {"painting": last.path}


def test_a_photo_shows_how_far_it_is(painting):
    events = impasto.learn_events(painting, impasto.LearnOptions(**ONE_STEP), show="astronaut")
    shown = [event.image for event in events if isinstance(event, Sample)]
    assert {max(image.shape[-2:]) for image in shown} == {512}  # once, or oftener if it is slow


def test_nothing_is_left_of_its_run(learned):
    assert learned
    assert not list(assets.own_folder().with_name("learning").glob("*.run"))


@pytest.mark.parametrize("name", ["starry-night", "a/b", "", ".x", "x" * 82])
def test_a_name_that_cannot_be(name, painting):
    with pytest.raises(ConfigError, match="name"):
        impasto.learn(painting, name=name, **ONE_STEP)


def test_no_photos(painting, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ConfigError, match="no pictures"):
        impasto.learn(painting, photos=empty, **ONE_STEP)


def test_a_style_is_removed(learned):
    remove_own(learned)
    assert own_styles() == {}
    assert assets.find(learned) is None
    with pytest.raises(ModelFileError, match="none yet"):
        remove_own(learned)


def test_bundled_styles_stay():
    with pytest.raises(ModelFileError, match="no style that you have learned"):
        remove_own("starry-night")


def test_the_photos_to_learn_from():
    files = sorted(assets.TRAINING_PHOTOS.glob("*.avif"))
    assert 100 <= len(files) <= 200
    assert sum(path.stat().st_size for path in files) <= 4e6
    credited = (assets.TRAINING_PHOTOS / "CREDITS.md").read_text("utf-8")
    assert all(f"| {path.stem} |" in credited for path in files)


def test_what_is_learned_does_not_hang_on_single_pixels():
    """Without this term, strokes follow the noise of a photo, and skies are speckled."""
    assert impasto.LearnOptions(device="cpu").training("base").temporal_weight > 0
    assert impasto.TrainOptions().temporal_weight == 0


def test_crops_are_large_where_there_is_time_for_them():
    sizes = [
        impasto.LearnOptions(device="cpu", **asked).training("base").size
        for asked in (
            {"dtype": "float32"},
            {"dtype": "float32", "minutes": 5},
            {"dtype": "float32", "minutes": 10},
            {"dtype": "float32", "steps": 10},
            {"dtype": "bfloat16"},
        )
    ]
    assert sizes == [256, 256, 384, 384, 384]
