import numpy as np
import pytest

from impasto.core.errors import ConfigError, ModelFileError
from impasto.networks import registry
from impasto.networks.model_file import load_weights
from impasto.networks.registry import find_style, styles
from support import save_random_model


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    """`wave` has a model of its own and is also one of three in `many`."""
    folder = tmp_path / "zoo"
    folder.mkdir()
    save_random_model(folder / "wave.safetensors")
    save_random_model(folder / "many.safetensors", names=("night", "poppies", "wave"))
    monkeypatch.setattr(registry, "ZOO", folder)
    return folder


@pytest.fixture
def mine(tmp_path, monkeypatch, zoo):
    """A model of the user's in the current folder."""
    assert zoo
    monkeypatch.chdir(tmp_path)
    return save_random_model(tmp_path / "mine.safetensors", names=("red", "blue"))


def test_a_style_with_a_model_of_its_own_is_found_there(zoo):
    assert styles() == {
        "night": zoo / "many.safetensors",
        "poppies": zoo / "many.safetensors",
        "wave": zoo / "wave.safetensors",
    }
    choice = find_style("wave")
    assert (choice.path, choice.weights) == (zoo / "wave.safetensors", (1.0,))
    assert choice.bundled


def test_one_of_many(zoo):
    choice = find_style("poppies")
    assert (choice.path, choice.weights) == (zoo / "many.safetensors", (0.0, 1.0, 0.0))


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("wave:0.6,night:0.4", (0.4, 0.0, 0.6)),
        ("wave:3, night:1", (0.25, 0.0, 0.75)),
        ("wave,night", (0.5, 0.0, 0.5)),
        ("wave:1,wave:1,night:2", (0.5, 0.0, 0.5)),
    ],
)
def test_a_blend_is_convex_and_stays_in_one_model(zoo, text, weights):
    choice = find_style(text)
    assert choice.path == zoo / "many.safetensors"
    assert choice.weights == pytest.approx(weights)
    assert choice.names == ("wave", "night")
    assert choice.shares == pytest.approx((weights[2], weights[0]))
    assert choice.label == "wave+night"


def test_what_has_no_share_is_not_in_a_blend(zoo):
    choice = find_style("wave:1,night:0")
    assert (choice.path, choice.names) == (zoo / "wave.safetensors", ("wave",))


@pytest.fixture
def apart(zoo):
    """A second style with a model of its own, besides `wave`."""
    save_random_model(zoo / "poppies.safetensors", seed=5)
    return zoo


def test_styles_with_models_of_their_own_blend_into_a_new_one(apart):
    choice = find_style("wave:3,poppies:1")
    assert (choice.weights, choice.names, choice.shares) == (
        (1.0,),
        ("wave", "poppies"),
        (0.75, 0.25),
    )
    wave, poppies, blend = (
        load_weights(path)
        for path in (*(apart / f"{n}.safetensors" for n in choice.names), choice.path)
    )
    for name, array in blend.items():
        expected = 0.75 * wave[name] + 0.25 * poppies[name]
        assert np.allclose(array, expected, atol=1e-3, rtol=1e-3), name
    assert find_style("poppies:0.5,wave:1.5").path == choice.path


def test_a_style_that_has_no_model_of_its_own_blends_in_one_that_has_learned_all(apart):
    choice = find_style("wave,night")  # night has no network of its own
    assert choice.path == apart / "many.safetensors"


@pytest.mark.parametrize(
    ("text", "names", "weights"),
    [
        ("Monet,_Impression.jpg", ("Monet,_Impression",), (1.0,)),
        ("Monet,_Impression.jpg:0.5,a.jpg:1.5", ("Monet,_Impression", "a"), (0.25, 0.75)),
        ("a.jpg:1, Monet,_Impression.jpg:1", ("a", "Monet,_Impression"), (0.5, 0.5)),
        ("a.jpg,Monet,_Impression.jpg,b.jpg,c,d.jpg", ("a", "Monet,_Impression", "b", "c,d"), None),
        ("10:30.jpg:3,a.jpg:1", ("10:30", "a"), (0.75, 0.25)),
        ("10:3", ("10:3",), (1.0,)),
        ("a.jpg,b.jpg", ("a.jpg,b",), (1.0,)),
        ("a.jpg,./b.jpg", ("a", "b"), (0.5, 0.5)),
    ],
)
def test_commas_and_colons_in_names_of_files(here_with_any_model, text, names, weights):
    for name in ("Monet,_Impression.jpg", "a.jpg", "b.jpg", "c,d.jpg", "10:30.jpg", "10:3"):
        (here_with_any_model / name).write_bytes(b"x")
    if text.startswith(("a.jpg,b", "a.jpg,./b")):
        (here_with_any_model / "a.jpg,b.jpg").write_bytes(b"x")
    choice = find_style(text)
    assert choice.names == names
    assert choice.weights == (weights or (0.25,) * 4)


@pytest.fixture
def here_with_any_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_painting_with_a_comma_that_is_not_there_is_explained(here_with_any_model):
    with pytest.raises(ModelFileError, match="a comma in --style stands between styles, unless"):
        find_style("Monet,_Impression.jpg:0.5,a.jpg:0.5")
    with pytest.raises(ModelFileError, match="cannot be read: file name too long"):
        find_style(f"{'x' * 300}.jpg")
    with pytest.raises(ModelFileError, match="there is no style"):
        find_style("x" * 300)
    assert here_with_any_model


def test_two_names_that_are_too_long_together(here_with_any_model):
    one, two = "x" * 200 + ".jpg", "y" * 200 + ".jpg"
    for name in (one, two):
        (here_with_any_model / name).write_bytes(b"x")
    assert find_style(f"{one}:0.5,{two}:0.5").weights == (0.5, 0.5)


def test_a_file_stands_for_its_first_style(mine):
    choice = find_style("mine.safetensors")
    assert (str(choice.path), choice.weights, choice.names) == (mine.name, (1.0, 0.0), ("red",))
    assert not choice.bundled
    assert find_style(mine).path == mine


def test_styles_of_a_file_are_named_behind_it(mine):
    assert find_style("mine.safetensors/blue").weights == (0.0, 1.0)
    blend = find_style(f"{mine}/red:1,{mine}/blue:3")
    assert (blend.path, blend.weights) == (mine, (0.25, 0.75))


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("wave:-1", ConfigError, "at least 0"),
        ("wave:nan,night", ConfigError, "at least 0"),
        ("wave:0,night:0", ConfigError, "above 0"),
        ("wavy", ModelFileError, "did you mean wave"),
        ("wave,wavy", ModelFileError, "did you mean wave"),
        ("zzz", ModelFileError, "styles are night, poppies, wave"),
        ("mine.safetensors/bleu", ModelFileError, "did you mean blue"),
        ("mine.safetensors/zzz", ModelFileError, "it has red, blue"),
        ("mine.safetensors/red,wave", ConfigError, "one model"),
        ("none.safetensors", ModelFileError, "does not exist"),
        ("", ModelFileError, "no style"),
    ],
)
@pytest.mark.usefixtures("mine")
def test_what_makes_no_sense_is_refused(text, error, message):
    with pytest.raises(error, match=message):
        find_style(text)
