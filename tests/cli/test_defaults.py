import subprocess
import sys

import pytest

from impasto.cli.start import main
from impasto.io.image import read_note
from impasto.recipe import Recipe
from support import load_image, save_picture, save_random_model


@pytest.fixture
def here(tmp_path, monkeypatch):
    save_random_model(tmp_path / "wave.safetensors")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "work" / "deep").mkdir(parents=True)
    (tmp_path / "config" / "impasto").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work" / "deep")
    save_picture(tmp_path / "work" / "deep" / "photo.png", 40, 60, 1)
    return tmp_path


def stylize(here, *words):
    command = ["stylize", "photo.png", "--style", str(here / "wave.safetensors"), "--force"]
    return main([*command, "-o", "out.png", *words])


def width(here, *words):
    assert stylize(here, *words) == 0
    return load_image(here / "work/deep/out.png").width


def test_the_nearest_file_counts_and_the_command_line_more(here):
    assert width(here) == 60
    (here / "config/impasto/impasto.toml").write_text("[stylize]\nsize = 20\nstrength = 0.5\n")
    assert width(here) == 20
    (here / "pyproject.toml").write_text("[tool.impasto.stylize]\nsize = 24\n")
    assert width(here) == 24
    (here / "work/pyproject.toml").write_text("[tool.ruff]\nline-length = 100\n")
    assert width(here) == 24
    (here / "work/impasto.toml").write_text("[stylize]\nsize = 28\n[train]\nworkers = 0\n")
    assert width(here) == 28
    assert width(here, "--size", "32") == 32
    assert width(here, "--no-config") == 60
    assert width(here, "--size", "36", "--no-config") == 36


def test_the_recipe_holds_what_was_used(here):
    (here / "impasto.toml").write_text(
        '[stylize]\nsize = 28\npreserve_color = "match"\nquiet = true\n'
    )
    assert stylize(here) == 0
    recipe = Recipe.from_json(read_note(here / "work/deep/out.png"))
    assert (recipe.options.size, recipe.options.preserve_color) == (28, "match")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[stylize]\nsise = 3\n", 'Unknown option: "[sise]"'),
        ("[stylise]\nsize = 3\n", "[stylise] is no command"),
        ("size = 3\n", "[size] is no command"),
        ("[stylize]\nsize = 64.5\n", "'64.5' is no whole number"),
        ("[stylize]\nsize = 0\n", "--size 0: it must be a whole number"),
        ('[stylize]\nsize = "big"\n', "'big' is no whole number"),
        ('[stylize]\npreserve-color = "all"\n', "luminance"),
        ("[stylize]\nstrength = nan\n", "--strength nan"),
        ("[stylize\n", "cannot be read"),
        ("stylize = 3\n", "must be a mapping"),
        ("\x00", "cannot be read"),
    ],
)
def test_what_is_wrong_in_a_file_is_one_line_with_its_name(here, text, message, capsys):
    (here / "impasto.toml").write_text(text)
    assert stylize(here) == 2
    errors = capsys.readouterr().err
    assert message in errors
    assert str(here / "impasto.toml") in errors
    assert errors.count("\n") == 1
    assert main(["stylize", "--help"]) == 0


def test_a_resumed_run_goes_on_as_it_was_begun(here, capsys):
    (here / "impasto.toml").write_text("[optimize]\nsize = 64\n[train]\nsize = 64\n")
    for command in ("optimize", "train"):
        assert main([command, "--resume", "nothing"]) == 2
        assert "no run folder" in capsys.readouterr().err


def test_python_does_not_read_it(here):
    (here / "impasto.toml").write_text("[stylize]\nsize = 20\n")
    code = "import impasto, sys; print(impasto.stylize('photo.png', sys.argv[1]).image.width)"
    command = [sys.executable, "-c", code, str(here / "wave.safetensors")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "60\n"
