"""Kills work in the middle, and does it again: is the result the one of an undisturbed run?

    python benchmarks/kills.py PHOTOS

Each work is done once undisturbed, and then killed (SIGKILL, which no program can prepare for)
after every number of steps in turn, gone on with, and compared: pictures pixel by pixel, models
tensor by tensor. Ctrl-C, SIGTERM and SIGHUP have to leave the picture so far. PHOTOS: a folder of
photos; a dozen of them are used.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import load_file

from report import Cell, Table, write

STEPS = 12
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LINE = ("optimize", "castle", "great-wave", "--size", "64", "--json")


def impasto(*words: str, folder: Path, end: Sequence[int] = (), after: int = 0) -> tuple[int, str]:
    """Run a command that prints events, and end it at one of them.

    Args:
        *words: of the command.
        folder: to run it in.
        end: signals to send, none to let it run to its end.
        after: how many events of a finished step or picture to wait for first.

    Returns:
        The exit code and what was written to stderr.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "impasto", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    seen = 0
    for line in process.stdout:
        seen += json.loads(line)["event"] in ("step", "trainstep", "painted")
        if end and seen == after:
            for number in end:
                process.send_signal(number)
            break
    _, errors = process.communicate()
    return process.returncode, errors


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as opened:
        return np.asarray(opened)


def same_pictures(folder: Path, other: Path) -> bool:
    """Return whether two folders hold the same files, and pictures of the same pixels."""
    names = sorted(path.name for path in folder.iterdir())
    return names == sorted(path.name for path in other.iterdir()) and all(
        np.array_equal(pixels(folder / name), pixels(other / name)) for name in names
    )


def same_models(path: Path, other: Path) -> bool:
    ours, theirs = load_file(path), load_file(other)
    return ours.keys() == theirs.keys() and all(
        np.array_equal(ours[name], theirs[name]) for name in ours
    )


def kill_optimize(folder: Path, _photos: Path) -> list[bool]:
    words = (*LINE, "--steps", str(STEPS), "--coarsest", "0", "-o")
    impasto(*words, "whole.png", folder=folder)
    found = []
    for step in range(1, STEPS + 1):
        run = ("--run", f"run{step}")
        impasto(*words, f"{step}.png", *run, folder=folder, end=[signal.SIGKILL], after=step)
        code, _ = impasto("optimize", "--resume", f"run{step}", "--json", folder=folder)
        whole, resumed = folder / "whole.png", folder / f"{step}.png"
        found.append(code == 0 and np.array_equal(pixels(whole), pixels(resumed)))
    return found


def kill_train(folder: Path, photos: Path) -> list[bool]:
    words = ("train", "great-wave", "--photos", str(photos), "--steps", "8", "--size", "64")
    words = (*words, "--batch-size", "1", "--checkpoint-minutes", "0", "--json", "-o")
    impasto(*words, "whole.safetensors", folder=folder)
    found = []
    for step in (1, 2, 3, 5, 7):
        name = f"{step}.safetensors"
        impasto(*words, name, folder=folder, end=[signal.SIGKILL], after=step)
        code, _ = impasto("train", "--resume", f"{step}.run", "--json", folder=folder)
        found.append(code == 0 and same_models(folder / name, folder / "whole.safetensors"))
    return found


def kill_folder(folder: Path, photos: Path) -> list[bool]:
    words = ("stylize", str(photos), "--style", "poppies", "--size", "128", "--json", "-o")
    impasto(*words, "whole", folder=folder)
    found = []
    for count in range(1, 11):
        impasto(*words, str(count), folder=folder, end=[signal.SIGKILL], after=count)
        code, _ = impasto(*words, str(count), folder=folder)
        found.append(code == 0 and same_pictures(folder / "whole", folder / str(count)))
    return found


def stop_optimize(folder: Path, _photos: Path) -> list[bool]:
    found = []
    for number in SIGNALS:
        for step in (1, 4, 9):
            name = f"{number.name}{step}.png"
            words = (*LINE, "--steps", "400", "-o", name)
            code, errors = impasto(*words, folder=folder, end=[number], after=step)
            said = "stopping" in errors and "Traceback" not in errors
            found.append(code == 130 and said and pixels(folder / name).shape[1] == 64)
    return found


def stop_folder(folder: Path, photos: Path) -> list[bool]:
    words = ("stylize", str(photos), "--style", "poppies", "--size", "128", "--json", "-o")
    impasto(*words, "whole", folder=folder)
    found = []
    for number in SIGNALS:
        for count in (1, 4):
            name = f"{number.name}{count}"
            code, errors = impasto(*words, name, folder=folder, end=[number], after=count)
            impasto(*words, name, folder=folder)
            said = "stopping" in errors and "Traceback" not in errors
            whole = same_pictures(folder / "whole", folder / name)
            found.append(code == 130 and said and whole)
    return found


WORKS: tuple[tuple[str, Callable[[Path, Path], list[bool]]], ...] = (
    ("`optimize --run`, killed after 1 to 12 of 12 steps, then `--resume`", kill_optimize),
    ("`train`, killed after 1 to 7 of 8 steps, then `--resume`", kill_train),
    ("`stylize FOLDER`, killed after 1 to 10 of 12 photos, then once more", kill_folder),
    ("`optimize`, ended by Ctrl-C, SIGTERM and SIGHUP: the picture so far is saved", stop_optimize),
    ("`stylize FOLDER`, ended by the same three, then once more", stop_folder),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    arguments = parser.parse_args()
    rows: list[tuple[Cell, ...]] = []
    with tempfile.TemporaryDirectory() as temporary:
        photos = Path(temporary, "photos")
        photos.mkdir()
        pictures = (path for path in sorted(arguments.photos.iterdir()) if path.suffix == ".jpg")
        for path in list(pictures)[:12]:
            shutil.copy(path, photos)
        for number, (what, work) in enumerate(WORKS):
            folder = Path(temporary, str(number))
            folder.mkdir()
            found = work(folder, photos)
            rows.append((what, len(found), sum(found), len(found) - sum(found)))
            print(rows[-1], flush=True)
    columns = ("what", "tried", "right", "wrong")
    write("kills", Table(columns, rows))


if __name__ == "__main__":
    main()
