"""Numbers that are mistyped, for all commands; `tests/option_fuzz.py` counts much more."""

import pytest
import torch

from impasto.cli.app import app
from impasto.cli.start import main
from impasto.cli.words import MAY_BE_EMPTY
from option_fuzz import COMMANDS, calls, options_of
from support import TINY, random_weights, save_picture, save_random_model


def options_with(*kinds):
    """Command and option of all options that are numbers of these kinds, or lists of them."""
    return [
        pytest.param(command, option, id=f"{command}{option}")
        for command in COMMANDS
        for option in options_of(command)
        if any(kind in str(hint_of(command, option)) for kind in kinds)
    ]


def hint_of(command, option):
    return app[command].assemble_argument_collection()[option].hint


@pytest.mark.parametrize(("command", "option"), options_with("int"))
def test_a_whole_number_is_not_rounded(command, option, capsys):
    assert main(calls(command, option, "64.5")) == 2
    assert option in capsys.readouterr().err


@pytest.mark.parametrize(("command", "option"), options_with("int", "float"))
def test_a_number_that_is_out_of_all_bounds_is_one_line(command, option, capsys):
    for value in ("-1", "1e300", f"1{'0' * 21}", "9" * 5000, "nan", "inf", "-inf", "", "a", "1,,2"):
        assert main(calls(command, option, value)) == 2
        captured = capsys.readouterr()
        assert captured.err.startswith("impasto: ")
        assert captured.err.count("\n") == 1
        assert option in captured.err
        assert captured.out == ""


@pytest.mark.parametrize(
    ("command", "option"), [each for each in options_with("") if each.values[1] not in MAY_BE_EMPTY]
)
def test_an_empty_word_is_refused(command, option, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(calls(command, option, "")) == 2
    captured = capsys.readouterr()
    assert option in captured.err
    assert captured.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["optimize", "reconstruct", "grid", "inspect", "compare"])
@pytest.mark.parametrize("place", [".", "..", "/"])
def test_a_folder_is_no_picture_to_write(command, place, capsys):
    assert main(calls(command, "--output", place)) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"impasto: cannot write {place}: the ending should be ")
    assert captured.err.count("\n") == 1


def test_so_is_an_empty_photo(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["stylize", "", "--style", "starry-night"]) == 2
    assert "is empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", ["stylize", "optimize", "reconstruct", "grid", "inspect", "measure", "compare"]
)
@pytest.mark.usefixtures("tiny_vgg")
def test_a_picture_larger_than_the_memory_is_one_line(command, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("impasto.core.memory.available_memory", lambda: 2 * 10**9)
    monkeypatch.chdir(tmp_path)
    save_random_model(tmp_path / "wave.safetensors")
    torch.save(random_weights(TINY), tmp_path / "vgg.pth")
    monkeypatch.setattr("impasto.perception.weights._is_trusted", lambda *_: True)
    for name, seed in (("photo", 1), ("painting", 2)):
        save_picture(tmp_path / f"{name}.png", 40, 60, seed)
    words = calls(command, "--size", "100000")
    assert main([*words, f"--weights={tmp_path / 'vgg.pth'}"]) == 1
    errors = capsys.readouterr().err.strip().splitlines()
    assert "Traceback" not in errors
    assert errors[-1].startswith("impasto: 100000x66667 pixels ")
    assert "--size" in errors[-1]
