"""Odd names, closed streams and signals, and what becomes of the commands that meet them.

    python benchmarks/hard_names.py [names] [streams] [signals]

Every command runs in a process and an empty folder of its own. It is right if it does what was
asked, and clear if it says in one line why it cannot; all else is a fault. The lists are the same
every time, and nothing waits for a clock. About 20 minutes.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

IMPASTO = [sys.executable, "-m", "impasto"]
QUICK = ["--size", "48", "--steps", "2"]
MANY = 8
"""Pictures in the large folder."""

LIMIT = 300
"""Seconds after which a command counts as hanging."""


@dataclass
class Counts:
    """What became of many commands."""

    right: int = 0
    clear: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, what: str, verdict: str) -> None:
        """Count one command: `right`, `clear`, or what is wrong."""
        if verdict == "right":
            self.right += 1
        elif verdict == "clear":
            self.clear += 1
        else:
            self.faults.append(f"{what}: {verdict}")

    def __str__(self) -> str:
        """Return it for people."""
        total = self.right + self.clear + len(self.faults)
        line = f"{total} tried: {self.right} right, {self.clear} clear errors"
        return "\n  ".join([f"{line}, {len(self.faults)} faults", *self.faults])


NAMES = (
    b"plain.png",
    b"with space.png",
    b" leading.png",
    b"trailing .png",
    b"it's.png",
    b'say "hi".png',
    b"$(touch oh-no).png",
    b"`id`.png",
    b"a;b&c|d.png",
    b"star*?[x].png",
    b"back\\slash.png",
    b"new\nline.png",
    b"tab\t.png",
    b"escape\x1b[31m.png",
    b"bell\x07.png",
    b"-dash.png",
    b"--style.png",
    b"a,b.png",
    b"a:0.5.png",
    b"a=b.png",
    b"~home.png",
    b"%20.png",
    b"@file.png",
    b"#hash.png",
    b"two.dots.png",
    b".hidden.png",
    b"UPPER.PNG",
    b"caf\xe9.png",
    "café.png".encode(),
    "写真😀.png".encode(),
    "עברית.png".encode(),
    "a\u202egnp.png".encode(),
    "zero\u200bwidth.png".encode(),
    b"x" * 200 + b".png",
    b"x" * 230 + b".png",
    b"x" * 246 + b".png",
    b"x" * 251 + b".png",
    ("写" * 82 + ".png").encode(),
    ("😀" * 62 + ".png").encode(),
)
"""Of files that are there."""

NO_NAMES = (
    b"",
    b"x" * 300,
    b"x" * 5000,
    b"loop.png",
    b"gone/a.png",
    b"folder",
    b"locked\xff/a.png",
)
"""Of what cannot be read."""

ENCODINGS = ("", "cp1252", "ascii", "utf-8:strict")


def try_names() -> Counts:
    """Use every name as photo, in a folder, as style and as output, and show what was written."""
    counts = Counts()
    for name in NAMES:
        for encoding in ENCODINGS[: 1 if name.isascii() else None]:
            with _place(name) as here:
                where = _as_file(name)
                code, _, errors = _run("stylize", where, *_style(), encoding=encoding)
                written = [path for path in here.iterdir() if path.name.endswith("_great-wave.png")]
                counts.add(f"{encoding} photo {name!r}", _verdict(code, errors, written))
                if written:
                    done = _run("show", _as_file(os.fsencode(written[0].name)), encoding=encoding)
                    counts.add(f"{encoding} show {name!r}", _shown(done))
                done = _run("stylize", "in", *_style(), "-o", "out", "--json", encoding=encoding)
                painted = list(here.glob("out/*"))
                counts.add(f"{encoding} folder {name!r}", _verdict(done[0], done[2], painted))
        with _place(name) as here:
            where = _as_file(name)
            code, _, errors = _run("stylize", "plain.jpg", *_style(), "-o", b"./new-" + name[-240:])
            written = list(here.glob("new-*"))
            counts.add(f"output {name!r}", _verdict(code, errors, written))
            code, _, errors = _run(
                "optimize", "plain.jpg", where, *QUICK, "--run", b"r" + where[-9:]
            )
            counts.add(f"painting {name!r}", _verdict(code, errors, list(here.glob("plain_*.png"))))
    for name in NO_NAMES:
        for words in (
            ["stylize", name, *_style()],
            ["stylize", "plain.jpg", "--style", name],
            ["stylize", "plain.jpg", *_style(), "--style-map", name],
            ["optimize", name, "plain.jpg", *QUICK],
            ["optimize", "plain.jpg", name, *QUICK],
            ["optimize", "plain.jpg", "plain.jpg", *QUICK, "--init", name],
            ["optimize", "--resume", name],
            ["train", name, "--photos", "in"],
            ["train", "plain.jpg", "--photos", name],
            ["train", "--resume", name],
            ["measure", name],
            ["reconstruct", name, *QUICK],
            ["inspect", name],
            ["export", name],
            ["styles", name],
            ["show", name],
        ):
            with _place(b"plain.png"):
                code, _, errors = _run(*words)
                counts.add(f"{words[0]} without {name[:20]!r}", _verdict(code, errors, []))
    return counts


STREAMS = {
    "> /dev/full": ("cannot write to standard output", 1),
    "| exec true": ("", 0, 141),
    ">&-": ("", 0),
    "<&-": ("", 0),
    "2>&-": ("", 0),
    "2> /dev/full": ("", 0),
    "<&- >&- 2>&-": ("", 0),
    "2>&1 | exec true": ("", 0, 141),
}
"""Behind a command, with what is to be said on stderr and the exit codes that are right."""

COMMANDS = (
    "--help",
    "--version",
    "stylize --help",
    "styles",
    "styles --json",
    "show shown.png",
    "show shown.png --json",
    "stylize plain.jpg --style wave.safetensors",
    "stylize plain.jpg --style wave.safetensors --json",
    "stylize in --style wave.safetensors -q",
    f"optimize plain.jpg plain.jpg {' '.join(QUICK)}",
    f"optimize plain.jpg plain.jpg {' '.join(QUICK)} --json",
    "optimize plain.jpg plain.jpg --dry-run",
)


def try_streams() -> Counts:
    """Run commands whose streams are closed, full or left by their reader."""
    counts = Counts()
    for command in COMMANDS:
        for streams, (said, *codes) in STREAMS.items():
            for buffered in ("", "1"):
                with _place(b"plain.png"):
                    line = f'impasto() {{ "{sys.executable}" -m impasto "$@"; }}; '
                    line += f"impasto {command} {streams}; exit ${{PIPESTATUS[0]}}"
                    done = subprocess.run(
                        ["bash", "-c", line],
                        capture_output=True,
                        check=False,
                        timeout=LIMIT,
                        env={**os.environ, "PYTHONUNBUFFERED": buffered},
                    )
                errors = done.stderr.decode(errors="replace")
                is_right = done.returncode in codes and "Traceback" not in errors
                is_right = is_right and (not said or said in errors) and "Exception" not in errors
                wrong = f"code {done.returncode} {errors[-200:]!r}"
                verdict = ("clear" if said else "right") if is_right else wrong
                counts.add(f"{command} {streams}", verdict)
    return counts


SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")

MODULES = (
    "impasto.cli.app",
    "cyclopts",
    "rich.progress",
    "numpy",
    "numpy._core._multiarray_umath",
    "PIL.Image",
    "torch",
    "torch._C",
    "torch.nn",
    "torch.autograd",
    "safetensors",
    "impasto.optimization.run",
)
"""At whose import the signals come."""

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


def try_signals() -> Counts:
    """Send signals during imports, and after so many events of long work."""
    counts = Counts()
    optimize = ["optimize", "plain.jpg", "plain.jpg", "--size", "64", "--steps", "40"]
    for module in MODULES:
        for sign in SIGNALS:
            for times in ("1", "2"):
                command = [sys.executable, "-c", AT_IMPORT, module, times, sign, *optimize]
                with _place(b"plain.png") as here:
                    before = sorted(here.rglob("*"))
                    done = _finish(command)
                    clean = sorted(here.rglob("*")) == before
                verdict = "right" if clean and _says_once(done) else f"{done[0]} {done[2][-200:]!r}"
                counts.add(f"{sign} x{times} at {module}", verdict)
    works: dict[str, tuple[list[str], Callable[[Path], bool]]] = {
        "optimize": ([*optimize, "--json"], lambda here: (here / "plain_plain.png").exists()),
        "run": (
            [*optimize, "--json", "--run", "run"],
            lambda here: bool(list(here.glob("run/checkpoint*.pt"))),
        ),
        "folder": (
            ["stylize", "many", *_style(), "--json", "--size", "1200"],
            lambda here: bool(list(here.glob("many_great-wave/*.png"))),
        ),
        "grid": (
            ["grid", "plain.jpg", "plain.jpg", "--json", "--size", "64", "--steps", "10"],
            lambda here: bool(list(here.glob("*.grid"))),
        ),
        "reconstruct": (
            ["reconstruct", "plain.jpg", "--json", "--size", "64", "--steps", "40"],
            lambda here: bool(list(here.glob("plain_content.png"))),
        ),
    }
    for name, (words, kept) in works.items():
        for sign in SIGNALS:
            for events in (1, 3, 5):
                for times in (1, 2):
                    with _place(b"plain.png") as here:
                        verdict = _interrupt(words, getattr(signal, sign), events, times, kept)
                    counts.add(f"{sign} x{times} after {events} events of {name}", verdict)
    return counts


def _interrupt(
    words: list[str], sign: int, events: int, times: int, kept: Callable[[Path], bool]
) -> str:
    with subprocess.Popen(
        [*IMPASTO, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(events)]
        for _ in range(times):
            process.send_signal(sign)
        rest, errors = process.communicate(timeout=LIMIT)
    told = [json.loads(line)["event"] for line in [*lines, *rest.splitlines()] if line.strip()]
    parts = [path for path in Path().rglob("*") if ".part" in path.name]
    is_through = told.count("painted") == MANY  # they were in hand already
    if process.returncode != (0 if is_through else 130) or "Traceback" in errors or parts:
        return f"code {process.returncode} {parts} {errors[-200:]!r}"
    if not is_through and not errors.strip():
        return "not a word"
    worked = any(event in ("step", "painted") for event in told[: events - 1])
    if worked and times == 1 and not kept(Path()):
        return f"nothing is kept: {errors[-200:]!r}"
    return "right"


def _says_once(done: tuple[int, str, str]) -> bool:
    return done[0] == 130 and done[2] == "impasto: interrupted; nothing was written\n"


def _shown(done: tuple[int, str, str]) -> str:
    """Judge what `show` printed: a command that is one printable line, and runs as it stands."""
    code, out, errors = done
    if code != 0 or not out.rstrip("\n").isprintable() or out.count("\n") != 1:
        return f"code {code} {out!r} {errors[-200:]!r}"
    again = f'impasto() {{ "{sys.executable}" -m impasto "$@"; }}; {out.strip()} -o again.png -q'
    ran = subprocess.run(["bash", "-c", again], capture_output=True, check=False, timeout=LIMIT)
    is_right = ran.returncode == 0 and Path("again.png").exists() and not Path("oh-no").exists()
    return "right" if is_right else f"again: {ran.stderr.decode(errors='replace')[-200:]!r}"


def _verdict(code: int, errors: str, written: list[Path]) -> str:
    """Judge one command by its exit code, what it said and what it wrote."""
    lines = errors.splitlines()
    said = [line for line in lines if line.startswith("impasto: ")]
    if "Traceback" in errors or "Exception ignored" in errors:
        return f"code {code} {errors[-200:]!r}"
    if code == 0:
        try:
            for path in written:
                with Image.open(path) as opened:
                    opened.load()
        except OSError as error:
            return f"{path.name!r} is no picture: {error}"
        return "right" if written else "nothing was written"
    if code in (1, 2, 3) and len(said) == 1 and "DEBUG" not in errors and not written:
        return "clear"
    return f"code {code} {errors[-200:]!r}"


def _style() -> list[str]:
    return ["--style", "wave.safetensors"]


def _as_file(name: bytes) -> bytes:
    return b"./" + name if name.startswith(b"-") else name


def _run(*words: str | bytes, encoding: str = "") -> tuple[int, str, str]:
    return _finish([*IMPASTO, *words], encoding)


def _finish(command: list[str | bytes] | list[str], encoding: str = "") -> tuple[int, str, str]:
    done = subprocess.run(
        command,
        capture_output=True,
        check=False,
        timeout=LIMIT,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )
    codec = encoding.partition(":")[0] or "utf-8"
    out, errors = (text.decode(codec, errors="replace") for text in (done.stdout, done.stderr))
    return done.returncode, out, errors


class _place:  # noqa: N801  (a function in all but name)
    """Work in a new folder with a photo of that name, a model, and what is no photo."""

    model: Path | None = None

    def __init__(self, name: bytes) -> None:
        self.name = name

    def __enter__(self) -> Path:
        self.before = Path.cwd()
        self.folder = tempfile.TemporaryDirectory(prefix="impasto-names-")
        here = Path(self.folder.name)
        os.chdir(here)
        for folder in ("in", "folder", "many"):
            Path(folder).mkdir()
        picture = _picture()
        picture.save("plain.jpg")
        for number in range(MANY):
            picture.resize((480, 320)).save(f"many/{number}.png")
        picture.save("plain-.png")
        picture.save("in/seen.jpg")
        for place in (b"", b"in/"):
            shutil.copyfile("plain-.png", place + self.name)
        Path("plain-.png").unlink()
        Path("loop.png").symlink_to("loop.png")
        shutil.copyfile(_model(), "wave.safetensors")
        shutil.copyfile(_model().with_name("shown.png"), "shown.png")
        return here

    def __exit__(self, *_: object) -> None:
        os.chdir(self.before)
        self.folder.cleanup()


def _picture() -> Image.Image:
    rows, columns = np.mgrid[:40, :60]
    return Image.fromarray(np.stack([rows * 6, columns * 4, rows + columns], 2).astype(np.uint8))


def _model() -> Path:
    """Return a copy of a bundled model and, beside it, a picture painted with it."""
    if _place.model is None:
        from impasto.networks.registry import styles

        folder = Path(tempfile.mkdtemp(prefix="impasto-names-"))
        shutil.copyfile(styles()["great-wave"], folder / "wave.safetensors")
        _picture().save(folder / "plain.jpg")
        words = ["stylize", "plain.jpg", "--style", "wave.safetensors", "-o", "shown.png"]
        subprocess.run([*IMPASTO, *words], check=True, capture_output=True, cwd=folder)
        _place.model = folder / "wave.safetensors"
    return _place.model


PARTS: dict[str, Callable[[], Counts]] = {
    "names": try_names,
    "streams": try_streams,
    "signals": try_signals,
}


def parts(names: list[str]) -> Iterator[tuple[str, Counts]]:
    """Yield what became of each of the lists that are named, all if none is."""
    for name in names or PARTS:
        yield name, PARTS[name]()


if __name__ == "__main__":
    for part, found in parts(sys.argv[1:]):
        print(f"{part}: {found}", flush=True)
