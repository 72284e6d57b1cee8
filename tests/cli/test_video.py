"""The command as a person meets it; the interrupted one runs in a process of its own."""

import json
import re
import signal
import sys

import pytest

from clips import FRAMES, make_clip
from impasto.cli.start import main
from impasto.film.clips import ClipReader
from support import start_in_step

STYLE = ["--style", "wave.safetensors"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch, wave):
    assert wave.name == "wave.safetensors"
    monkeypatch.chdir(tmp_path)
    make_clip(tmp_path / "clip.mp4")
    return tmp_path


def count(path):
    with ClipReader(path) as reader:
        return sum(1 for _ in reader.frames())


def test_it_writes_a_film_and_says_where(here, capsys):
    for name in ("clip_wave.mp4", "clip_wave-2.mp4"):
        assert main(["video", "clip.mp4", *STYLE]) == 0
        captured = capsys.readouterr()
        path, line = captured.out.splitlines()
        assert path == name
        assert re.fullmatch(rf"64x48, {FRAMES} frames, [\d.]+ a second, [\d.]+ s", line)
        assert f"of {FRAMES}" in captured.err
        assert count(here / name) == FRAMES


def test_json_and_quiet(capsys):
    assert main(["video", "clip.mp4", *STYLE, "--json", "--end", "0.5"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["event"] for record in records] == ["advanced"] * 6 + ["painted"]
    assert [record["share"] for record in records[:-1]] == pytest.approx(
        [n / 6 for n in range(1, 7)]
    )
    assert main(["video", "clip.mp4", *STYLE, "-q", "--end", "0.2", "-o", "part.webm"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "part.webm\n"
    assert "does not go into .webm" in captured.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gone.mp4"], "gone.mp4"),
        (["wave.safetensors"], "cannot be read as a film"),
        (["clip.mp4", "-o", "out.avi"], "a film ends in .mp4"),
        (["clip.mp4", "--steady", "2"], "--steady"),
        (["clip.mp4", "--start", "9"], "ends before that"),
        (["clip.mp4", "--seconds", "5"], "one pass"),
    ],
)
def test_what_cannot_be_is_one_line(here, capsys, words, message):
    assert main(["video", *words, *STYLE]) == 2
    line = capsys.readouterr().err
    assert message in line
    assert line.count("\n") == 1
    assert sorted(path.name for path in here.iterdir()) == ["clip.mp4", "wave.safetensors"]


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_film_is_kept_as_far_as_it_came(here, sign):
    make_clip(here / "long.mp4", times=range(600), sound=None)
    command = [sys.executable, "-m", "impasto", "video", "long.mp4", *STYLE, "--json"]
    with start_in_step(command) as process:
        first = json.loads(process.stdout.readline())
        assert first["event"] == "advanced"
        process.send_signal(sign)
        out, err = process.communicate()
    assert process.returncode == 130
    assert b"stopping after this frame" in err
    last = json.loads(out.splitlines()[-1])
    assert last["event"] == "painted"
    assert 0 < last["done"] < 600
    assert count(here / "long_wave.mp4") == last["done"]


def test_a_stopped_run_goes_on(here, capsys):
    make_clip(here / "long.mp4", times=range(400), sound=None)
    command = [sys.executable, "-m", "impasto", "video", "long.mp4", *STYLE, "--json"]
    with start_in_step([*command, "--run", "film"]) as process:
        assert json.loads(process.stdout.readline())["event"] == "advanced"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert process.returncode == 130
    assert b"go on with: impasto video --resume film" in err
    assert 0 < count(here / "long_wave.mp4") < 400
    assert main(["video", "--resume", "film", "-q"]) == 0
    assert capsys.readouterr().out.strip().endswith("long_wave.mp4")
    assert count(here / "long_wave.mp4") == 400
    assert not list((here / "film").glob("part-*"))
    assert main(["video", "--resume", "film"]) == 0, "finished already"
    assert capsys.readouterr().out.strip().endswith("long_wave.mp4")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--resume", "film", "--style", "wave.safetensors"], "continues as it was begun"),
        (["--resume", "film", "-o", "a.mp4"], "continues as it was begun"),
        (["--resume", "gone"], "no run folder"),
        (["clip.mp4"], "name a film and --style"),
        ([], "name a film and --style"),
        (["clip.mp4", *STYLE, "--run", "."], "a folder of its own"),
    ],
)
def test_what_cannot_be_resumed_is_one_line(capsys, words, message):
    assert main(["video", *words]) == 2
    line = capsys.readouterr().err
    assert message in line
    assert line.count("\n") == 1
