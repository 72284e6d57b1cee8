"""The command as a person meets it; the interrupted one runs in a process of its own."""

import io
import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.cli.start import main
from impasto.core.errors import ResourceError
from impasto.io.image import write_picture
from impasto.networks.any_style import AnyStyleNet
from impasto.networks.model_file import ModelInfo, save_model
from impasto.networks.transform import NetworkOptions
from support import load_image, save_picture, save_random_model, start_in_step

STYLE = ["--style", "wave.safetensors"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch, photo, wave):
    """Work in a folder with photo.png and wave.safetensors."""
    assert (photo.name, wave.name) == ("photo.png", "wave.safetensors")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(folder):
    return sorted(p.relative_to(folder).as_posix() for p in Path(folder).rglob("*") if p.is_file())


def make_folder():
    for number, name in enumerate(("a.png", "b.jpg", "deep/c.png")):
        path = Path("in") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        save_picture(path, 12, 16, number)


def test_it_writes_a_picture_and_says_where(here, capsys):
    assert main(["stylize", "photo.png", *STYLE]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0] == "photo_wave.png"
    assert re.fullmatch(r"60x40, [\d.]+ s", captured.out.splitlines()[1])
    assert captured.err == ""
    assert load_image(here / "photo_wave.png").size == (60, 40)


def test_a_second_run_loses_nothing(capsys):
    for expected in ("photo_wave.png", "photo_wave-2.png"):
        assert main(["stylize", "photo.png", "-q", *STYLE]) == 0
        assert capsys.readouterr().out == f"{expected}\n"


def test_a_named_output_is_not_overwritten(here, capsys):
    (here / "out.png").write_text("mine")
    assert main(["stylize", "photo.png", "-o", "out.png", *STYLE]) == 2
    assert "--force" in capsys.readouterr().err
    assert (here / "out.png").read_text() == "mine"
    assert main(["stylize", "photo.png", "-o", "out.png", "--force", *STYLE]) == 0
    assert load_image(here / "out.png").size == (60, 40)


def test_show_prints_a_command_that_paints_the_same_picture(here, capsys):
    words = ["stylize", "photo.png", *STYLE, "--strength", "0.7", "--preserve-color", "match"]
    assert main([*words, "--size", "50", "-q", "-o", "first.png"]) == 0
    capsys.readouterr()
    assert main(["show", "first.png"]) == 0
    command = shlex.split(capsys.readouterr().out)
    assert command[:3] == ["impasto", "stylize", "photo.png"]
    assert main([*command[1:], "-q", "-o", "again.png"]) == 0
    first, again = (np.asarray(load_image(here / f"{name}.png")) for name in ("first", "again"))
    assert first.shape == (33, 50, 3)
    assert np.array_equal(first, again)


def test_a_folder_is_mirrored_then_skipped_then_forced(capsys):
    make_folder()
    assert main(["stylize", "in", *STYLE]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0] == "in_wave"
    assert "3 painted; " in captured.out
    assert "photos/s" in captured.out
    assert captured.err.startswith("painting: 1/3")
    assert files("in_wave") == ["a.png", "b.jpg", "deep/c.png"]
    Path("in_wave/b.jpg").unlink()
    before = Path("in_wave/a.png").stat().st_mtime_ns
    assert main(["stylize", "in", *STYLE]) == 0
    assert "1 painted, 2 skipped" in capsys.readouterr().out
    assert Path("in_wave/a.png").stat().st_mtime_ns == before
    assert main(["stylize", "in", "--force", *STYLE]) == 0
    assert "3 painted; " in capsys.readouterr().out
    assert Path("in_wave/a.png").stat().st_mtime_ns > before


def test_a_folder_inside_its_own_output_is_painted_once():
    make_folder()
    for _ in range(2):
        assert main(["stylize", "in", "-o", "in/painted", "-q", *STYLE]) == 0
    assert files("in/painted") == ["a.png", "b.jpg", "deep/c.png"]


def test_a_broken_file_among_good_ones_is_listed_at_the_end(capsys):
    make_folder()
    Path("in/bad.jpg").write_text("I am text")
    assert main(["stylize", "in", "gone.png", "-o", "out", "-q", *STYLE]) == 3
    captured = capsys.readouterr()
    assert captured.out.splitlines() == ["out/in/a.png", "out/in/b.jpg", "out/in/deep/c.png"]
    lines = captured.err.splitlines()
    assert lines[0].startswith("impasto: in/bad.jpg is not a picture")
    assert lines[1].startswith("impasto: gone.png does not exist")
    assert len(lines) == 2
    assert files("out") == ["in/a.png", "in/b.jpg", "in/deep/c.png"]


def test_several_files_without_output_go_to_the_current_folder(capsys):
    make_folder()
    assert main(["stylize", "in/a.png", "in/b.jpg", *STYLE]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == ["a_wave.png", "b_wave.png"]
    assert load_image(Path("b_wave.png")).size == (16, 12)


def test_one_file_into_a_folder_keeps_its_name():
    assert main(["stylize", "photo.png", "-o", "out", "-q", *STYLE]) == 0
    assert files("out") == ["photo.png"]


def test_json_is_one_line_per_picture(capsys):
    make_folder()
    Path("in/bad.jpg").write_text("I am text")
    assert main(["stylize", "in", "--json", *STYLE]) == 3
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [r["event"] for r in records] == ["painted", "painted", "failed", "painted"]
    assert (records[0]["path"], records[0]["source"]) == ("in_wave/a.png", "in/a.png")
    assert (records[0]["width"], records[0]["height"]) == (16, 12)
    assert records[0]["seconds"] > 0
    assert "not a picture" in records[2]["message"]
    assert main(["stylize", "in/a.png", "--json", *STYLE]) == 0
    (record,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (record["event"], record["path"], record["width"]) == ("painted", "a_wave.png", 16)


class Pipe(io.BytesIO):
    """Bytes as standard input or output."""

    buffer = property(lambda self: self)

    def isatty(self):
        return False


def test_from_pipe_to_pipe_there_is_nothing_but_a_png(here, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(read("photo.png"))))
    out = Pipe()
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", out)
        assert main(["stylize", "-", "-o", "-", *STYLE]) == 0
    assert main(["stylize", "photo.png", "-o", "from-file.png", "-q", *STYLE]) == 0
    assert capsys.readouterr().err == ""
    with Image.open(io.BytesIO(out.getvalue())) as opened:
        assert opened.format == "PNG"
        assert np.array_equal(np.asarray(opened), np.asarray(load_image(here / "from-file.png")))


def read(name):
    return Path(name).read_bytes()


def test_standard_input_into_a_file(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(read("photo.png"))))
    assert main(["stylize", "-", *STYLE]) == 0
    assert capsys.readouterr().out.startswith("stdin_wave.png\n60x40")
    assert main(["show", "stdin_wave.png"]) == 0
    assert capsys.readouterr().out == "impasto stylize - --style wave.safetensors\n"


def test_a_closed_pipe_ends_it_quietly():
    command = [sys.executable, "-m", "impasto", "stylize", "photo.png", "-o", "-", *STYLE]
    with subprocess.Popen(
        [*command, "--size", "400"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        errors = process.stderr.read().decode()
    assert process.returncode == 141
    assert errors == ""


TEXT = b"I am text\n" * 100


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gone.png"], "gone.png does not exist"),
        (["text.jpg"], "text.jpg is not a picture"),
        (["text.jpg", "-o", "out"], "text.jpg is not a picture"),
        (["empty"], "no pictures in the folder empty"),
        (["photo.png", "--style", "wavy"], "no style 'wavy'"),
        (["photo.png", "--style", "text.safetensors"], "text.safetensors is no model file"),
        (["photo.png", "--style", "half.safetensors"], "half.safetensors"),
        (["photo.png", "--style", "newer.safetensors"], "upgrade impasto"),
        (["empty", "--style", "half.safetensors"], "half.safetensors"),
        (["photo.png", "-o", "gone/out.png"], "gone does not exist"),
        (["photo.png", "-o", "out.xyz"], "ending"),
        (["photo.png", "text.jpg", "-o", "text.jpg/out"], "cannot write into the folder"),
        (["photo.png", "text.jpg", "-o", "out.png"], "need a folder"),
        (["photo.png", "text.jpg", "-o", "-"], "one picture"),
        (["photo.png", "-o", "-", "--json"], "--json"),
        (["photo.png", "-", "-o", "out"], "standard input"),
        (["photo.png", "--strength", "2"], "--strength 2"),
        (["photo.png", "--size", "0"], "--size 0"),
        (["photo.png", "--sise", "3"], "--sise"),
        (["--sise", "3", "photo.png"], "--size"),
        (["photo.png", "--preserve-color", "sepia"], "luminance"),
        (["photo.png", "--device", "abacus"], "abacus"),
        (["photo.png", "--style", "gone.jpg"], "no such file"),
        (
            ["photo.png", "--style", "text.jpg", "--any-model", "wave.safetensors"],
            "text.jpg is not a picture",
        ),
        (["photo.png", "--style", "photo.png:-1"], "at least 0"),
        (["photo.png", "--style", "photo.png:0"], "above 0"),
        (["photo.png", "--style", "photo.png,wave.safetensors"], "only paintings can be blended"),
        (
            ["photo.png", "--style", "photo.png", "--any-model", "wave.safetensors"],
            "certain styles",
        ),
        (["photo.png", "--style", "photo.png", "--style-scale", "0"], "--style-scale"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(here, capsys, words, message):
    Path("text.jpg").write_bytes(TEXT)
    Path("text.safetensors").write_bytes(TEXT)
    Path("half.safetensors").write_bytes(read("wave.safetensors")[:-100])
    newer = read("wave.safetensors").replace(b'\\"format\\": 1', b'\\"format\\": 9')
    Path("newer.safetensors").write_bytes(newer)
    Path("empty").mkdir()
    before = files(here)
    style = [] if "--style" in words else STYLE
    code = main(["stylize", *style, *words])
    captured = capsys.readouterr()
    assert code == 2
    assert message in captured.err
    assert captured.err.startswith("impasto: ")
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert files(here) == before
    assert not Path("out").exists()


def test_a_style_is_asked_for(capsys):
    assert main(["stylize", "photo.png"]) == 2
    assert "--style" in capsys.readouterr().err


MANY = 60
"""More pictures than `start_in_step` lets anybody get ahead."""


def make_many(here):
    """A folder of MANY large pictures, and the command that paints it, told line by line."""
    Path("in").mkdir()
    first = save_picture(here / "in" / "00.png", 300, 400, 0)
    for number in range(1, MANY):
        shutil.copy(first, here / "in" / f"{number:02}.png")
    words = ["stylize", "in", "--json", "--size", "1200", *STYLE]
    return [sys.executable, "-m", "impasto", *words]


def leave_few(painted):
    """Remove all photos of the folder but those that are painted and two more."""
    for path in sorted(Path("in").iterdir())[painted + 2 :]:
        path.unlink()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_in_a_folder_a_second_run_completes_it(here, sign):
    with start_in_step(make_many(here)) as process:
        first = json.loads(process.stdout.readline())
        process.send_signal(sign)
        rest, errors = process.communicate(timeout=600)
    assert process.returncode == 130
    told = [first, *map(json.loads, rest.splitlines())]
    assert 1 <= len(told) < MANY
    assert files(here / "in_wave") == [Path(record["path"]).name for record in told]
    for name in files(here / "in_wave"):
        assert load_image(here / "in_wave" / name).size == (1200, 900)
    assert f"interrupted after {len(told)} of {MANY}" in errors.decode()
    assert b"Traceback" not in errors
    leave_few(len(told))
    assert main(["stylize", "in", "-q", *STYLE]) == 0
    assert len(files(here / "in_wave")) == len(told) + 2


def test_a_second_ctrl_c_leaves_whole_files_only(here, monkeypatch, capsys):
    make_folder()
    for number in range(8):
        save_picture(here / "in" / f"x{number}.png", 12, 16, number)
    wishes = iter([1, 2])

    def write(image, path, **options):
        if path.name == "b.jpg":
            for _ in wishes:  # twice while this picture is being written
                signal.raise_signal(signal.SIGINT)
                time.sleep(0.2)
        write_picture(image, path, **options)

    monkeypatch.setattr("impasto.networks.pipeline.write_picture", write)
    assert main(["stylize", "in", *STYLE]) == 130
    assert "impasto: interrupted" in capsys.readouterr().err
    found = files("in_wave")
    assert len(found) < 10
    assert all(load_image(here / "in_wave" / name).size == (16, 12) for name in found)
    assert [path.name for path in here.rglob("*.part*")] == []


def test_killed_in_a_folder_a_second_run_paints_the_rest_only(here):
    """Not even SIGKILL leaves half a picture, or costs more than those in hand."""
    with start_in_step(make_many(here)) as process:
        told = [json.loads(process.stdout.readline()) for _ in range(3)]
        process.kill()
    whole = [name for name in files("in_wave") if not name.startswith(".")]
    assert 3 <= len(whole) < MANY
    assert whole[:3] == [Path(record["path"]).name for record in told]
    assert all(load_image(here / "in_wave" / name).size == (1200, 900) for name in whole)
    before = {name: Path("in_wave", name).stat().st_mtime_ns for name in whole}
    leave_few(len(whole))
    assert main(["stylize", "in", "-q", *STYLE]) == 0
    again = [name for name in files("in_wave") if not name.startswith(".")]
    assert len(again) == len(whole) + 2
    assert all(Path("in_wave", name).stat().st_mtime_ns == when for name, when in before.items())


@pytest.mark.usefixtures("weights")
def test_seconds_refine_the_pass_by_optimization(here, capsys):
    words = ["stylize", "castle", "--style", "composition-viii", "--size", "64", "--seconds", "2"]
    assert main(words) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0] == "castle_composition-viii.png"
    assert "starting from one pass of composition-viii" in captured.err
    assert load_image(here / "castle_composition-viii.png").size == (64, 43)
    assert main(["show", "castle_composition-viii.png"]) == 0
    assert "impasto optimize castle composition-viii" in capsys.readouterr().out


@pytest.mark.usefixtures("weights")
def test_seconds_refine_a_blend(capsys):
    words = ["stylize", "castle", "--style", "poppies:3,great-wave:1,spring:0", "--size", "64"]
    assert main([*words, "--seconds", "1", "-o", "blend.png"]) == 0
    assert "one pass of poppies:0.75,great-wave:0.25" in capsys.readouterr().err
    assert main(["show", "blend.png"]) == 0
    shown = capsys.readouterr().out
    assert "poppies great-wave" in shown
    assert "--style-weights 0.75,0.25" in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["castle", "castle"], "one picture"),
        (["castle", "--style-map", "left:right"], "--style-map"),
    ],
)
def test_seconds_go_with_one_picture_and_no_map(capsys, words, message):
    assert main(["stylize", *words, "--style", "composition-viii", "--seconds", "2"]) == 2
    assert message in capsys.readouterr().err


def test_a_mask_of_another_size_is_stretched_and_said(here, capsys):
    save_random_model(here / "two.safetensors", names=("a", "b"))
    save_picture(here / "mask.png", 20, 30, 3)
    save_picture(here / "fitting.png", 40, 60, 3)
    words = ["stylize", "photo.png", "--style", "two.safetensors/a,two.safetensors/b"]
    assert main([*words, "--style-map", "mask.png"]) == 0
    assert "mask.png is 30x20: stretched over the photo" in capsys.readouterr().err
    assert main([*words, "--style-map", "fitting.png"]) == 0
    assert capsys.readouterr().err == ""


@pytest.fixture
def any_model(here, weights):
    """A network for any painting, with real VGG statistics and a predictor that says something."""
    assert weights
    network = NetworkOptions(stem="unshuffle", channels=(4, 6, 8), blocks=1, kernel=3)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = AnyStyleNet(network)
        torch.nn.init.normal_(net.predictor.last.weight, std=0.1)
    save_model(here / "any.safetensors", net, ModelInfo(network, (), "any", any_style=True))
    return "any.safetensors"


def test_a_painting_is_a_style_and_paintings_blend(here, any_model, capsys):
    red, blue = (str(save_picture(here / f"{name}.png", 40, 50, n)) for n, name in enumerate("rb"))
    words = ["stylize", "photo.png", "--any-model", any_model, "-q"]
    for name, style in (("one", red), ("two", blue), ("both", f"{red}:0.7,{blue}:0.3")):
        assert main([*words, "--style", style, "-o", f"{name}.png"]) == 0
    one, two, both = (
        np.asarray(load_image(here / f"{name}.png")).astype(int) for name in ("one", "two", "both")
    )
    assert np.abs(one - two).mean() > 1
    assert np.abs(both - one).mean() < np.abs(one - two).mean()
    assert main([*words, "--style", f"{red},{blue}"]) == 0
    assert (here / "photo_r+b.png").exists()
    assert main(["show", "one.png"]) == 0
    assert "--any-model any.safetensors" in capsys.readouterr().out


def test_a_larger_style_scale_gives_another_picture(here, any_model, painting):
    words = ["stylize", "photo.png", "--any-model", any_model, "--seconds", "0"]
    words += ["--style", str(painting)]
    assert main([*words, "-o", "one.png"]) == 0
    assert main([*words, "-o", "again.png"]) == 0
    assert main([*words, "--style-scale", "2", "-o", "two.png"]) == 0
    one, again, two = (
        np.asarray(load_image(here / f"{name}.png")) for name in ("one", "again", "two")
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, two)
    Image.new("RGB", (1, 1), "red").save(here / "pixel.png")
    assert main([*words[:-1], "pixel.png", "-o", "three.png"]) == 0


@pytest.fixture
def sketch(here, weights, monkeypatch):
    """Words that sketch a photo in the style of a painting, in a tenth of a second."""
    assert weights
    monkeypatch.setattr("impasto.optimization.refine.SKETCH_SECONDS", 0.1)
    save_picture(here / "red.png", 40, 50, 7)
    return ["stylize", "photo.png", "--style", "red.png"]


def test_one_photo_in_the_style_of_a_painting_is_sketched(sketch, capsys):
    assert main([*sketch, "-o", "sketch.png"]) == 0
    path, line = capsys.readouterr().out.splitlines()
    assert path == "sketch.png"
    assert re.fullmatch(r"60x40, \d\.\d\d s, \d+ steps", line)
    assert main(["show", "sketch.png"]) == 0
    assert "impasto optimize photo.png red.png" in capsys.readouterr().out
    assert main([*sketch, "--seconds", "0", "-o", "pass.png"]) == 0
    assert re.fullmatch(r"60x40, \d\.\d\d s", capsys.readouterr().out.splitlines()[1])
    assert main(["show", "pass.png"]) == 0
    assert "impasto stylize photo.png --style red.png" in capsys.readouterr().out


def test_a_sketch_tells_of_its_steps_in_json(sketch, capsys):
    assert main([*sketch, "--json", "--size", "48", "-o", "sketch.png"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["event"] for record in (records[0], records[-1])] == ["planned", "painted"]
    assert (records[0]["width"], records[-1]["width"]) == (48, 48)
    assert {record["event"] for record in records[1:-1]} <= {"step"}


def test_a_sketch_goes_through_a_pipe(sketch, capsysbinary, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(read("photo.png"))))
    assert main(["stylize", "-", *sketch[2:], "-o", "-"]) == 0
    assert Image.open(io.BytesIO(capsysbinary.readouterr().out)).size == (60, 40)


def test_strength_goes_with_a_sketch(here, sketch):
    assert main([*sketch, "--strength", "0", "-o", "none.png"]) == 0
    assert np.array_equal(load_image(here / "none.png"), load_image(here / "photo.png"))


def test_what_only_a_network_does_is_no_sketch(sketch, any_model, capsys):
    for words in (["--any-model", any_model], ["--engine", "torch"], ["--style-map", "left:right"]):
        assert main([*sketch, *words, "--force", "-o", "pass.png"]) == 0
        assert "steps" not in capsys.readouterr().out


def test_several_photos_in_the_style_of_a_painting_take_one_pass_and_it_says_so(
    here, sketch, capsys
):
    save_picture(here / "second.png", 40, 60, 8)
    assert main([sketch[0], "second.png", *sketch[1:], "-o", "out"]) == 0
    assert "impasto learn PAINTING" in capsys.readouterr().err
    assert main(["show", "out/second.png"]) == 0
    assert "impasto stylize second.png" in capsys.readouterr().out


def test_a_photo_too_large_for_a_sketch_takes_one_pass(sketch, capsys, monkeypatch):
    def too_little(*_, **__):
        raise ResourceError("60x40 pixels need 9 GB at least")

    monkeypatch.setattr("impasto.optimization.picture.plan_memory", too_little)
    assert main([*sketch, "-o", "pass.png"]) == 0
    captured = capsys.readouterr()
    assert "9 GB at least; painting in one pass instead" in captured.err
    assert "steps" not in captured.out
    assert main([*sketch, "--seconds", "1", "-o", "none.png"]) == 1


def test_seconds_need_the_painting(wave, capsys):
    assert main(["stylize", "castle", "--style", str(wave), "--seconds", "2"]) == 2
    assert "needs the painting" in capsys.readouterr().err


# Names and places


LONG = "写" * 82 + ".png"
"""250 bytes: no room for `_wave`."""


def test_a_long_name_is_written_cut_or_as_it_is(here, capsys):
    Path(LONG).write_bytes(read("photo.png"))
    assert main(["stylize", LONG, "-q", *STYLE]) == 0
    written = Path(capsys.readouterr().out.strip())
    assert written.name.endswith("写_wave.png")
    assert load_image(here / written).size == (60, 40)
    assert main(["stylize", "photo.png", "-o", "x" * 300 + ".png", *STYLE]) == 2
    assert "File name too long" in capsys.readouterr().err
    assert main(["stylize", "photo.png", "gone" * 100, "-o", "x" * 300, *STYLE]) == 2
    assert "File name too long" in capsys.readouterr().err


def test_links_in_a_circle_and_long_names_are_bad_pictures_among_good_ones(capsys):
    Path("loop.png").symlink_to("loop.png")
    assert main(["stylize", "loop.png", "photo.png", "x" * 300, "-q", *STYLE]) == 3
    captured = capsys.readouterr()
    assert captured.out == "photo_wave.png\n"
    assert captured.err.splitlines() == [
        "impasto: loop.png cannot be read: too many levels of symbolic links",
        f"impasto: {'x' * 300} cannot be read: file name too long",
    ]


def test_what_is_locked_is_one_line(here, capsys, powerless):
    make_folder()
    style = [*STYLE, "--engine", "torch"]  # which is read before the power is lost
    Path("in/locked").mkdir()
    Path("locked").mkdir()
    for name in ("in/locked/p.png", "locked/p.png", "q.png"):
        Path(name).write_bytes(read("photo.png"))
    assert main(["stylize", "photo.png", "q.png", "in", "-q", "-o", "before", *style]) == 0
    capsys.readouterr()
    for name in ("in/locked", "locked", "q.png"):
        Path(name).chmod(0)
    for name in ("locked/p.png", "q.png", "locked"):
        with powerless():
            assert main(["stylize", name, *style]) == 2
        errors = capsys.readouterr().err
        assert "ermission denied" in errors
        assert "damaged" not in errors
        assert errors.count("\n") == 1
    with powerless():
        assert main(["stylize", "in", "-q", "-o", "out", *style]) == 3
    assert "in/locked cannot be looked into: Permission denied" in capsys.readouterr().err
    assert files("out") == files(here / "before" / "in")[:-1]
    Path("in/locked").chmod(0o755)
    Path("locked").chmod(0o755)


def test_a_linked_folder_is_painted_too(here):
    make_folder()
    Path("linked").mkdir()
    Path("linked/in").symlink_to(Path("in").resolve())
    assert main(["stylize", "linked", "-q", *STYLE]) == 0
    assert files("linked_wave/in") == files("in")
    assert here


@pytest.mark.parametrize("words", [["./-IMG_1.png"], ["-IMG_1.png"], ["--", "-IMG_1.png"]])
def test_a_name_that_begins_like_an_option(here, capsys, words):
    Path("-IMG_1.png").write_bytes(read("photo.png"))
    assert main(["stylize", *STYLE, *words]) == 0
    written = capsys.readouterr().out.splitlines()[0]
    assert written == "./-IMG_1_wave.png"
    assert main(["show", written]) == 0
    command = shlex.split(capsys.readouterr().out)
    assert command == ["impasto", "stylize", "./-IMG_1.png", "--style", "wave.safetensors"]
    assert main([*command[1:], "-q"]) == 0
    assert load_image(here / "-IMG_1_wave-2.png").size == (60, 40)


def test_a_machine_too_slow_for_a_sketch_paints_in_one_pass(sketch, capsys, monkeypatch):
    monkeypatch.setattr("impasto.optimization.picture._Run._measure", lambda *_: 1e-3)
    words = [*sketch, "--size", "300"]
    assert main([*words, "-o", "pass.png"]) == 0
    told = capsys.readouterr()
    assert "too little for a sketch on this machine" in told.err
    assert re.fullmatch(r"300x200, \d\.\d\d s", told.out.splitlines()[1])
    assert main([*words, "--seconds", "0.1", "-o", "asked.png"]) == 0
    assert "steps" in capsys.readouterr().out, "who says how long gets a sketch"
