"""`impasto.measure`, with the real VGG-16."""

import shutil

import pytest
from PIL import Image

import impasto
from impasto import assets
from impasto.analysis.origins import content_of, find_origin, find_painting
from impasto.core.errors import (
    ConfigError,
    ImageError,
    MissingError,
    ResourceError,
    how_to_install,
)
from impasto.core.events import Advanced, Failed, Note, ReferenceStep
from support import load_image, save_picture, save_random_model

OPTIONS = {"size": 48, "steps": (1,), "coarsest": 0}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def painted(photo, painting, here):
    """A picture with a recipe that names the files beside it."""
    return impasto.optimize(photo.name, painting.name, **OPTIONS).save(here / "painted.png")


def test_a_picture_is_equal_to_itself(photo):
    found = impasto.measure(photo, photo, photo)
    assert found.content_distance == found.style_distance == found.classic_loss == 0
    assert found.ssim == pytest.approx(1)
    assert found.lpips == pytest.approx(0, abs=1e-6)
    assert found.photo.content_distance == 0
    assert (found.width, found.height) == (60, 40)
    assert found.equivalent_steps is None


def test_the_recipe_tells_what_a_picture_was_painted_from(painted):
    found = impasto.measure(painted)
    assert (found.content, found.styles) == ("photo.png", ("painting.png",))
    assert found == impasto.measure(painted, "photo.png", "painting.png")
    assert found.content_distance > 0
    assert found.style_distance < found.photo.style_distance


def test_the_recipe_is_followed_from_another_folder(painted, here, monkeypatch):
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    assert impasto.measure(painted).content == str(here / "photo.png")


def test_bundled_pictures_are_found_by_name():
    impasto.optimize("castle", "great-wave", **OPTIONS).save("one.png")
    found = impasto.measure("one.png")
    assert (found.content, found.styles) == ("castle", ("great-wave",))
    impasto.stylize("castle", "great-wave", size=48).save("two.jpg")
    assert impasto.measure("two.jpg").styles == ("great-wave",)


def test_a_painting_of_one_pass_is_found(photo, painting):
    impasto.stylize(photo.name, painting.name, size=48).save("any.png")
    assert impasto.measure("any.png").styles == ("painting.png",)


def test_shares_and_scale_come_from_the_recipe(photo, painting, here):
    save_picture(here / "other.png", 40, 50, 7)
    names = [painting.name, "other.png"]
    result = impasto.optimize(
        photo.name, names, style_weights=(3.0, 1.0), style_scale=0.5, **OPTIONS
    )
    result.save("mixed.png")
    origin = find_origin(here / "mixed.png")
    assert (origin.style_weights, origin.style_scale) == ((3.0, 1.0), 0.5)
    found = impasto.measure("mixed.png")
    chosen = impasto.measure(
        "mixed.png", photo.name, names, style_weights=(3.0, 1.0), style_scale=0.5
    )
    assert found.style_distance == chosen.style_distance
    assert found.style_distance != impasto.measure("mixed.png", photo.name, names).style_distance


def test_a_file_that_has_changed_or_moved_is_one_clear_line(painted, photo, painting):
    save_picture(painting, 50, 50, 9)
    with pytest.raises(ImageError, match=r"painting.png has changed .*: --style"):
        impasto.measure(painted)
    assert impasto.measure(painted, styles=painting).styles == (str(painting),)
    photo.unlink()
    with pytest.raises(ImageError, match=r"painted from photo.png, which is not here.*--content"):
        impasto.measure(painted, styles=painting)


def test_a_picture_without_recipe_needs_names(photo):
    with pytest.raises(ImageError, match=r"carries no recipe; .*--content and --style"):
        impasto.measure(photo)
    with pytest.raises(ConfigError, match="name the photo and the painting"):
        impasto.measure(load_image(photo))


def test_a_model_of_ones_own_names_no_painting(photo, here):
    save_random_model(here / "mine.safetensors")
    impasto.stylize(photo.name, "mine.safetensors", size=48).save("mine.png")
    with pytest.raises(ImageError, match=r"names no one painting \(mine.safetensors\); .*--style"):
        impasto.measure("mine.png")


@pytest.mark.parametrize(
    ("size", "message"),
    [((50, 50), "has the shape of"), ((60, 10), "too small to be measured")],
)
def test_a_picture_of_another_shape_is_refused(photo, size, message):
    with pytest.raises(ImageError, match=message):
        impasto.measure(Image.new("RGB", size), photo, photo)


def test_bad_input_is_refused(photo):
    with pytest.raises(ImageError, match=r"gone.png does not exist"):
        impasto.measure("gone.png", photo, photo)
    with pytest.raises(ImageError, match=r"gone.png does not exist"):
        impasto.measure(photo, "gone.png", photo)
    with pytest.raises(ConfigError, match="2 numbers"):
        impasto.measure(photo, photo, photo, style_weights=(1, 2))
    for bad in ({"size": 8}, {"steps": 0}, {"style_weights": (0.0,)}, {"style_scale": 0.0}):
        with pytest.raises(ConfigError, match="--"):
            impasto.measure(photo, photo, photo, **bad)


def test_a_size_measures_all_alike(painted):
    found = impasto.measure(painted, size=32)
    assert max(found.width, found.height) == 32


def test_equivalent_steps_are_told_when_asked_for(painted, tmp_path, monkeypatch):
    monkeypatch.setattr("impasto.analysis.reference.cache_folder", lambda: tmp_path / "cache")
    options = impasto.MeasureOptions(steps=5)
    first = list(impasto.measure_events(painted, options=options))
    second = list(impasto.measure_events(painted, options=options))
    assert [event for event in first if isinstance(event, ReferenceStep)]
    assert not [event for event in second if isinstance(event, ReferenceStep)]
    worth = [e.measurement for e in (*first, *second) if isinstance(e, impasto.Measured)]
    assert worth[0] == worth[1]
    assert 0 <= worth[0].equivalent_steps <= worth[0].reference_steps == 5


def test_a_folder_is_measured_one_by_one(painted, photo, painting, here):
    (here / "results").mkdir()
    shutil.copy(painted, here / "results" / "a.png")
    shutil.copy(photo, here / "results" / "b.png")
    (here / "results" / "c.png").write_text("I am text")
    events = list(impasto.measure_events(here / "results"))
    measured = [event.measurement for event in events if isinstance(event, impasto.Measured)]
    failed = [event for event in events if isinstance(event, Failed)]
    assert [found.output for found in measured] == [str(here / "results" / "a.png")]
    assert [event.source.name for event in failed] == ["b.png", "c.png"]
    assert [e.share for e in events if isinstance(e, Advanced)] == pytest.approx([1 / 3, 2 / 3, 1])
    events = list(impasto.measure_events(here / "results", photo, [painting]))
    measured = [event.measurement for event in events if isinstance(event, impasto.Measured)]
    assert [found.content for found in measured] == [str(photo)] * 2


def test_photos_are_matched_by_name(here):
    for folder, names in {
        "photos": ["cat.jpg", "cat-two.jpg", "sub/dog.jpg", "dog.jpg"],
        "out": ["cat_wave.png", "cat-two_wave.png", "cat.png", "sub/dog.png", "catalogue.png"],
    }.items():
        for name in names:
            (here / folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (4, 4)).save(here / folder / name)
    out, photos = here / "out", here / "photos"

    def photo_of(name):
        return content_of(out / name, out, photos).relative_to(photos).as_posix()

    assert photo_of("cat_wave.png") == "cat.jpg"
    assert photo_of("cat-two_wave.png") == "cat-two.jpg"
    assert photo_of("cat.png") == "cat.jpg"
    assert photo_of("sub/dog.png") == "sub/dog.jpg"
    assert content_of(out / "cat_wave.png", out / "cat_wave.png", photos).name == "cat.jpg"
    with pytest.raises(ImageError, match="has no photo of that name"):
        photo_of("catalogue.png")


def test_an_empty_folder_is_refused(here):
    (here / "nothing").mkdir()
    with pytest.raises(ImageError, match="no pictures in the folder"):
        list(impasto.measure_events("nothing"))


def test_without_torchmetrics_the_other_numbers_still_come(photo, monkeypatch):
    def missing(*_):
        raise MissingError("SSIM needs torchmetrics")

    monkeypatch.setattr("impasto.analysis.measure.structural_similarity", missing)
    monkeypatch.setattr("impasto.analysis.measure.lpips_heads", lambda: None)
    monkeypatch.setattr("impasto.analysis.metrics.lpips_heads", lambda: None)
    events = list(impasto.measure_events(photo, photo, [photo]))
    notes = [event.message for event in events if isinstance(event, Note)]
    needed = f"they need torchmetrics: {how_to_install('measure')}"
    assert notes == [f"SSIM and LPIPS are left out; {needed}"]
    (found,) = [event.measurement for event in events if isinstance(event, impasto.Measured)]
    assert found.ssim is None
    assert found.lpips is None
    assert found.photo.lpips is None
    assert found.content_distance == 0


def test_too_large_a_picture_is_one_clear_line(photo, monkeypatch):
    monkeypatch.setattr("impasto.analysis.metrics.available_memory", lambda: 1000)
    with pytest.raises(ResourceError, match=r"measuring 60x40 takes .*; try --size"):
        impasto.measure(photo, photo, photo)


def test_a_painting_is_a_file_or_a_bundled_name(painting):
    assert find_painting(str(painting)) == (painting, None)
    assert find_painting("great-wave") == (assets.find("great-wave"), "great-wave")
    assert find_painting(str(assets.find("poppies"))) == (assets.find("poppies"), "poppies")
    assert find_painting("harvest") == (assets.find("harvest"), "harvest")
    with pytest.raises(ImageError, match="gone does not exist"):
        find_painting("gone")


def test_frames_that_are_left_out_are_said(painted, photo):
    frames = [load_image(photo).convert("RGB") for _ in range(2)]
    frames[1].paste("white", (0, 0, 20, 20))
    frames[0].save("photo.gif", save_all=True, append_images=frames[1:])
    events = impasto.measure_events(painted, "photo.gif", ["painting.png"])
    notes = [event.message for event in events if isinstance(event, Note)]
    assert "photo.gif: only the first of 2 frames is used" in notes
