"""How the command line begins and ends: errors, streams and signals, each in a real process."""

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from impasto.cli.start import main
from support import load_image, save_picture

IMPASTO = [sys.executable, "-m", "impasto"]
OPTIMIZE = ["optimize", "photo.png", "painting.png", "--size", "48", "--steps", "2", "-q"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work in a folder with a photo and a painting."""
    monkeypatch.chdir(tmp_path)
    save_picture(tmp_path / "photo.png", 40, 60, 1)
    save_picture(tmp_path / "painting.png", 50, 50, 2)
    return tmp_path


def shell(line, **environment):
    """Run a line of shell in which `impasto` is this one."""
    command = f'impasto() {{ "{sys.executable}" -m impasto "$@"; }}; {line}'
    return subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
    )


LEAVING = """
import atexit, gc
from impasto.cli.start import run
atexit.register(lambda: print(gc.get_freeze_count() > len(gc.get_objects())))
run()
"""


def test_nobody_waits_for_garbage_to_be_looked_for_at_the_end():
    done = subprocess.run(
        [sys.executable, "-c", LEAVING, "--version"], check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "True"


# Errors


FAULTS = {
    "OSError(28, 'No space left on device')": (1, "No space left on device"),
    "OSError(28, 'No space left on device', 'a.png')": (1, "a.png: No space left on device"),
    "PermissionError(13, 'Permission denied', 'a.png')": (2, "a.png: Permission denied"),
    "PermissionError(13, 'Permission denied', b'a\\xff.png')": (2, "a\\udcff.png: Permission"),
    "UnicodeEncodeError('ascii', 'é', 0, 1, 'no')": (1, "UnicodeEncodeError: 'ascii' codec"),
    "MemoryError()": (1, "out of memory"),
    "RecursionError()": (1, "nested too deeply"),
    "ZeroDivisionError('division by zero')": (1, "ZeroDivisionError: division by zero"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_nobody_thought_of_is_one_line(fault, monkeypatch, capsys):
    code, message = FAULTS[fault]
    error = eval(fault)

    def read_note(_path):
        raise error

    monkeypatch.setattr("impasto.io.image.read_note", read_note)
    assert main(["show", "photo.png"]) == code
    errors = capsys.readouterr().err
    assert errors.startswith(f"impasto: {message}") or message in errors
    assert "IMPASTO_DEBUG=1 shows the traceback" in errors
    assert errors.count("\n") == 1
    monkeypatch.setenv("IMPASTO_DEBUG", "1")
    assert main(["show", "photo.png"]) == code
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_an_error_is_shown_without_what_a_terminal_obeys(capsys):
    assert main(["show", "a\x1b[31m.png"]) == 2
    assert "a\\x1b[31m.png" in capsys.readouterr().err


# Streams


@pytest.mark.parametrize(
    ("words", "unbuffered"),
    [("styles", "1"), ("styles", ""), ("--help", ""), ("show --help", ""), ("--version", "")],
)
def test_a_full_output_is_one_line_and_a_closed_one_is_quiet(words, unbuffered):
    full = shell(f"impasto {words} > /dev/full", PYTHONUNBUFFERED=unbuffered)
    assert full.stderr == b"impasto: cannot write to standard output: No space left on device\n"
    assert full.returncode == 1
    closed = shell(f"impasto {words} | exec true; exit ${{PIPESTATUS[0]}}")
    assert closed.stderr == b""
    assert closed.returncode in (0, 141)  # 0 if it was done before its reader had left
    missing = shell(f"impasto {words} >&-", PYTHONUNBUFFERED=unbuffered)
    assert (missing.returncode, missing.stderr) == (0, b"")


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize("streams", [">&- <&- 2>&-", ">&- 2> /dev/full"])
def test_without_any_streams_the_picture_is_written(here, streams):
    assert shell(f"impasto {' '.join(OPTIMIZE)} {streams}").returncode == 0
    assert load_image(here / "photo_painting.png").size == (48, 32)


@pytest.mark.usefixtures("wave")
def test_a_closed_input_or_output_is_no_picture():
    done = shell("impasto stylize - --style wave.safetensors <&-")
    assert done.returncode == 2
    assert b"standard input, but that is closed" in done.stderr
    done = shell("impasto stylize photo.png --style wave.safetensors -o - >&-")
    assert done.returncode == 2
    assert b"standard output, but that is closed" in done.stderr
    assert done.stderr.count(b"\n") == 1


NAMES = [b"caf\xe9.png", "写真😀.png".encode(), b"a\x1b[31mb.png"]


@pytest.mark.usefixtures("wave")
@pytest.mark.parametrize("encoding", ["utf-8:strict", "cp1252"])
def test_a_name_that_cannot_be_printed_is_escaped(encoding):
    Path("in").mkdir()
    for name in NAMES:
        for folder in (b"", b"in/"):
            Path(os.fsdecode(folder + name)).write_bytes(Path("photo.png").read_bytes())
    for words in ([NAMES[0]], [NAMES[1], "--json"], [*NAMES, "--force", "-q"], ["in", "-q"]):
        done = subprocess.run(
            [*IMPASTO, "stylize", *words, "--style", "wave.safetensors"],
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": encoding},
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"wave" in done.stdout
    for name in NAMES:
        assert Path(os.fsdecode(name[:-4] + b"_wave.png")).exists()
        assert Path("in_wave", os.fsdecode(name)).exists()


# Signals

AT_IMPORT = """
import os, signal, sys

_, module, times, sign, *sys.argv[1:] = sys.argv

class Finder:
    def find_spec(self, name, path=None, target=None):
        for _ in range(int(times) if name == module else 0):
            os.kill(os.getpid(), getattr(signal, sign))

sys.meta_path.insert(0, Finder())
from impasto.cli.start import run
run()
"""


@pytest.mark.parametrize("times", ["1", "2"])
@pytest.mark.parametrize(
    ("module", "sign"),
    [("cyclopts", "SIGINT"), ("cyclopts", "SIGTERM"), ("cyclopts", "SIGHUP"), ("torch", "SIGINT")],
)
def test_a_signal_during_an_import_is_one_line(here, module, sign, times):
    before = sorted(here.iterdir())
    done = subprocess.run(
        [sys.executable, "-c", AT_IMPORT, module, times, sign, *OPTIMIZE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == "impasto: interrupted; nothing was written\n"
    assert (done.returncode, done.stdout) == (130, "")
    assert sorted(here.iterdir()) == before


@pytest.mark.usefixtures("weights")
def test_a_terminal_that_closes_costs_no_picture(here):
    """The picture so far is saved, although nothing can be shown any more."""
    ours, theirs = pty.openpty()
    words = [*OPTIMIZE[:-1], "-o", "out.png"]
    words[words.index("2")] = "100000"
    with subprocess.Popen(
        [*IMPASTO, *words], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        shown = b""
        while len(set(re.findall(rb"step (\d+)/", shown))) < 2:  # the bar does not show each
            shown += os.read(ours, 1000)
        os.close(ours)
        process.send_signal(signal.SIGHUP)  # as the kernel does to whom the terminal controls
        process.send_signal(signal.SIGHUP)  # and the shell once more
        assert process.wait(60) == 130
    assert load_image(here / "out.png").size == (48, 32)


@pytest.mark.usefixtures("weights")
def test_signals_on_each_other_leave_whole_files_only(here):
    words = [*OPTIMIZE[:-1], "-o", "out.png", "--json"]
    words[words.index("2")] = "100000"
    with subprocess.Popen(
        [*IMPASTO, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(signal.SIGSTOP)  # so that both are there when it goes on
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGCONT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert errors.count("stopping after this step to save the picture so far") <= 1
    assert not (here / "out.png").exists()
    assert not [path for path in here.iterdir() if ".part" in path.name]


def test_nohup_is_left_to_itself():
    code = "import signal; from impasto.cli import interruption; interruption.watch();"
    code += "print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)"
    done = shell(f"trap '' HUP; '{sys.executable}' -c '{code}'")
    assert done.stdout == b"True\n"
