"""Trainings in processes of their own, on the real VGG-16 and very small crops."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from impasto.cli.start import main
from impasto.networks.model_file import load_model
from support import save_picture, save_random_model, start_in_step

TINY = ["--size", "32", "--style-size", "48", "--dtype", "float32"]
QUICK = [*TINY, "--batch-size", "1"]
TRAIN = [sys.executable, "-m", "impasto", "train"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch, weights):
    assert weights
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for seed in range(5):
        save_picture(tmp_path / "photos" / f"{seed}.png", 40, 60, seed)
    save_picture(tmp_path / "wave.png", 50, 50, 9)
    return tmp_path


def read_until(process, step):
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "trainstep" and event["step"] >= step:
            return
    raise AssertionError(process.stderr.read())


def test_it_writes_a_model_that_explains_itself(here, capsys):
    words = ["train", "wave.png", "--photos", "photos", "--steps", "2", *QUICK]
    assert (
        main(
            [
                *words,
                "--credit",
                "Hokusai, 1831, public domain",
                "--workers",
                "0",
                "--license",
                "CC0",
            ]
        )
        == 0
    )
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0].endswith("wave.safetensors")
    net, info = load_model(here / "wave.safetensors")
    assert info.network_name == "small"
    assert info.styles[0].name == "wave"
    assert info.styles[0].credit.startswith("Hokusai")
    assert info.styles[0].thumbnail[:2] == b"\xff\xd8"
    assert info.license == "CC0"
    assert info.recipe["steps"] == 2
    assert info.recipe["options"]["batch_size"] == 1
    assert str(here) not in info.to_json()
    assert sorted(p.name for p in (here / "wave.run" / "samples").iterdir()) == [
        "0000002-astronaut.jpg",
        "0000002-castle.jpg",
    ]
    assert net(torch.rand(1, 3, 9, 9)).shape == (1, 3, 9, 9)


def test_killed_and_resumed_it_equals_the_uninterrupted_run(here):
    words = ["wave.png", "--photos", "photos", "--steps", "20", "--json", *QUICK]
    subprocess.run([*TRAIN, *words, "-o", "whole.safetensors"], check=True, capture_output=True)
    with start_in_step(
        [*TRAIN, *words, "-o", "killed.safetensors", "--checkpoint-minutes", "0"]
    ) as process:
        read_until(process, 6)
        process.send_signal(signal.SIGSTOP)
        second = [*TRAIN, "--resume", "killed.run"]
        refused = subprocess.run(second, check=False, capture_output=True, text=True)
        process.kill()
    assert refused.returncode == 2
    assert "in use by another process" in refused.stderr
    assert not (here / "killed.safetensors").exists()
    done = subprocess.run(
        [*TRAIN, "--resume", "killed.run", "--json"], check=True, capture_output=True, text=True
    )
    first = json.loads(done.stdout.splitlines()[0])
    assert 6 <= first["step"] <= 20
    whole, killed = (load_model(here / f"{name}.safetensors")[0] for name in ("whole", "killed"))
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, killed.state_dict()[name]), name


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_saves_a_checkpoint_and_says_how_to_go_on(here, sign):
    words = ["wave.png", "--photos", "photos", "--steps", "100000", "--json", *QUICK]
    with start_in_step([*TRAIN, *words]) as process:
        read_until(process, 2)
        process.send_signal(sign)
        _, errors = process.communicate(timeout=600)
    assert process.returncode == 130
    assert b"impasto train --resume wave.run" in errors
    assert b"Traceback" not in errors
    assert len(list((here / "wave.run").glob("checkpoint-*.pt"))) == 1
    assert not (here / "wave.safetensors").exists()


def test_two_processes_take_the_step_of_one_with_twice_the_batch(here):
    """What the optimizers remember of the gradient is compared: the step itself follows from it.

    As a whole: that of a bias before a normalization is zero, and in numbers what rounding left.
    """
    words = ["wave.png", "--photos", "photos", "--steps", "1", "--workers", "0", *TINY]
    one = [*TRAIN, *words, "--batch-size", "4", "-o", "one.safetensors"]
    subprocess.run(one, check=True, capture_output=True)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    launch += ["--nproc-per-node", "2", "-m", "impasto", "train"]
    two = [*launch, *words, "--batch-size", "2", "-o", "two.safetensors"]
    done = subprocess.run(two, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (here / "two.safetensors").exists()
    states = [
        torch.load(Path(f"{name}.run/checkpoint-0000001.pt"), weights_only=True)["optimizers"]
        for name in ("one", "two")
    ]
    for part, memory in ((0, "momentum"), (1, "exp_avg")):
        mine, other = (
            torch.cat([each[memory].flatten() for each in state[part]["state"].values()])
            for state in states
        )
        assert mine.norm() > 0
        assert (mine - other).norm() <= 0.01 * mine.norm()


LATE = """
import os, sys, time
import torch.distributed as dist
import impasto

dist.init_process_group("gloo")  # as who starts processes may have done already
if os.environ["RANK"] == "0":
    time.sleep(2)
request = impasto.TrainRequest(["wave.png"], "photos", "late.safetensors")
for _ in impasto.train_events(request, impasto.TrainOptions(steps=1, workers=0, **{options})):
    pass
"""


def test_the_other_processes_wait_for_the_run_folder(here):
    """Even where their group is there before, and the first process comes late."""
    options = {"network": "small", "size": 32, "batch_size": 1, "style_size": 32}
    Path("late.py").write_text(LATE.replace("{options}", repr(options)))
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    done = subprocess.run(
        [*launch, "--nproc-per-node", "2", "late.py"], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (here / "late.safetensors").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["wave.png"], "--photos"),
        (["wave.png", "--photos", "nowhere"], "nowhere does not exist"),
        (["wave.png", "--photos", "empty"], "no pictures"),
        (["wave.png", "--photos", "wave.png"], "is not a folder"),
        (["none.png", "--photos", "photos"], "none.png"),
        (["text.jpg", "--photos", "photos"], "text.jpg"),
        (["wave.png", "--photos", "photos", "-o", "model.bin"], ".safetensors"),
        (["wave.png", "--photos", "photos", "-o", "no/where.safetensors"], "does not exist"),
        (["wave.png", "--photos", "photos", "-o", "there.safetensors"], "exists"),
        (["wave.png", "--photos", "photos", "--start", "nothing"], "no style 'nothing'"),
        (["wave.png", "--photos", "photos", "--minutes", "1", "--steps", "2"], "choose one"),
        (["wave.png", "--photos", "photos", "--content-layers", "relu9_9"], "relu9_9"),
        (["--resume", "photos"], "no run folder"),
        (["--resume", "photos", "--lr", "1"], "only --minutes or --steps"),
        (["wave.png", "wave.png", "--resume", "photos"], "nothing else"),
        (["wave.png", "--resume", "photos"], "no run folder"),
        (["--resume", "photos", "--license", "MIT"], "nothing else"),
        (["wave.png", "wave.png", "--photos", "photos"], "names of styles"),
        (["wave.png", "--photos", "photos", "--name", "a", "--name", "b"], "as many --name"),
        (["wave.png", "--photos", "photos", "--name", "a/b"], "letters"),
        (["wave.png", "--photos", "photos", "--network", "any"], "folder of paintings"),
        (["empty", "--photos", "photos", "--network", "any"], "no pictures in it"),
        (["wave.png", "--photos", "photos", "--add-to", "there.safetensors"], "no model file"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(here, capsys, words, message):
    (here / "empty").mkdir()
    (here / "text.jpg").write_text("I am text")
    (here / "there.safetensors").write_text("mine")
    before = sorted(path for path in here.rglob("*"))
    assert main(["train", *words]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert sorted(path for path in here.rglob("*")) == before


def test_a_style_goes_on_from_that_of_its_name(here):
    save_random_model(here / "three.safetensors", names=("night", "wave", "dawn"))
    quick = ["--photos", "photos", "--steps", "1", "--lr", "1e-9", "--workers", "0", *QUICK]
    save_picture(here / "new.png", 50, 50, 10)
    words = [
        "train",
        "wave.png",
        "new.png",
        "--start",
        "three.safetensors",
        "-o",
        "two.safetensors",
    ]
    assert main([*words, *quick]) == 0
    old, new = (load_model(here / f"{name}.safetensors")[0] for name in ("three", "two"))
    for name, rows in old.state_dict().items():
        if ".norm." in name:
            expected = torch.stack([rows[1], rows.mean(0)])
            assert torch.allclose(new.state_dict()[name], expected, atol=1e-3), name


def test_any_style_is_learned_from_a_folder_and_painted_with(here, capsys, monkeypatch):
    monkeypatch.setattr("impasto.training.loop.CALIBRATION", 6)
    (here / "paintings").mkdir()
    for number in range(3):
        save_picture(here / "paintings" / f"{number}.png", 60, 50, number)
    quick = ["--photos", "photos", "--workers", "0", *QUICK]
    words = ["train", "paintings", "--network", "any", "-o", "any.safetensors", *quick]
    assert main([*words, "--steps", "2"]) == 0
    assert len(list((here / "any.run/samples").iterdir())) == 6
    assert (
        main(
            [
                "train",
                "paintings",
                "--network",
                "any",
                "--start",
                "any.safetensors",
                *quick,
                "--steps",
                "1",
                "-o",
                "more.safetensors",
            ]
        )
        == 0
    )
    assert main(["styles", "more.safetensors"]) == 0
    assert "paintings 3" in capsys.readouterr().out
    assert (
        main(
            [
                "stylize",
                "wave.png",
                "--style",
                "paintings/1.png",
                "--any-model",
                "more.safetensors",
                "-o",
                "out.png",
            ]
        )
        == 0
    )


def test_several_paintings_become_styles_and_one_more_is_added(here, capsys):
    save_picture(here / "night.png", 50, 50, 10)
    save_picture(here / "poppies.png", 50, 50, 11)
    quick = ["--photos", "photos", "--steps", "2", "--workers", "0", *QUICK]
    credit = ["--credit", "Hokusai", "--credit", "Van Gogh"]
    assert main(["train", "wave.png", "night.png", *credit, "-o", "two.safetensors", *quick]) == 0
    add = ["--add-to", "two.safetensors", "-o", "three.safetensors"]
    assert main(["train", "poppies.png", "--name", "flowers", *add, *quick]) == 0
    capsys.readouterr()
    two, three = (load_model(here / f"{name}.safetensors") for name in ("two", "three"))
    assert [style.name for style in two[1].styles] == ["wave", "night"]
    assert [style.credit for style in two[1].styles] == ["Hokusai", "Van Gogh"]
    assert [style.name for style in three[1].styles] == ["wave", "night", "flowers"]
    assert three[1].styles[:2] == two[1].styles
    assert three[1].recipe["options"]["add_to"] == "two"
    assert str(here) not in three[1].to_json()
    again = ["train", "night.png", "--name", "night", "--add-to", "two.safetensors"]
    assert main([*again, "-o", "four.safetensors", *quick]) == 2
    assert "has a style night already" in capsys.readouterr().err
    for name, tensor in two[0].state_dict().items():
        added = three[0].state_dict()[name]
        assert torch.equal(added[:2] if ".norm." in name else added, tensor), name
    words = [
        "stylize",
        "wave.png",
        "--style",
        "three.safetensors/night:1,three.safetensors/flowers",
    ]
    assert main([*words, "-q"]) == 0
    assert capsys.readouterr().out == "wave_night+flowers.png\n"
    (here / "two.safetensors").unlink()  # the run folder keeps what it goes on from
    assert main(["train", "--resume", "three.run", "--steps", "3"]) == 0
    assert load_model(here / "three.safetensors")[1].styles[:2] == two[1].styles


def test_resumed_it_overwrites_only_what_it_wrote(here, capsys):
    words = ["train", "wave.png", "--photos", "photos", "--steps", "2", "--workers", "0", *QUICK]
    assert main([*words, "-q"]) == 0
    model = (here / "wave.safetensors").read_bytes()
    capsys.readouterr()
    assert main(["train", "--resume", "wave.run"]) == 0
    captured = capsys.readouterr()
    assert "wave.run is finished" in captured.err
    assert captured.out.splitlines()[0] == str(here / "wave.safetensors")
    assert (here / "wave.safetensors").read_bytes() == model
    (here / "wave.safetensors").write_bytes(b"somebody else's")
    assert main(["train", "--resume", "wave.run", "-q"]) == 0
    captured = capsys.readouterr()
    assert "wave.safetensors is not what wave.run wrote" in captured.err
    assert captured.out == f"{here / 'wave-2.safetensors'}\n"
    assert (here / "wave.safetensors").read_bytes() == b"somebody else's"
    (here / "wave.safetensors").write_bytes(model)
    assert main(["train", "--resume", "wave.run", "--steps", "3", "-q"]) == 0
    assert load_model(here / "wave-2.safetensors")[1].recipe["steps"] == 3
