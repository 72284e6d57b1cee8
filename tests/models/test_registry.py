import pytest

from conftest import save_random_model
from impasto.core.errors import ConfigError, ModelFileError
from impasto.models import registry
from impasto.models.registry import find_style, styles


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
        ("wave:1,night:0", (0.0, 0.0, 1.0)),
        ("wave:1,wave:1,night:2", (0.5, 0.0, 0.5)),
    ],
)
def test_a_blend_is_convex_and_stays_in_one_model(zoo, text, weights):
    choice = find_style(text)
    assert choice.path == zoo / "many.safetensors"
    assert choice.weights == pytest.approx(weights)
    assert choice.names == ("wave", "night")
    assert choice.label == "wave+night"


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
