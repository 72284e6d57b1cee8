import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from impasto.cli.start import main
from support import load_image


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


WORDS = ["compare", "castle", "--style", "starry-night", "--size", "64"]


def test_the_sheet_and_the_plot_are_pictures(here, capsys):
    words = [*WORDS, "--methods", "one-style,any-style", "--pictures", "each"]
    assert main(words) == 0
    captured = capsys.readouterr()
    stem = "castle_starry-night_methods"
    assert captured.out.splitlines() == [f"{stem}.png", f"{stem}_loss.png"]
    assert "2 methods, about " in captured.err
    assert "one pass, any painting: " in captured.err
    assert load_image(here / f"{stem}.png").width > 600
    assert load_image(here / f"{stem}_loss.png").width > 1000
    assert sorted(path.name for path in (here / "each").iterdir()) == [
        "any-style.png",
        "one-style.png",
    ]
    assert load_image(here / "each" / "one-style.png").size == (64, 43)
    assert main([*WORDS, "--pictures", "each"]) == 2
    assert "each/one-style.png exists" in capsys.readouterr().err
    assert main([*WORDS, "--pictures", f"{stem}.png"]) == 2
    assert "it cannot be made (File exists)" in capsys.readouterr().err


def test_json_ends_with_all_numbers(capsys):
    assert main([*WORDS, "--methods", "one-style", "--json", "-o", "sheet.jpg"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["event"] for record in records if record["event"] != "advanced"] == [
        "note",
        "method",
        "saved",
        "saved",
        "done",
    ]
    last = records[-1]
    assert last["paths"] == ["sheet.jpg", "sheet_loss.jpg"]
    assert last["entries"][0]["distances"]["style_distance"] > 0
    assert main([*WORDS, "--methods", "one-style", "-o", "sheet.jpg"]) == 2
    assert "--force" in capsys.readouterr().err


def test_without_matplotlib_there_is_a_sheet_and_a_note(here, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main([*WORDS, "--methods", "one-style", "-q"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "castle_starry-night_methods.png\n"
    assert "pip install 'impasto[plots]'" in captured.err
    assert [path.name for path in here.iterdir()] == ["castle_starry-night_methods.png"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gone.jpg", "--style", "starry-night"], "gone.jpg does not exist"),
        (["castle", "--style", "gone.jpg"], "gone.jpg does not exist"),
        (["castle", "--style", "starry-night", "--methods", "fast"], "--methods 'fast'"),
        (["castle", "--style", "starry-night", "-o", "sheet.xyz"], "ending"),
        (["castle", "--style", "starry-night", "--size", "3"], "--size 3"),
        (["castle"], "style"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(here, capsys, words, message):
    assert main(["compare", *words]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert list(here.iterdir()) == []


def test_control_c_keeps_the_methods_that_are_done(here):
    command = [sys.executable, "-m", "impasto", *WORDS, "--json"]
    command += ["--methods", "one-style,refined", "--seconds", "600", "-o", "sheet.png"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        for line in process.stdout:
            if json.loads(line)["event"] == "method":
                break
        for line in process.stdout:
            record = json.loads(line)
            if record["event"] == "advanced" and record["share"] > 0.012:
                process.send_signal(signal.SIGINT)
                break
        records = [json.loads(line) for line in process.stdout]
        error = process.stderr.read()
    assert process.returncode == 130
    assert records[-1]["event"] == "done"
    assert records[-1]["stopped"]
    assert [entry["method"] for entry in records[-1]["entries"]] == ["one-style"]
    assert "stopped after 1 method\n" in error
    assert Path("sheet.png").exists()
    assert here.joinpath("sheet_loss.png").exists()
