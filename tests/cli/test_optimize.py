"""The command as a person meets it; the interrupted ones run in a process of their own."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import impasto
from impasto.cli.start import main
from support import load_image, save_picture, start_in_step

QUICK = ["--size", "48", "--steps", "2"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch, weights):
    """Work in an empty folder, with the real weights in the cache."""
    assert weights
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("photo", "painting")
def test_it_writes_a_picture_and_says_where(here, capsys):
    assert main(["optimize", "photo.png", "painting.png", *QUICK]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[0] == "photo_painting.png"
    assert "48x32" in lines[1]
    assert "losses: total" in lines[2]
    assert load_image(here / "photo_painting.png").size == (48, 32)
    assert "\x1b" not in captured.err


@pytest.mark.usefixtures("photo", "painting")
def test_a_second_run_loses_nothing(capsys):
    for expected in ("photo_painting.png", "photo_painting-2.png", "photo_painting-3.png"):
        assert main(["optimize", "photo.png", "painting.png", "-q", *QUICK]) == 0
        assert capsys.readouterr().out == f"{expected}\n"


@pytest.mark.usefixtures("photo", "painting")
def test_a_named_output_is_not_overwritten(here, capsys):
    (here / "out.png").write_text("mine")
    words = ["optimize", "photo.png", "painting.png", "-o", "out.png", *QUICK]
    assert main(words) == 2
    assert "--force" in capsys.readouterr().err
    assert (here / "out.png").read_text() == "mine"
    assert main([*words, "--force"]) == 0
    assert load_image(here / "out.png").size == (48, 32)


@pytest.mark.usefixtures("photo", "painting")
def test_show_prints_a_command_that_paints_the_same_picture(here, capsys):
    words = ["optimize", "photo.png", "painting.png", "--init", "noise", "--seed", "3", *QUICK]
    assert main([*words, "-q", "-o", "first.png", "--style-weight", "5"]) == 0
    capsys.readouterr()
    assert main(["show", "first.png"]) == 0
    command = shlex.split(capsys.readouterr().out)
    assert main([*command[1:], "-q", "-o", "again.png"]) == 0
    first, again = (np.asarray(load_image(here / f"{name}.png")) for name in ("first", "again"))
    assert np.array_equal(first, again)


def test_show_json_holds_version_options_and_hashes(photo, painting, capsys):
    assert main(["optimize", str(photo), str(painting), "-q", "-o", "out.jpg", *QUICK]) == 0
    capsys.readouterr()
    assert main(["show", "out.jpg", "--json"]) == 0
    recipe = json.loads(capsys.readouterr().out)
    assert recipe["options"]["seed"] == 0
    assert len(recipe["styles"][0]["sha256"]) == 64


def test_show_of_another_picture_is_one_line(photo, capsys):
    assert main(["show", str(photo)]) == 2
    assert "no recipe" in capsys.readouterr().err


@pytest.mark.usefixtures("photo", "painting")
def test_json_is_one_event_per_line(capsys):
    words = ["optimize", "photo.png", "painting.png", "--json", "--init", "content", *QUICK]
    assert main(words) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["event"] for record in records] == [
        "planned",
        "step",
        "step",
        "saved",
        "done",
    ]
    assert records[0]["sizes"] == [[48, 32]]
    assert records[1]["terms"]["content.relu4_2"] == 0
    assert records[-1]["losses"]["total"] > 0


@pytest.mark.usefixtures("photo", "painting")
def test_previews_are_written_beside_the_output(here):
    words = ["optimize", "photo.png", "painting.png", "-q", "-o", "out.png", *QUICK]
    assert main([*words, "--preview-every", "1"]) == 0
    assert load_image(here / "out.preview.png").size == (48, 32)


def test_bundled_pictures_are_known_by_name(here):
    assert main(["optimize", "castle", "great-wave", "starry-night", "-q", *QUICK]) == 0
    assert load_image(here / "castle_great-wave_starry-night.png").size == (48, 32)


BAD_INPUTS = {
    "missing.jpg": None,
    "empty.jpg": b"",
    "text.jpg": b"I am text\n" * 100,
    "folder": "folder",
}


@pytest.mark.parametrize("name", BAD_INPUTS)
@pytest.mark.parametrize("place", ["content", "style", "init"])
@pytest.mark.usefixtures("photo", "painting")
def test_bad_input_is_one_line_and_writes_nothing(here, capsys, name, place):
    content = BAD_INPUTS[name]
    if content == "folder":
        (here / name).mkdir()
    elif content is not None:
        (here / name).write_bytes(content)
    before = sorted(here.iterdir())
    words = {"content": "photo.png", "style": "painting.png", "init": "content", place: name}
    code = main(["optimize", words["content"], words["style"], "--init", words["init"]])
    captured = capsys.readouterr()
    assert code == 2
    assert name in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert sorted(here.iterdir()) == before


@pytest.mark.parametrize("output", ["out.xyz", "no/such/folder/out.png", "."])
@pytest.mark.usefixtures("photo", "painting")
def test_an_output_that_cannot_be_is_refused_before_the_work(capsys, output):
    assert main(["optimize", "photo.png", "painting.png", "-o", output]) == 2
    assert "cannot write" in capsys.readouterr().err


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_saves_the_picture_so_far(here, sign):
    save_picture(here / "photo.png", 60, 90, 1)
    save_picture(here / "painting.png", 60, 60, 2)
    command = [sys.executable, "-m", "impasto", "optimize", "photo.png", "painting.png"]
    command += ["--size", "96", "--steps", "100000", "--json", "-o", "out.png"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        _, *steps = [json.loads(process.stdout.readline()) for _ in range(6)]
        process.send_signal(sign)
        rest, errors = process.communicate(timeout=600)
    assert process.returncode == 130
    done = json.loads(rest.splitlines()[-1])
    assert done["event"] == "done"
    assert done["stopped"]
    assert done["losses"]["total"] <= steps[0]["loss"]
    assert load_image(here / "out.png").size == (96, 64)
    assert "Traceback" not in errors
    shown = subprocess.run(
        [sys.executable, "-m", "impasto", "show", "out.png"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"--steps {done['steps'][0]}" in shown.stdout


@pytest.mark.usefixtures("photo")
def test_interrupted_while_the_weights_are_asked_for_nothing_is_written(here):
    """The package index of this test never answers, so that the work cannot begin."""
    command = [sys.executable, "-m", "impasto", "optimize", "photo.png", "photo.png", "-q"]
    before = sorted(here.iterdir())
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        asked = {"PIP_INDEX_URL": f"http://127.0.0.1:{silent.getsockname()[1]}/"}
        asked |= dict.fromkeys(("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"), "")
        closed = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        asked |= {"https_proxy": closed, "IMPASTO_CACHE": str(here / "cache")}
        with subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env={**os.environ, **asked}
        ) as process:
            told = [process.stderr.readline() for _ in range(2)]
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=600)
    assert "asking the package index" in told[1]
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert sorted(here.iterdir()) == before


@pytest.mark.usefixtures("photo", "painting")
def test_a_dry_run_says_what_it_would_do_and_writes_nothing(here, capsys):
    before = sorted(here.iterdir())
    words = ["optimize", "photo.png", "painting.png", "--dry-run", "--size", "4096"]
    assert main([*words, "--memory", "4GiB"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("4096x2731: 5 scales, 128 + 64 + 32 + 16 + 8 steps, about ")
    assert "tiles of" in captured.out
    assert captured.err == ""
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["event"] == "planned"
    assert sorted(here.iterdir()) == before


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_killed_and_resumed_it_ends_at_the_same_picture(here, optimizer):
    save_picture(here / "photo.png", 40, 60, 1)
    save_picture(here / "painting.png", 60, 60, 2)
    command = [sys.executable, "-m", "impasto", "optimize"]
    words = ["photo.png", "painting.png", "--size", "64", "--coarsest", "32", "--steps", "4,30"]
    words += ["--optimizer", optimizer]
    subprocess.run([*command, *words, "-o", "whole.png"], check=True, capture_output=True)
    with start_in_step([*command, *words, "-o", "out.png", "--run", "run", "--json"]) as process:
        for _ in range(12):
            process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=600)
    assert process.returncode == 130
    assert b"impasto optimize --resume run" in errors
    stopped = load_image(here / "out.png").tobytes()
    subprocess.run([*command, "--resume", "run"], check=True, capture_output=True)
    assert load_image(here / "out.png").tobytes() == load_image(here / "whole.png").tobytes()
    assert load_image(here / "out.png").tobytes() != stopped


def interrupted_run(here, *more):
    """A run that was stopped after a few steps, with the picture so far in out.png."""
    save_picture(here / "photo.png", 40, 60, 1)
    save_picture(here / "painting.png", 60, 60, 2)
    words = ["optimize", "photo.png", "painting.png", "--size", "64", "--coarsest", "0"]
    words += ["--steps", "30"]
    with subprocess.Popen(
        [sys.executable, "-m", "impasto", *words, *more, "-o", "out.png", "--run", "run", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for _ in range(4):
            process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130


def test_resumed_it_overwrites_only_what_it_wrote(here, capsys):
    interrupted_run(here, "--preview-every", "1")
    for name in ("out.png", "out.preview.png"):
        (here / name).write_bytes(b"somebody else's")
    assert main(["optimize", "--resume", "run", "--json"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert "out.png is not what run wrote" in records[0]["message"]
    assert records[-1]["path"] == str(here / "out-2.png")
    assert load_image(here / "out-2.png").size == (64, 43)
    assert load_image(here / "out-2.preview.png").size == (64, 43)
    for name in ("out.png", "out.preview.png"):
        assert (here / name).read_bytes() == b"somebody else's"


def test_a_finished_run_is_not_painted_again(here, capsys):
    interrupted_run(here)
    assert main(["optimize", "--resume", "run", "-q"]) == 0
    assert capsys.readouterr().out == f"{here / 'out.png'}\n"
    picture = (here / "out.png").read_bytes()
    (here / "photo.png").unlink()  # it is needed no more
    assert main(["optimize", "--resume", "run"]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{here / 'out.png'}\n"
    assert "run is finished" in captured.err
    assert main(["optimize", "--resume", "run", "--json"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["event"] for record in records] == ["note", "saved", "done"]
    assert (here / "out.png").read_bytes() == picture
    save_picture(here / "photo.png", 40, 60, 1)
    (here / "out.png").unlink()
    assert main(["optimize", "--resume", "run"]) == 0
    captured = capsys.readouterr()
    assert "painting the end again" in captured.err
    assert captured.out.splitlines()[0] == str(here / "out.png")
    (here / "old.png").write_bytes(picture)
    assert load_image(here / "out.png").tobytes() == load_image(here / "old.png").tobytes()


def test_a_run_folder_is_used_once_and_knows_its_pictures(here, capsys):
    save_picture(here / "photo.png", 40, 60, 1)
    save_picture(here / "painting.png", 60, 60, 2)
    words = ["optimize", "photo.png", "painting.png", "--run", "run", *QUICK]
    assert main([*words, "-o", "a.png"]) == 0
    assert main([*words, "-o", "b.png"]) == 2
    assert "holds a run already" in capsys.readouterr().err
    assert main(["optimize", "--resume", "run", "--size", "40"]) == 2
    assert main(["optimize", "--resume", "here"]) == 2
    assert "no run folder" in capsys.readouterr().err
    save_picture(here / "painting.png", 60, 60, 3)
    (here / "a.png").unlink()
    assert main(["optimize", "--resume", "run"]) == 2
    assert "painting.png has changed" in capsys.readouterr().err


def test_pictures_that_have_moved_are_named_once_more(here, capsys):
    interrupted_run(here)
    (here / "photo.png").rename(here / "moved.png")
    assert main(["optimize", "--resume", "run"]) == 2
    assert "name where it is now: impasto optimize PICTURE --resume run" in capsys.readouterr().err
    save_picture(here / "other.png", 40, 60, 9)
    assert main(["optimize", "moved.png", "other.png", "--resume", "run"]) == 2
    assert "other.png is none of the pictures" in capsys.readouterr().err
    assert main(["optimize", "moved.png", "--resume", "run"]) == 0
    assert load_image(here / "out.png").size == (64, 43)


@pytest.mark.usefixtures("photo", "painting")
def test_a_run_begun_in_python_is_resumed_into_a_file_with_a_name(capsys):
    options = impasto.OptimizeOptions(size=48, steps=(2,))
    list(impasto.optimize_events("photo.png", "painting.png", options, run="run"))
    assert main(["optimize", "--resume", "run"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "photo_painting.png"


@pytest.mark.usefixtures("photo", "painting")
def test_sixteen_bits_into_a_format_without_them(capsys):
    words = ["optimize", "photo.png", "painting.png", "--bits", "16", "-o", "a.jpg", *QUICK]
    assert main(words) == 2
    assert "only .png .tif .tiff hold them" in capsys.readouterr().err


def test_names_that_begin_like_an_option(here, capsys):
    save_picture(here / "-IMG_1.png", 40, 60, 1)
    assert main(["optimize", "./-IMG_1.png", "great-wave", *QUICK]) == 0
    written = capsys.readouterr().out.splitlines()[0]
    assert written == "./-IMG_1_great-wave.png"
    assert main(["show", written]) == 0
    command = shlex.split(capsys.readouterr().out)
    assert main([*command[1:], "-q"]) == 0
    assert load_image(here / "-IMG_1_great-wave-2.png").size == (48, 32)
    assert main(["optimize", *QUICK, "-q", "--", "-IMG_1.png", "great-wave"]) == 0
    assert main(["show", "--", "-IMG_1_great-wave-3.png"]) == 0
    assert main(["optimize", "-IMG_1.png", "great-wave"]) == 2
    assert "unknown option" in capsys.readouterr().err.lower()


@pytest.mark.parametrize("name", ["x" * 300 + ".png", "loop.png"])
@pytest.mark.parametrize("place", ["content", "style", "init", "output", "run", "resume"])
@pytest.mark.usefixtures("photo", "painting")
def test_odd_names_are_one_line(capsys, name, place):
    Path("loop.png").symlink_to("loop.png")
    options = [] if place in ("content", "style") else [f"--{place}", name]
    words = {"content": "photo.png", "style": "painting.png", place: name}
    pictures = [] if place == "resume" else [words["content"], words["style"]]
    assert main(["optimize", *pictures, *options]) == 2
    errors = capsys.readouterr().err
    assert name in errors
    assert errors.count("\n") == 1
