"""Every command of README.md is run, on small pictures."""

import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
import urllib.request
from pathlib import Path

import pytest

from clips import make_clip
from impasto.cli.start import main
from support import save_picture

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
SMALL = {
    "optimize": {"--size": "64", "--steps": "2", "--coarsest": "0"},
    "stylize": {"--size": "64"},
    "video": {"--size": "64", "--end": "0.3"},
    "learn": {"--steps": "2", "--style-size": "64"},
    "train": {"--steps": "2", "--size": "64", "--style-size": "64", "--batch-size": "1"},
    "styles": {},
    "show": {},
    "regions": {},
    "export": {},
    "compare": {"--size": "64", "--limit": "2", "--seconds": "1"},
    "reconstruct": {"--size": "64", "--steps": "2"},
    "grid": {"--size": "48", "--steps": "2"},
    "inspect": {"--size": "64"},
    "measure": {"--size": "64"},
}
"""What makes each command quick: added, or put in the place of what the README says."""


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [line.split("#")[0].strip() for line in "\n".join(blocks).splitlines()]
    return [line for line in lines if line.startswith("impasto ")]


COMMANDS = commands()

MADE_BY = {
    "big": "--run big",
    "photo_painting.png": "optimize photo.jpg painting.jpg --seconds",
    "wave.safetensors": "-o wave.safetensors",
    "map.png": "-o map.png",
    "painting:0.5,poppies:0.5": "learn painting.jpg",
}
"""What a command finds only after an earlier one, and a part of that one."""


def quickened(words: list[str]) -> list[str]:
    """The same command on small pictures, for a short time."""
    small = dict(SMALL[words[0]])
    if "--resume" in words:
        return words
    for word in ("--minutes", "--seconds"):
        if word in words and word not in small:
            at = words.index(word)
            words = [*words[:at], *words[at + 2 :]]
            if word == "--seconds":
                small[word] = "1"
                small.pop("--steps", None)
    for option, value in small.items():
        if option in words:
            words[words.index(option) + 1] = value
        else:
            words += [option, value]
    return words


@pytest.fixture(scope="module")
def folder(tmp_path_factory, weights, cloud_server):
    """What the README's reader has: photos and paintings, here and in the cloud."""
    assert weights
    cloud_server.files.mkdir("bucket")
    path = tmp_path_factory.mktemp("readme")
    for seed, name in enumerate(
        ("photo.jpg", "painting.jpg", "a.jpg", "b.jpg", "cat.jpg", "wave.jpg")
    ):
        save_picture(path / name, 64, 96, seed)
    (path / "my-paintings").mkdir()
    save_picture(path / "my-paintings" / "red.jpg", 96, 96, 21)
    save_picture(path / "my-paintings" / "blue.jpg", 96, 96, 22)
    (path / "my-photos").mkdir()
    for seed in range(3):
        photo = save_picture(path / "my-photos" / f"{seed}.jpg", 96, 96, seed)
        cloud_server.files.pipe_file(f"bucket/photos/{seed}.jpg", photo.read_bytes())
    make_clip(path / "clip.mp4")
    return path


@pytest.mark.parametrize("command", [line for line in COMMANDS if " web" not in line])
def test_a_command_of_the_readme_does_what_it_says(
    folder, cloud_server, monkeypatch, capsys, command
):
    monkeypatch.chdir(folder)
    words = quickened(shlex.split(command)[1:])
    for name, part in MADE_BY.items():
        if name in words and part not in command and not Path(name).exists():
            earlier = next(line for line in COMMANDS if part in line)
            assert main(quickened(shlex.split(earlier)[1:])) == 0
    before = set(folder.rglob("*"))
    assert main(words) == 0, capsys.readouterr().err
    assert capsys.readouterr().out
    if "s3://" in command:
        assert len(cloud_server.keys("bucket/painted")) == 4  # and the report
        return
    writes = words[0] not in ("show", "measure", "learn") and words != ["styles"]
    if writes and not {"--dry-run", "--resume"} & set(words):
        assert set(folder.rglob("*")) > before


def test_the_page_of_the_readme_answers(folder):
    command = next(line for line in COMMANDS if line.startswith("impasto web"))
    words = [sys.executable, "-m", *shlex.split(command)]
    quiet = {**os.environ, "BROWSER": "true"}
    with subprocess.Popen(words, cwd=folder, env=quiet, stdout=subprocess.PIPE, text=True) as page:
        address = re.search(r"http://\S+", page.stdout.readline())
        try:
            with urllib.request.urlopen(address[0], timeout=30) as answer:
                assert b"impasto" in answer.read()
        finally:
            page.send_signal(signal.SIGINT)
        assert page.wait(30) in (0, 130)


def test_the_python_of_the_readme_runs(folder, monkeypatch):
    monkeypatch.chdir(folder)
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    exec(compile(code.replace("size=512", "size=64, steps=(2,)"), "README.md", "exec"), {})
    assert (folder / "cat_wave.png").exists()
    assert (folder / "cat_starry-night.png").exists()


def test_every_extra_is_in_the_table():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    table = re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)
    assert set(table) == set(project["optional-dependencies"]) - {"benchmark", "dev"}


def test_there_are_commands():
    assert len(COMMANDS) > 20
