import numpy as np
import pytest
from PIL import Image

import impasto
from impasto import assets
from impasto.io.image import read_note
from impasto.io.sheet import GAP
from impasto.networks.model import Model
from impasto.optimization.refine import refinement
from impasto.recipe import Recipe
from support import load_image, save_picture, save_random_model, weights_at_hand


@pytest.fixture
def bundled(tmp_path, monkeypatch):
    """Two styles, as if they were bundled."""
    (tmp_path / "zoo").mkdir()
    found = {
        name: save_random_model(tmp_path / "zoo" / f"{name}.safetensors", seed)
        for seed, name in enumerate(("great-wave", "starry-night"))
    }
    monkeypatch.setattr("impasto.networks.registry.ZOO", tmp_path / "zoo")
    return found


def pixels(image):
    return np.asarray(image).astype(int)


def test_paths_bytes_images_and_arrays_paint_the_same_picture(photo, wave):
    model = impasto.load(wave)
    first = impasto.stylize(photo, wave)
    assert first.image.size == (60, 40)
    assert first.seconds > 0
    image = load_image(photo)
    for source in (str(photo), photo.read_bytes(), image, np.asarray(image)):
        assert np.array_equal(pixels(model(source)), pixels(first.image))


def test_options_reach_the_painting(photo, wave):
    model = impasto.load(wave)
    assert np.array_equal(pixels(model(photo, strength=0)), pixels(load_image(photo)))
    assert model(photo, size=30).size == (30, 20)
    with pytest.raises(impasto.ConfigError, match="--strength"):
        model(photo, strength=3)
    with pytest.raises(TypeError, match="sise"):
        model(photo, sise=30)
    with pytest.raises(TypeError, match="style"):
        model(photo, style="another")


def test_gray_photos_come_out_in_color(tmp_path, wave):
    load_image(save_picture(tmp_path / "a.png", 9, 1, 0)).convert("L").save(tmp_path / "gray.png")
    painted = impasto.stylize(tmp_path / "gray.png", wave).image
    assert painted.size == (1, 9)
    assert painted.mode == "RGB"
    assert pixels(painted).std(axis=2).max() > 1


def test_alpha_is_kept_at_the_new_size(wave):
    photo = np.zeros((40, 40, 4), np.uint8)
    photo[10:30, 10:30] = (200, 50, 50, 255)
    model = impasto.load(wave)
    assert np.array_equal(pixels(model(photo))[..., 3], photo[..., 3])
    small = model(photo, size=20)
    assert small.mode == "RGBA"
    assert pixels(small)[10, [0, 10, 19], 3].tolist() == [0, 255, 0]


def test_the_saved_file_carries_its_recipe(tmp_path, photo, wave):
    result = impasto.stylize(photo, wave, strength=0.5, dtype="float32")
    path = result.save(tmp_path / "out.jpg")
    recipe = Recipe.from_json(read_note(path) or "")
    assert recipe == result.recipe
    assert recipe.command() == (
        "impasto stylize photo.png --dtype float32 --style wave.safetensors --strength 0.5"
    )
    assert len(recipe.styles[0].sha256) == 64
    assert str(tmp_path) not in recipe.to_json()
    with pytest.raises(impasto.ImageError, match="--force"):
        result.save(path)


def test_a_model_tells_about_itself(wave):
    model = impasto.load(wave)
    assert model.styles == ("wave",)
    assert model.info.styles[0].credit == "Hokusai, 1831"
    assert isinstance(model.info, impasto.ModelInfo)


def test_bundled_styles_are_known_by_name(photo, bundled):
    by_name = impasto.stylize(photo, "great-wave")
    by_file = impasto.stylize(photo, bundled["great-wave"])
    assert np.array_equal(pixels(by_name.image), pixels(by_file.image))
    assert by_name.recipe.command() == "impasto stylize photo.png --style great-wave"
    assert not np.array_equal(
        pixels(by_name.image), pixels(impasto.stylize(photo, "starry-night").image)
    )


@pytest.mark.usefixtures("bundled")
def test_an_unknown_style_gets_a_hint(photo):
    with pytest.raises(impasto.ModelFileError, match="did you mean starry-night"):
        impasto.stylize(photo, "stary-night")


def test_many_photos_are_a_stream_of_events(tmp_path, photo, wave, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = impasto.StylizeOptions(style=str(wave), size=16)
    events = list(impasto.stylize_events([photo, "castle", "gone.png"], options, output="out"))
    assert [type(event).__name__ for event in events] == ["Painted", "Painted", "Failed"]
    assert "gone.png does not exist" in events[2].message
    recipe = Recipe.from_json(read_note(tmp_path / "out" / "castle.png") or "")
    assert recipe.command() == "impasto stylize castle --style wave.safetensors --size 16"


def test_a_sheet_shows_the_photo_in_every_style(photo, bundled):
    sheet = pixels(impasto.style_sheet(photo, size=30))
    small = impasto.load("great-wave")(photo, size=30, strength=0)
    expected = [small, *(impasto.load(name)(small) for name in bundled)]
    for column, picture in enumerate(expected):
        left = GAP + column * (30 + GAP)
        assert np.array_equal(sheet[GAP : GAP + 20, left : left + 30], pixels(picture))
    below = sheet[GAP + 20 : -GAP]
    assert below.min() < 100, "the names are written in black"


def test_without_styles_there_is_no_sheet(photo, monkeypatch):
    monkeypatch.setattr("impasto.networks.stylize.styles", dict)
    with pytest.raises(impasto.MissingError, match="impasto train"):
        impasto.style_sheet(photo)


@pytest.fixture
def pair(tmp_path):
    """A model file with two styles."""
    return save_random_model(tmp_path / "pair.safetensors", seed=3, names=("red", "blue"))


def test_a_blend_goes_smoothly_from_one_style_to_the_other(photo, pair):
    shares = [0, 0.25, 0.5, 0.75, 1]
    found = [
        pixels(impasto.stylize(photo, f"{pair}/red:{1 - share},{pair}/blue:{share}").image)
        for share in shares
    ]
    assert np.array_equal(found[0], pixels(impasto.stylize(photo, f"{pair}/red").image))
    assert np.array_equal(found[-1], pixels(impasto.stylize(photo, f"{pair}/blue").image))
    distances = [np.abs(each - found[0]).mean() for each in found]
    assert distances == sorted(distances)
    assert distances[1] > 1


def test_a_style_map_paints_each_side_in_its_own_style(photo, pair, tmp_path):
    red, blue = (pixels(impasto.stylize(photo, f"{pair}/{name}").image) for name in ("red", "blue"))
    black_and_white = np.zeros((20, 30), np.uint8)
    black_and_white[:, 15:] = 255
    Image.fromarray(black_and_white).save(tmp_path / "mask.png")
    both = f"{pair}/red,{pair}/blue"
    mixed = pixels(impasto.stylize(photo, both, style_map=str(tmp_path / "mask.png")).image)
    left, right = np.s_[:, :10], np.s_[:, -10:]
    assert np.abs(mixed[left] - red[left]).mean() < np.abs(mixed[left] - blue[left]).mean()
    assert np.abs(mixed[right] - blue[right]).mean() < np.abs(mixed[right] - red[right]).mean()
    ramp = pixels(impasto.stylize(photo, both, style_map="right:left").image)
    assert np.abs(ramp[left] - blue[left]).mean() < np.abs(ramp[left] - red[left]).mean()


@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_a_style_map_of_one_style_leaves_the_rest_a_photo(photo, wave, tmp_path, strength):
    whole = pixels(impasto.stylize(photo, wave, strength=strength).image)
    black_and_white = np.zeros((40, 60), np.uint8)
    black_and_white[:, 30:] = 255
    Image.fromarray(black_and_white).save(tmp_path / "mask.png")
    options = {"style_map": str(tmp_path / "mask.png"), "strength": strength}
    mixed = pixels(impasto.stylize(photo, wave, **options).image)
    assert np.array_equal(mixed[:, :29], pixels(Image.open(photo))[:, :29])
    assert np.array_equal(mixed[:, 31:], whole[:, 31:])
    assert np.abs(whole - mixed)[:, :29].mean() > 1
    ramp = pixels(impasto.stylize(photo, wave, style_map="left:right", engine="onnxruntime").image)
    assert np.abs(ramp - whole)[:, -1].mean() < np.abs(ramp - whole)[:, 0].mean()


@pytest.mark.usefixtures("photo", "pair")
def test_the_recipe_of_a_blend_names_it_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    style = "pair.safetensors/red:0.3,pair.safetensors/blue:0.7"
    result = impasto.stylize("photo.png", style, style_map="top:bottom")
    command = result.recipe.command()
    assert style in command
    assert "--style-map top:bottom" in command


def test_a_map_is_read_with_the_photo(tmp_path, photo, wave):
    where = save_picture(tmp_path / "where.png", 40, 60, 5)
    options = impasto.StylizeOptions(style=str(wave), style_map=str(where), engine="torch")
    model = impasto.load(wave)
    expected = model.paint(photo, options)
    ready = model.read(photo, options)
    for path in (where, photo):
        path.unlink()
    found = model.finish(model.run(ready, options), options)
    assert np.array_equal(np.asarray(found.image), np.asarray(expected.image))


@pytest.mark.usefixtures("bundled")
def test_seconds_refine_the_pass(photo, tiny, monkeypatch):
    monkeypatch.setattr("impasto.optimization.run.find_weights", weights_at_hand(tiny))
    options = {"size": 48, "stroke": 0.5, "preserve_color": "match", "memory": "1GB"}
    found = impasto.stylize(photo, "great-wave", seconds=0.1, device="cpu", **options)
    assert isinstance(found, impasto.OptimizeResult)
    assert found.image.size == (48, 32)
    asked = found.recipe.options
    assert (asked.init, asked.style_scale, asked.preserve_color) == ("auto", 0.5, "match")
    assert (asked.memory, asked.device) == ("1GB", "cpu")
    assert [style.name for style in found.recipe.styles] == ["great-wave"]


@pytest.mark.usefixtures("bundled")
def test_seconds_keep_the_photo_s_own_size_up_to_a_limit(photo, monkeypatch):
    asked = impasto.StylizeOptions(style="great-wave")
    for source in (photo, str(photo), load_image(photo), photo.read_bytes()):
        assert refinement(source, asked, 1.0)[1].size == 60
    monkeypatch.setattr("impasto.optimization.refine.LARGEST", 50)
    assert refinement(photo, asked, 1.0)[1].size == 50


def test_a_sketch_keeps_the_photo_s_own_size_without_a_limit(photo, monkeypatch):
    monkeypatch.setattr("impasto.optimization.refine.LARGEST", 50)
    asked = impasto.StylizeOptions(style=str(photo))
    assert refinement(photo, asked, 1.0)[1].size == 60


def test_seconds_are_refused_where_they_would_not_count(wave, photo):
    model = impasto.load(wave)
    options = impasto.StylizeOptions(style=str(wave), seconds=1)
    for call in (
        lambda: model(photo, seconds=1),
        lambda: model.paint(photo, options),
        lambda: list(impasto.stylize_events([photo], options)),
        lambda: impasto.stylize(photo, wave, seconds=1),
    ):
        with pytest.raises(impasto.ConfigError, match="seconds"):
            call()


@pytest.mark.usefixtures("weights")
def test_any_painting_s_colors_vary_as_the_photo_s_do():
    model = impasto.load(assets.find("great-wave"))
    alone = Model(model.net, model.info, model.choice, model.source)
    first, second = (pixels(each("castle", size=64)) for each in (model, alone))
    assert np.abs(first.mean(2) - second.mean(2)).mean() < 12, "what is drawn stays"
    assert np.abs(first - second).mean() > 2
    chroma = [float((each - each.mean(2, keepdims=True)).std()) for each in (first, second)]
    assert chroma[0] > 0.5 * chroma[1]
    kept = {"size": 64, "preserve_color": "luminance"}
    assert np.array_equal(pixels(model("castle", **kept)), pixels(alone("castle", **kept)))
