import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from impasto.cli.start import main

COLOR = re.compile(rb"\x1b\[[\d;]*(3[0-8]|9[0-7])[\d;]*m")


def on_a_terminal(*words, **environment):
    """Return what a command writes on a terminal."""
    parent, child = pty.openpty()
    there = {**os.environ, "TERM": "xterm-256color", **environment}
    with subprocess.Popen(
        [sys.executable, "-m", "impasto", *words], stdout=child, stderr=child, env=there
    ) as process:
        os.close(child)
        found = b""
        while True:
            try:
                chunk = os.read(parent, 65536)
            except OSError:  # how a terminal ends
                chunk = b""
            if not chunk:
                break
            found += chunk
    os.close(parent)
    assert process.returncode == 0, found
    return found


@pytest.fixture
def command(tmp_path, photo, wave):
    words = ["stylize", str(photo), "--style", str(wave), "--engine", "torch", "--force"]
    return [*words, "--device", "cpu", "-o", str(tmp_path / "out.png")]


def test_verbose_says_what_is_chosen_and_read(command, photo, wave, capsys):
    assert main(command) == 0
    assert capsys.readouterr().err == ""
    assert main([*command, "--verbose"]) == 0
    lines = capsys.readouterr().err.splitlines()
    for line in (f"network: {wave}", f"picture: {photo}", "engine: torch", "device: cpu"):
        assert f"impasto: {line}" in lines
    assert main(["--verbose", *command]) == 0
    assert "engine: torch" in capsys.readouterr().err
    assert main(command) == 0
    assert capsys.readouterr().err == ""


def test_after_two_hyphens_all_words_are_names(capsys):
    assert main(["stylize", "--style", "starry-night", "--", "--verbose"]) == 2
    assert "--verbose" in capsys.readouterr().err


def test_no_color_is_heeded(command):
    assert COLOR.search(on_a_terminal("stylize", "--help"))
    assert not COLOR.search(on_a_terminal("stylize", "--help", NO_COLOR="1"))
    folder = ["stylize", str(Path(command[1]).parent), *command[2:-1], command[-1] + ".d"]
    assert COLOR.search(on_a_terminal(*folder))
    assert not COLOR.search(on_a_terminal(*folder, NO_COLOR="1"))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_learns_to_complete(tmp_path, shell):
    there = {**os.environ, "HOME": str(tmp_path)}
    command = [sys.executable, "-m", "impasto", "--install-completion", "--shell", shell]
    done = subprocess.run(command, env=there, capture_output=True, text=True, check=True)
    scripts = [path for path in tmp_path.rglob("*impasto*") if path.is_file()]
    assert len(scripts) == 1, done.stdout
    text = scripts[0].read_text()
    for word in ("stylize", "preserve-color", "luminance", "export"):
        assert word in text
    if shell == "bash":
        subprocess.run(["bash", "-n", str(scripts[0])], check=True)
