"""reconstruct, grid and inspect as a person meets them."""

import json
import shlex
import signal
import subprocess
import sys

import numpy as np
import pytest

from impasto.cli.start import main
from support import load_image, save_picture

QUICK = ["--size", "32", "--steps", "2", "--coarsest", "0"]
GRID = ["--layers", "relu1_1", "--ratios", "1e-3,1e-1", *QUICK]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch, weights):
    """Work in an empty folder with a photo and a painting, the real weights in the cache."""
    assert weights
    monkeypatch.chdir(tmp_path)
    save_picture(tmp_path / "photo.png", 40, 60, 1)
    save_picture(tmp_path / "painting.png", 50, 50, 2)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["reconstruct", "photo.png", *QUICK], "photo_content"),
        (["reconstruct", "photo.png", "--style-layers", "relu1_1", *QUICK], "photo_texture"),
        (["reconstruct", "photo.png", "--all", *QUICK], "photo_layers"),
        (["grid", "photo.png", "painting.png", *GRID], "photo_painting_grid"),
        (["inspect", "photo.png", "--size", "64"], "photo_relu3_1"),
    ],
)
def test_it_writes_a_picture_under_a_name_that_says_what_it_is(here, words, name, capsys):
    assert main([*words, "-q"]) == 0
    assert main([*words, "-q"]) == 0
    assert capsys.readouterr().out == f"{name}.png\n{name}-2.png\n"
    first, again = (np.asarray(load_image(here / f"{name}{end}.png")) for end in ("", "-2"))
    assert np.array_equal(first, again)


def test_show_prints_the_command(here, capsys):
    words = ["reconstruct", "photo.png", "--style-layers", "relu1_1", "--size", "40x30"]
    assert main([*words, "--steps", "2", "-q", "-o", "out.png"]) == 0
    capsys.readouterr()
    assert main(["show", "out.png"]) == 0
    command = shlex.split(capsys.readouterr().out)
    assert main([*command[1:], "-q", "-o", "again.png"]) == 0
    first, again = (np.asarray(load_image(here / name)) for name in ("out.png", "again.png"))
    assert first.shape == (30, 40, 3)
    assert np.array_equal(first, again)


def test_json_is_one_event_per_line(capsys):
    assert main(["reconstruct", "photo.png", *QUICK, "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds == ["planned", "step", "step", "drawn", "saved", "done"]
    assert events[-1]["painted"] == 1


def test_inspect_prints_numbers(capsys):
    assert main(["inspect", "photo.png", "--size", "64", "--pairs", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["layer"] == "relu3_1"
    assert len(found["pairs"]) == 3
    assert all(0 <= pair["correlation"] <= 1.001 for pair in found["pairs"])


def test_a_second_grid_says_what_is_there(capsys):
    words = ["grid", "photo.png", "painting.png", *GRID]
    assert main(words) == 0
    capsys.readouterr()
    larger = [word.replace("1e-3,1e-1", "1e-3,1e-2,1e-1") for word in words]
    assert main(larger) == 0
    captured = capsys.readouterr()
    assert "2 of 3 pictures are in photo_painting.grid; 1 to paint" in captured.err
    assert "1 picture in" in captured.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["reconstruct", "photo.png", "--content-layer", "relu4_9"], "did you mean relu4_"),
        (["reconstruct", "photo.png", "--style-layers", "conv1_1", "--size", "10x"], "--size"),
        (["reconstruct", "photo.png", "--size", "64x64"], "is for textures"),
        (["reconstruct", "photo.png", "--all", "--content-layer", "relu1_1"], "one of them"),
        (["reconstruct", "gone.png"], "gone.png does not exist"),
        (["grid", "photo.png", "painting.png", "--ratios", "0"], "--ratios 0"),
        (["grid", "photo.png", "painting.png", "--ratios", ""], "--ratios"),
        (["grid", "photo.png", "painting.png", "--layers", "relu1_1+relv2_1"], "relu2_1"),
        (["grid", "photo.png"], "STYLE"),
        (["inspect", "photo.png", "--show", "map"], "maps, gram, pairs"),
        (["inspect", "photo.png", "--layer", "relu31"], "did you mean relu3_1"),
    ],
)
def test_wrong_words_are_one_line_and_leave_nothing(here, words, message, capsys):
    before = sorted(here.iterdir())
    assert main(words) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert sorted(here.iterdir()) == before


def test_without_matplotlib_inspect_says_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main(["inspect", "photo.png"]) == 1
    assert "pip install 'impasto[plots]'" in capsys.readouterr().err


def interrupt(command):
    """Run a command until its fifth step, then press Ctrl-C."""
    with subprocess.Popen(
        [sys.executable, "-m", "impasto", *command, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        lines = iter(process.stdout.readline, "")
        steps = (line for line in lines if json.loads(line)["event"] == "step")
        assert len([next(steps) for _ in range(5)]) == 5
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    return json.loads(rest.splitlines()[-1]), errors


def test_interrupted_a_reconstruction_saves_what_there_is(here):
    done, _ = interrupt(
        ["reconstruct", "photo.png", "--size", "64", "--steps", "9999", "-o", "out.png"]
    )
    assert done["stopped"]
    assert load_image(here / "out.png").size == (64, 43)


def test_interrupted_a_grid_keeps_its_pictures_and_the_same_command_goes_on(here, capsys):
    words = ["grid", "photo.png", "painting.png", "--size", "48", "--coarsest", "0"]
    words += ["--layers", "relu1_1", "--ratios", "1e-3,1e-2", "--steps", "4", "-o", "out.png"]
    done, errors = interrupt(words)
    assert done["path"] is None
    assert "photo_painting.grid keeps what is finished (1)" in errors
    assert not (here / "out.png").exists()
    assert main(words) == 0
    assert "1 of 2 pictures" in capsys.readouterr().err
