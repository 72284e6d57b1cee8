import subprocess
import sys
from pathlib import Path

import pytest

from impasto import __version__
from impasto.cli.app import EXIT_CODES
from impasto.cli.start import main


def run(*words):
    return subprocess.run(
        [sys.executable, "-m", "impasto", *words], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--help",),
        ("optimize", "--help"),
        ("stylize", "--help"),
        ("styles", "--help"),
        ("show", "-h"),
        ("reconstruct", "--help"),
        ("grid", "--help"),
        ("inspect", "--help"),
    ],
)
def test_help_is_there_with_an_example(words):
    done = run(*words)
    assert done.returncode == 0
    assert "impasto" in done.stdout
    if words:
        assert "Usage" in done.stdout


def test_exit_codes_are_in_the_help_and_the_reference():
    shown = " ".join(run("--help").stdout.split())
    page = (Path(__file__).parents[2] / "docs" / "reference.md").read_text("utf-8")
    for code, meaning in EXIT_CODES.items():
        assert f"{code} {meaning}" in shown
        assert f"| {code} | {meaning} |" in page


def test_version():
    assert run("--version").stdout.strip() == __version__


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["optimise", "a", "b"], "optimize"),
        (["optimize", "a.jpg"], "a photo and a painting"),
        (["optimize", "a.jpg", "b.jpg", "--sise", "3"], "--size"),
        (["optimize", "a.jpg", "b.jpg", "--size", "big"], "big"),
        (["optimize", "a.jpg", "b.jpg", "--loss", "gatys"], "classic"),
        (["optimize", "a.jpg", "b.jpg", "--steps", "10,x"], "x"),
        (["optimize", "a.jpg", "b.jpg", "--size", "0"], "--size 0"),
        (["optimize", "a.jpg", "b.jpg", "--style-weights", "0"], "--style-weights"),
        (["show"], "PICTURE"),
    ],
)
def test_wrong_words_are_one_line_and_exit_2(words, message, capsys):
    assert main(words) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("impasto: ")
    assert captured.out == ""
