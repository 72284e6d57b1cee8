"""Several styles in one picture, in one pass, each where a map says."""

import shlex

import numpy as np
import pytest
from PIL import Image

import impasto
from impasto.cli.start import main
from impasto.core.errors import ConfigError, ImageError
from impasto.io.image import read_note
from impasto.networks.regions import soften
from impasto.recipe import Recipe
from support import load_image, save_picture, save_random_model


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A photo, three networks, and a map: blue, red and white from left to right."""
    monkeypatch.chdir(tmp_path)
    save_picture(tmp_path / "photo.png", 40, 60, 1)
    for seed, name in enumerate("abc"):
        save_random_model(tmp_path / f"{name}.safetensors", seed)
    image = Image.new("RGB", (60, 40), "blue")
    image.paste("red", (20, 0, 60, 40))
    image.paste("white", (40, 0, 60, 40))
    image.save(tmp_path / "map.png")
    return tmp_path


STYLES = {"blue": "a.safetensors", "red": "keep", "white": "b.safetensors"}


def pixels(image):
    return np.asarray(image, int)


def alone(style):
    return pixels(impasto.stylize("photo.png", style).image)


def test_every_region_is_that_styles_own_pass(here):
    found = pixels(impasto.stylize("photo.png", STYLES, regions="map.png").image)
    assert np.abs(found - alone("a.safetensors"))[:, :19].max() <= 1
    photo = pixels(load_image(here / "photo.png"))
    assert np.array_equal(found[:, 21:39], photo[:, 21:39]), "kept"
    assert np.abs(found - alone("b.safetensors"))[:, 41:].max() <= 1


def test_the_recipe_paints_it_again(here):
    result = impasto.stylize("photo.png", STYLES, regions="map.png", size=30)
    path = result.save(here / "out.png")
    command = Recipe.from_json(read_note(path)).command()
    assert command == (
        "impasto stylize photo.png --style "
        "blue=a.safetensors,red=keep,white=b.safetensors --regions map.png --size 30"
    )
    assert main([*shlex.split(command)[1:], "-o", "again.png"]) == 0
    assert np.array_equal(pixels(load_image(here / "again.png")), pixels(load_image(path)))


def test_a_small_map_is_stretched_and_a_style_may_go_twice(here):
    load_image(here / "map.png").resize((3, 2), Image.Resampling.NEAREST).save(here / "small.png")
    words = "blue=a.safetensors,red=a.safetensors,white=c.safetensors"
    found = pixels(impasto.stylize("photo.png", words, regions="small.png").image)
    assert np.abs(found - alone("a.safetensors"))[:, :25].max() <= 1
    assert np.abs(found - alone("c.safetensors"))[:, 55:].max() <= 1


def test_a_cut_out_says_where_the_style_goes(here):
    cut = load_image(here / "photo.png").convert("RGBA")
    cut.paste((200, 10, 10, 0), (0, 0, 30, 40))
    cut.save(here / "cut.png")
    found = pixels(
        impasto.stylize("photo.png", {"white": "a.safetensors"}, regions="cut.png").image
    )
    assert np.array_equal(found[:, :29], pixels(load_image(here / "photo.png"))[:, :29])
    assert np.abs(found - alone("a.safetensors"))[:, 31:].max() <= 1


def test_folders_are_painted_so_too(here, capsys):
    (here / "photos").mkdir()
    for seed in range(2):
        save_picture(here / "photos" / f"{seed}.png", 40, 60, seed)
    words = ["--style", "blue=a.safetensors,white=b.safetensors,red=keep", "--regions", "map.png"]
    assert main(["stylize", "photos", *words, "-o", "out", "-q"]) == 0
    assert len(list((here / "out").iterdir())) == 2
    assert main(["stylize", "photos/0.png", *words, "-q"]) == 0
    assert capsys.readouterr().out.endswith("0_a+b.png\n")
    assert np.array_equal(
        pixels(load_image(here / "0_a+b.png")), pixels(load_image(here / "out" / "0.png"))
    )


@pytest.mark.parametrize(
    ("style", "options", "words"),
    [
        ("a.safetensors", {"regions": "map.png"}, "each region's color and style"),
        (STYLES, {"regions": "gone.png"}, "gone.png does not exist"),
        (STYLES, {"regions": "map.png", "style_map": "left:right"}, "choose one"),
        ({"mauvish": "a.safetensors"}, {"regions": "map.png"}, "no color"),
        ({"blue": "nothing"}, {"regions": "map.png"}, "no style 'nothing'"),
    ],
)
def test_what_cannot_be_is_one_line(style, options, words):
    with pytest.raises((ConfigError, ImageError, impasto.ModelFileError), match=words):
        impasto.stylize("photo.png", style, **options)


def test_borders_between_styles_are_soft_and_kept_places_whole():
    masks = np.zeros((3, 40, 60), np.float32)
    masks[0, :, :20], masks[1, :, 20:40], masks[2, :, 40:] = 1, 1, 1
    soft = soften(masks, (False, False, True), 2)
    assert np.allclose(soft[:2, :, :38].sum(0), 1, atol=1e-6)
    assert np.allclose(soft[0, 0, 16:24], (1, 1, 0.8, 0.6, 0.4, 0.2, 0, 0), atol=1e-6)
    assert np.array_equal(soft[:2, :, 40:], masks[:2, :, 40:]), "nothing is painted on what is kept"
    assert soft[1, 0, 39] < 1
    assert soften(masks, (False, False, True), 0) is masks


def test_what_no_mask_covers_stays_whole_too():
    masks = np.zeros((1, 40, 60), np.float32)
    masks[0, :, :30] = 1
    soft = soften(masks, (False,), 3)
    assert not soft[0, :, 30:].any()
    assert np.allclose(soft[0, 5, 24:30], (1, 1, 6 / 7, 5 / 7, 4 / 7, 3 / 7)[:6], atol=0.15)
