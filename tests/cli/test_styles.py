import json
from pathlib import Path

import pytest

from impasto.cli.start import main
from impasto.networks import registry
from impasto.networks.model_file import PAINTED
from support import load_image, save_random_model


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def bundled(tmp_path, monkeypatch):
    """Two styles, as if they were bundled."""
    (tmp_path / "zoo").mkdir()
    monkeypatch.setattr(registry, "ZOO", tmp_path / "zoo")
    names = ("great-wave", "starry-night")
    for seed, name in enumerate(names):
        save_random_model(tmp_path / "zoo" / f"{name}.safetensors", seed)
    return names


@pytest.fixture
def none_bundled(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "ZOO", tmp_path / "nowhere")


@pytest.mark.usefixtures("bundled")
def test_the_table_has_a_line_for_each_style(capsys):
    assert main(["styles"]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split() == ["name", "network", "size", "license", "credit"]
    assert [row.split()[0] for row in rows] == ["great-wave", "starry-night"]
    for row in rows:
        assert row[header.index("network") :].startswith("custom")
        assert row[header.index("size") :].split()[1] == "kB"
        assert row[header.index("license") :].startswith("CC0")
        assert row[header.index("credit") :] == "Hokusai, 1831"


def test_json_is_one_line_per_style(bundled, capsys):
    assert main(["styles", "--json"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["name"] for record in records] == list(bundled)
    for record in records:
        assert record["bytes"] == Path(record["path"]).stat().st_size
        assert record["styles"] == [{"name": record["name"], "credit": "Hokusai, 1831"}]
        assert record["network"]["kernel"] == 3


@pytest.mark.usefixtures("bundled")
@pytest.mark.parametrize("name", ["wave.safetensors", "great-wave"])
def test_a_model_is_described(wave, capsys, name):
    assert wave.name == "wave.safetensors"
    assert main(["styles", name]) == 0
    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    told = {words[0]: words[1] for words in lines}
    assert told["name"] == Path(name).stem
    assert told["network"] == "custom"
    assert told["license"] == "CC0"
    assert told["pictures"] == PAINTED
    assert "Hokusai, 1831" in told["style"]
    assert main(["styles", name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == Path(name).stem


@pytest.mark.usefixtures("bundled")
def test_the_sheet_is_a_picture(photo, capsys):
    for expected in ("photo_styles.png", "photo_styles-2.png"):
        assert main(["styles", "--sheet", photo.name, "--size", "30"]) == 0
        assert capsys.readouterr().out == f"{expected}\n"
        assert load_image(Path(expected)).width == 3 * (30 + 12) + 12
    assert main(["styles", "--sheet", "castle", "-o", "photo_styles.png"]) == 2
    assert "--force" in capsys.readouterr().err
    words = ["styles", "--sheet", "castle", "-o", "photo_styles.png", "--force", "--size", "40"]
    assert main(words) == 0
    assert load_image(Path("photo_styles.png")).width == 3 * (40 + 12) + 12


@pytest.mark.usefixtures("none_bundled")
@pytest.mark.parametrize("words", [[], ["--sheet", "castle"]])
def test_without_styles_a_line_says_how_to_get_one(here, capsys, words):
    assert main(["styles", *words]) == 0
    assert "impasto train" in capsys.readouterr().out
    assert list(here.iterdir()) == []


@pytest.mark.usefixtures("none_bundled")
def test_without_styles_json_is_empty(capsys):
    assert main(["styles", "--json"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("bundled")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["stary-night"], "did you mean starry-night"),
        (["text.safetensors"], "no model file"),
        (["--sheet", "gone.png"], "gone.png does not exist"),
        (["--sheet", "castle", "-o", "out.xyz"], "ending"),
        (["--sheet", "castle", "--size", "0"], "--size 0"),
        (["great-wave", "--sheet", "castle"], "--sheet"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(here, capsys, words, message):
    Path("text.safetensors").write_text("I am text")
    before = sorted(here.rglob("*"))
    assert main(["styles", *words]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert sorted(here.rglob("*")) == before
