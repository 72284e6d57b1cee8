import csv
import json
import shutil

import pytest

import impasto
from impasto.cli.start import main


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def painted(photo, painting, here):
    """A picture with a recipe that names the files beside it."""
    result = impasto.optimize(photo.name, painting.name, size=48, steps=(1,), coarsest=0)
    return result.save(here / "painted.png")


def test_a_picture_is_a_table_of_numbers(painted, capsys):
    assert main(["measure", painted.name]) == 0
    text = capsys.readouterr().out
    assert "painted.png, 48x32" in text
    assert "photo.png in the style of painting.png" in text
    for word in ("content distance", "style distance", "relu5_1", "SSIM", "classic loss"):
        assert word in text
    assert "equivalent steps" not in text
    found = impasto.measure(painted.name)
    assert f"{found.content_distance:.3f}" in text
    assert f"{found.photo.style_distance:.4f}" in text


def test_json_is_one_line(painted, capsys):
    assert main(["measure", painted.name, "--json"]) == 0
    (record,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert record["event"] == "measured"
    found = impasto.measure(painted.name)
    assert record["style_distance"] == found.style_distance
    assert record["style_layers"] == dict(found.style_layers)
    assert record["styles"] == ["painting.png"]
    assert list(record)[1:4] == ["output", "content", "styles"]


def test_a_folder_is_a_table_with_a_row_each(painted, photo, here, capsys):
    (here / "results").mkdir()
    for name in ("one.png", "two.png"):
        shutil.copy(painted, here / "results" / name)
    assert main(["measure", "results", "--content", photo.name, "--style", "painting.png"]) == 0
    text = capsys.readouterr().out
    assert text.index("one.png") < text.index("two.png") < text.index("median")
    shutil.copy(photo, here / "results" / "zero.png")
    assert main(["measure", "results"]) == 3
    captured = capsys.readouterr()
    assert "zero.png carries no recipe" in captured.err
    assert "two.png" in captured.out


def test_csv_is_for_spreadsheets(painted, here, capsys):
    (here / "results").mkdir()
    shutil.copy(painted, here / "results" / "one.png")
    shutil.copy(painted, here / "results" / "two, too.png")
    assert main(["measure", "results", "--csv"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["output"] for row in rows] == ["results/one.png", "results/two, too.png"]
    found = impasto.measure(painted)
    assert float(rows[0]["style_relu1_1"]) == found.style_layers["relu1_1"]
    assert float(rows[0]["fast_loss"]) == found.fast_loss
    assert rows[0]["equivalent_steps"] == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gone.png"], "gone.png does not exist"),
        (["photo.png"], "carries no recipe"),
        (["photo.png", "--content", "painting.png", "--style", "painting.png"], "the shape of"),
        (["photo.png", "--content", "gone.png", "--style", "painting.png"], "gone.png"),
        (["photo.png", "--content", "photo.png", "--style", "painting.png", "--size", "1"], "size"),
        (["photo.png", "--json", "--csv"], "--json and --csv"),
        (["empty"], "no pictures in the folder empty"),
    ],
)
@pytest.mark.usefixtures("photo", "painting")
def test_bad_input_is_one_line(here, capsys, words, message):
    (here / "empty").mkdir()
    assert main(["measure", *words]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
