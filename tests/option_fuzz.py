"""Every option of every command with values that people mistype, and what came of it.

`python tests/option_fuzz.py [COMMAND ...]` prints the counts and every fault.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import shutil
import signal
import sys
import tempfile
import threading
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from impasto.cli.app import app
from impasto.cli.start import main
from impasto.perception.weights import Source, Weights

VALUES = (
    *("-1", "0", "1", "2", "31", "64.5", "0.001", "1e9", "1e300", "1000000000000", "9" * 5000),
    *("nan", "inf", "-inf", "", " ", "a", "1,2", "1,,2", "99999999x99999999", "\x00", "é" * 300),
)

COMMANDS = {
    "stylize": "castle --style wave.safetensors --size 32 --device cpu -o out.png --force",
    "optimize": "photo.png painting.png --size 32 --device cpu --steps 1 -o out.png --force",
    "train": "painting.png --photos photos --size 32 --style-size 48 --steps 1 --batch-size 1 "
    "--workers 0 --warmup 0 --device cpu -o out.safetensors",
    "learn": "painting.png --photos photos --style-size 48 --steps 1 --name mine --device cpu "
    "--force",
    "reconstruct": "photo.png --size 32 --device cpu --steps 1 -o out.png --force",
    "grid": "photo.png painting.png --size 32 --device cpu --steps 1 --layers relu1_1 "
    "--ratios 1e-3 -o out.png --force",
    "inspect": "photo.png --size 32 --device cpu -o out.png --force",
    "measure": "photo.png --content photo.png --style painting.png --size 32",
    "compare": "photo.png --style painting.png --methods optimize --size 32 --seconds 0.1 "
    "--limit 0.1 -o out.png --force",
    "styles": "--sheet photo.png --size 32 -o out.png --force",
    "export": "wave.safetensors -o out.onnx --force",
    "web": "--port 0 --folder web",
    "show": "photo.png",
}
"""What each is called with, quick; what is tried comes after it, and counts."""

KEPT = ("wave.safetensors", "photo.png", "painting.png", "photos", "cache")
"""Files that the calls need."""

PATIENCE = 2.0
"""Seconds after which what works is taken for accepted, and ended as by Ctrl-C."""


@dataclass(frozen=True)
class Tried:
    """One call and what came of it."""

    command: str
    option: str
    value: str
    outcome: str
    """accepted, refused (one line and exit code 1 or 2) or fault."""

    said: str


def options_of(command: str) -> list[str]:
    """Return the options of a command that take a value, by their first name."""
    found = []
    for argument in app[command].assemble_argument_collection():
        names = [name for name in argument.names if name.startswith("--")]
        if names and argument.hint is not bool and argument.show:
            found.append(names[0])
    return found


def calls(command: str, option: str, value: str) -> list[str]:
    """Return the words of a call in which `value` is what counts."""
    words = COMMANDS[command].split()
    aliases = {"--output": "-o"}
    for name in (option, aliases.get(option, option)):
        if name in words:
            at = words.index(name)
            del words[at : at + 2]
    return [command, *words, f"{option}={value}"]


@contextlib.contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Interrupt what takes longer, and again if that is not heard."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def attempt(command: str, option: str, value: str) -> Tried:
    """Call a command as a person does and say what came of it."""
    out, errors = io.StringIO(), io.StringIO()
    threads = set(threading.enumerate())
    tidy()
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(errors),
            patience(PATIENCE),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            code = main(calls(command, option, value))
    except KeyboardInterrupt:
        code = 130
    except SystemExit as leaving:
        code = leaving.code
    except BaseException:  # noqa: BLE001  (that is what is looked for)
        return Tried(command, option, value, "fault", traceback.format_exc())
    finally:
        for thread in set(threading.enumerate()) - threads:
            thread.join(5)
    said = errors.getvalue().strip()
    last = said.splitlines()[-1:] or [""]
    if code in (0, 3, 130):
        return Tried(command, option, value, "accepted", out.getvalue().strip())
    one_line = last[0].startswith("impasto: ") and "Traceback" not in said
    is_clear = one_line and not any(
        word in said for word in ("RuntimeError", "object at 0x", "Error(")
    )
    return Tried(command, option, value, "refused" if is_clear else "fault", said)


def fuzz(*commands: str) -> list[Tried]:
    """Return every call and what came of it; the current folder holds what is needed."""
    commands = commands or tuple(COMMANDS)
    for command in commands:
        if command != "web":
            tidy()
            main([command, *COMMANDS[command].split()])  # what it imports, it imports now
    return [
        attempt(command, option, value)
        for command in commands
        for option in options_of(command)
        for value in VALUES
    ]


def count(tried: list[Tried]) -> dict[str, Counter[str]]:
    """Return by command how many were accepted, refused with a clear line, or faults."""
    counts: dict[str, Counter[str]] = {}
    for each in tried:
        counts.setdefault(each.command, Counter())[each.outcome] += 1
    return counts


def tidy() -> None:
    """Delete what earlier calls have made."""
    for path in Path.cwd().iterdir():
        if path.name not in KEPT:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def prepare(folder: Path) -> None:
    """Put what the calls need into a folder and go there, with a VGG of few channels."""
    from impasto.analysis import metrics, similarity
    from impasto.perception import weights
    from impasto.perception.vgg import VGG16
    from support import TINY as SMALL
    from support import random_weights, save_picture, save_random_model

    measure = importlib.import_module("impasto.analysis.measure")
    vars(VGG16).update(blocks=SMALL.blocks, channels=SMALL.channels)
    weights._SOURCES["vgg16"] = (lambda *_: _return(random_weights(SMALL)),)
    weights._SOURCES["vgg19"] = ()
    os.environ["IMPASTO_CACHE"] = str(folder / "cache")
    os.environ["IMPASTO_DATA"] = str(folder / "data")
    os.chdir(folder)
    save_random_model(Path("wave.safetensors"))
    save_picture(Path("photo.png"), 40, 60, 1)
    save_picture(Path("painting.png"), 50, 50, 2)
    Path("photos").mkdir()
    for seed in range(3):
        save_picture(Path("photos", f"{seed}.png"), 40, 60, seed)
    # LPIPS wants the real network's features
    for module in (similarity, metrics, measure):
        module.lpips_heads = lambda: None


def _return(value: Weights) -> Source:
    yield from ()
    return value


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        tried = fuzz(*sys.argv[1:])
    faults = [each for each in tried if each.outcome == "fault"]
    for each in tried if os.environ.get("SHOW") else faults:
        words = each.outcome, each.command, each.option, repr(each.value[:30]), each.said[-700:]
        sys.stdout.write(" ".join(words) + "\n")
    for command, counts in count(tried).items():
        told = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items()))
        sys.stdout.write(f"{command}: {told}\n")
