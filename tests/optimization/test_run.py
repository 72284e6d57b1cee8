import numpy as np
import pytest
from PIL import Image

import impasto
from impasto import OptimizeOptions, assets, optimize_events, resume_optimize_events
from impasto.core.events import Step, StopEarly
from impasto.io.image import read_note
from impasto.networks import registry
from impasto.optimization.run import Done
from impasto.recipe import Recipe
from support import load_image, save_picture, save_random_model, weights_at_hand


def test_paths_images_and_arrays_paint_the_same_picture(photo, painting, tiny, monkeypatch):
    use(monkeypatch, tiny)
    options = {"size": 40, "steps": (2,)}
    by_path = impasto.optimize(photo, [painting], **options)
    by_text = impasto.optimize(str(photo), str(painting), **options)
    by_image = impasto.optimize(load_image(photo), [load_image(painting)], **options)
    by_array = impasto.optimize(
        np.asarray(load_image(photo)), np.asarray(load_image(painting)), **options
    )
    for other in (by_text, by_image, by_array):
        assert np.array_equal(np.asarray(by_path.image), np.asarray(other.image))
    assert by_path.image.size == (40, 27)
    assert by_path.losses["total"] > 0
    assert by_path.steps == (2,)


def use(monkeypatch, weights):
    monkeypatch.setattr("impasto.optimization.run.find_weights", weights_at_hand(weights))


def test_alpha_is_put_back(tmp_path, painting, tiny, monkeypatch):
    use(monkeypatch, tiny)
    pixels = np.zeros((40, 40, 4), np.uint8)
    pixels[10:30, 10:30] = (200, 50, 50, 255)
    result = impasto.optimize(pixels, painting, size=40, steps=(2,))
    assert result.image.mode == "RGBA"
    assert np.array_equal(np.asarray(result.image)[..., 3], pixels[..., 3])
    path = result.save(tmp_path / "out.png")
    assert load_image(path).mode == "RGBA"


def test_the_saved_file_carries_its_recipe(tmp_path, photo, painting, tiny, monkeypatch):
    use(monkeypatch, tiny)
    result = impasto.optimize(photo, painting, size=40, steps=(3,), seed=7)
    path = result.save(tmp_path / "out.png")
    recipe = Recipe.from_json(read_note(path) or "")
    assert recipe == result.recipe
    assert recipe.options.seed == 7
    assert recipe.content.name == "photo.png"
    assert str(tmp_path) not in recipe.to_json()
    with pytest.raises(impasto.ImageError, match="--force"):
        result.save(path)


def test_sixteen_bits_are_more_than_the_rounded_picture(
    tmp_path, photo, painting, tiny, monkeypatch
):
    use(monkeypatch, tiny)
    result = impasto.optimize(photo, painting, size=40, steps=(2,), bits=16)
    assert result.pixels is not None
    rounded = np.asarray(result.image) / 255
    assert 0 < np.abs(result.pixels - rounded).max() <= 0.51 / 255
    path = result.save(tmp_path / "out.tif")
    assert "--bits 16" in Recipe.from_json(read_note(path) or "").command()
    again = impasto.optimize(path, painting, size=40, steps=(0,), bits=16, init="content")
    assert again.pixels is not None
    assert np.abs(again.pixels - result.pixels).max() <= 0.51 / 65535


def test_stop_early_reaches_the_optimization(photo, painting, tiny, monkeypatch):
    use(monkeypatch, tiny)
    options = impasto.OptimizeOptions(size=40, steps=(1000,))
    events = impasto.optimize_events(photo, painting, options)
    assert isinstance(next(events), impasto.Planned)
    assert isinstance(next(events), impasto.Step)
    events.throw(StopEarly)
    done = next(events)
    assert isinstance(done, Done)
    assert done.result.steps == (1,)
    assert done.result.stopped


def test_pictures_are_checked_before_weights_are_fetched(tmp_path, photo, monkeypatch):
    monkeypatch.setattr(
        "impasto.optimization.run.find_weights", lambda *_: pytest.fail("too early")
    )
    for content, style in ((photo, tmp_path / "no.jpg"), (tmp_path / "no.jpg", photo)):
        with pytest.raises(impasto.ImageError, match=r"no\.jpg does not exist"):
            impasto.optimize(content, style)


def test_an_unknown_option_is_pythons_own_error(photo, painting):
    with pytest.raises(TypeError, match="sise"):
        impasto.optimize(photo, painting, sise=40)


def events_from_auto(painting, **options):
    return list(
        impasto.optimize_events(
            "castle", painting, impasto.OptimizeOptions(init="auto", size=64, **options)
        )
    )


@pytest.mark.usefixtures("weights")
def test_auto_starts_from_one_pass_and_never_ends_above_it():
    events = events_from_auto("composition-viii", steps=(4,), dtype="float32")
    assert events[0] == impasto.Note("starting from one pass of composition-viii")
    losses = [event.loss for event in events if isinstance(event, impasto.Step)]
    result = events[-1].result
    assert result.losses["total"] <= losses[0]
    painted = impasto.stylize("castle", "composition-viii", size=64)
    nothing = events_from_auto("composition-viii", steps=(0,))[-1].result
    assert np.abs(np.asarray(nothing.image, int) - np.asarray(painted.image, int)).max() <= 1
    assert "--init auto" in result.recipe.command()


@pytest.mark.usefixtures("weights")
def test_auto_blends_paintings_that_one_network_has_learned():
    both = ["composition-viii", "great-wave"]
    events = events_from_auto(both, steps=(0,), style_weights=(3.0, 1.0))
    blend = "composition-viii:0.75,great-wave:0.25"
    assert events[0] == impasto.Note(f"starting from one pass of {blend}")
    painted = impasto.stylize("castle", blend, size=64).image
    found = np.asarray(events[-1].result.image, int)
    assert np.abs(found - np.asarray(painted, int)).max() <= 1


@pytest.mark.usefixtures("weights")
def test_auto_takes_the_network_for_any_painting_where_none_lies_between_two():
    names = ["night", "wave"]
    assets.own_folder().mkdir(parents=True)
    for number, name in enumerate(names):
        save_picture(assets.own_folder() / f"{name}.jpg", 60, 50, number)
        path = assets.own_folder() / f"{name}.safetensors"
        save_random_model(path, channels=(4, 6, 8 + 2 * number))
    events = events_from_auto(names, steps=(0,))
    assert events[0] == impasto.Note("starting from one pass of the network for any painting")
    assert events_from_auto("wave", steps=(0,))[0].message.endswith("one pass of wave")


@pytest.mark.usefixtures("weights")
def test_auto_knows_a_painting_by_its_content_and_falls_back_to_the_photo(
    tmp_path, painting, monkeypatch
):
    copy = tmp_path / "renamed.jpg"
    copy.write_bytes(assets.find("cafe-terrace").read_bytes())
    assert events_from_auto(copy, steps=(1,))[0].message.endswith("one pass of cafe-terrace")
    monkeypatch.setattr(registry, "ZOO", tmp_path)
    events = events_from_auto(painting, steps=(1,), coarsest=0)
    assert "starting from the photo" in events[0].message
    assert events[-1].result.recipe.options.init == "recolored"


@pytest.mark.usefixtures("weights")
def test_the_recipe_does_not_tell_where_the_start_is_kept(photo, painting):
    result = impasto.optimize(photo, painting, init=str(photo), size=48, steps=(1,))
    assert result.recipe.options.init == photo.name
    assert str(photo.parent) not in result.recipe.to_json()


def test_the_files_may_go_while_it_paints(tmp_path, photo, painting, tiny, monkeypatch):
    use(monkeypatch, tiny)
    start = save_picture(tmp_path / "start.png", 27, 40, 3)
    options = {"size": 40, "steps": (2,), "init": str(start)}
    expected = impasto.optimize(photo, painting, **options)
    for event in impasto.optimize_events(photo, painting, impasto.OptimizeOptions(**options)):
        if isinstance(event, impasto.Step) and event.step == 1:
            for path in (photo, painting, start):
                path.unlink()
    assert isinstance(event, Done)
    assert event.result.recipe == expected.recipe


@pytest.fixture
def region_map(tmp_path, tiny, monkeypatch):
    """Left blue, right red; and a small network."""
    use(monkeypatch, tiny)
    image = Image.new("RGB", (60, 40), "blue")
    image.paste("red", (30, 0, 60, 40))
    image.save(tmp_path / "map.png")
    return tmp_path / "map.png"


def test_what_is_kept_is_the_photo_to_the_bit(photo, painting, region_map):
    words = {"blue": painting, "red": "keep"}
    for memory in (None, "500MB"):
        result = impasto.optimize(
            photo, words, regions=str(region_map), size=60, steps=(4,), memory=memory
        )
        found, before = np.asarray(result.image), np.asarray(load_image(photo))
        assert np.array_equal(found[:, 31:], before[:, 31:])
        assert np.abs(found[:, :29].astype(int) - before[:, :29]).mean() > 3


@pytest.mark.usefixtures("weights")
def test_every_region_comes_nearer_to_its_own_painting(tmp_path):
    """With the real VGG: the colors of the left half, beside those of the two paintings."""
    image = Image.new("RGB", (60, 40), "blue")
    image.paste("red", (30, 0, 60, 40))
    image.save(tmp_path / "map.png")
    asked = {"regions": str(tmp_path / "map.png"), "size": 96, "steps": (12,)}
    halves = {}
    for left, right in (("starry-night", "great-wave"), ("great-wave", "starry-night")):
        result = impasto.optimize("castle", {"blue": left, "red": right}, **asked)
        pixels = np.asarray(result.image, float)
        for name, half in ((left, pixels[:, :44]), (right, pixels[:, 52:])):
            halves.setdefault(name, []).append(half.mean((0, 1)))
    blueness = {name: [each[2] - each[0] for each in found] for name, found in halves.items()}
    assert min(blueness["starry-night"]) > max(blueness["great-wave"]) + 20


def test_the_recipe_names_the_regions(photo, painting, region_map, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = {"blue": painting.name, "red": "keep"}
    result = impasto.optimize(photo.name, words, regions=region_map.name, size=60, steps=(2,))
    command = result.recipe.command()
    assert "photo.png blue=painting.png red=keep" in command
    assert "--regions map.png" in command
    assert result.recipe.styles[0].sha256


def test_a_run_with_regions_goes_on(photo, painting, region_map, tmp_path):
    words = [f"blue={painting}", "red=keep"]
    options = OptimizeOptions(size=60, steps=(6,), regions=str(region_map))
    events = optimize_events(photo, words, options, run=tmp_path / "run")
    whole = impasto.optimize(photo, words, size=60, steps=(6,), regions=str(region_map))
    for event in events:
        if isinstance(event, Step):
            events.throw(StopEarly)
            break
    *_, last = resume_optimize_events(tmp_path / "run")
    assert np.array_equal(np.asarray(last.result.image), np.asarray(whole.image))


def test_regions_that_cannot_be_are_one_line(photo, painting, region_map):
    for words, more, message in (
        ([painting], {}, "each region's color and style"),
        ({"blue": painting, "red": "keep"}, {"style_weights": (1.0,)}, "leave it out"),
        ({"lime": painting, "blue": "keep", "red": "keep"}, {}, "none of the colors"),
        ({"blue": "gone.jpg", "red": "keep"}, {}, "gone.jpg does not exist"),
    ):
        with pytest.raises(impasto.InputError, match=message):
            impasto.optimize(photo, words, regions=str(region_map), size=60, steps=(1,), **more)


def test_a_region_takes_its_part_of_the_painting(photo, region_map, tmp_path):
    """The painting is green on the left and orange on the right; its map turns them round."""
    painting = Image.new("RGB", (60, 60), (20, 160, 40))
    painting.paste((220, 120, 20), (30, 0, 60, 60))
    painting.save(tmp_path / "two.png")
    parts = Image.new("RGB", (60, 60), "red")
    parts.paste("blue", (30, 0, 60, 60))
    parts.save(tmp_path / "parts.png")
    words = {"blue": tmp_path / "two.png", "red": tmp_path / "two.png"}
    asked = {"regions": str(region_map), "size": 60, "steps": (1,), "init": "recolored"}
    result = impasto.optimize(photo, words, style_regions=(str(tmp_path / "parts.png"),), **asked)
    pixels = np.asarray(result.image, float)
    left, right = pixels[:, :28].mean((0, 1)), pixels[:, 32:].mean((0, 1))
    assert left[0] > left[1] + 30  # orange
    assert right[1] > right[0] + 30  # green
    assert "--style-regions" in result.recipe.command()
    for maps, message in ((("map.png",) * 2, "one for each"), ((str(region_map),), "is not in it")):
        with pytest.raises(impasto.InputError, match=message):
            impasto.optimize(photo, {**words, "lime": "great-wave"}, style_regions=maps, **asked)


@pytest.mark.usefixtures("weights")
def test_what_is_protected_stays_nearer_to_the_photo(photo, painting, tmp_path):
    """White is protected: here the right half; a random network would not tell it from the rest."""
    image = Image.new("L", (60, 40))
    image.paste(255, (30, 0, 60, 40))
    image.save(tmp_path / "white.png")
    before = np.asarray(load_image(photo), float)[:, 34:]
    errors = []
    for more in ({}, {"protect": str(tmp_path / "white.png"), "protect_weight": 200.0}):
        result = impasto.optimize(photo, painting, size=60, steps=(12,), init="content", **more)
        errors.append(np.abs(np.asarray(result.image, float)[:, 34:] - before).mean())
    assert errors[1] < 0.5 * errors[0]
