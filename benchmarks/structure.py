"""The house in numbers: files, lines, floors, circles, and the files that a command goes through.

    python benchmarks/structure.py [SRC] [--json]

SRC is the folder `impasto` lies in, `src` if not given: another checkout can be counted too. A file
belongs to a trip if a function of it was called on the way; what only happens at import is not
counted.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PACKAGE = "impasto"

TRIPS = {
    "stylize": ["stylize", "castle", "--style", "starry-night", "--size", "96", "-o", "a.png"],
    "optimize": [
        "optimize",
        "castle",
        "great-wave",
        "--size",
        "64",
        "--steps",
        "2",
        "-o",
        "b.png",
    ],
    "web": ["web", "--folder", "web"],
    "train": [
        *("train", "great-wave", "--photos", "photos", "--steps", "2", "--size", "64"),
        *("--workers", "0", "-o", "c.safetensors"),
    ],
}


def modules(source: Path) -> dict[str, Path]:
    """Return the package's modules by dotted name."""
    found = {}
    for path in sorted((source / PACKAGE).rglob("*.py")):
        name = path.relative_to(source).with_suffix("").as_posix().replace("/", ".")
        found[name.removesuffix(".__init__")] = path
    return found


def imports(name: str, path: Path, known: dict[str, Path]) -> set[str]:
    """Return the modules of the package that one imports when it runs, wherever in the file."""
    found: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and id(node) not in for_types:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                target = whole if whole in known else node.module
                if target in known and target != name:
                    found.add(target)
    return found


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that reach one another (Tarjan's strong components)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for target in sorted(arrows.get(node, ())):
            if target not in order:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], order[target])
        if low[node] == order[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(arrows):
        if node not in order:
            visit(node)
    return found


def count(source: Path) -> dict[str, Any]:
    """Return files, lines, floors and circles."""
    known = modules(source)
    lines = {name: path.read_text(encoding="utf-8").count("\n") for name, path in known.items()}
    arrows = {name: imports(name, path, known) for name, path in known.items()}
    stems = defaultdict(list)
    for name, path in known.items():
        if path.name != "__init__.py":
            stems[path.stem].append(name)
    twice = {stem: names for stem, names in stems.items() if len(names) > 1}
    by_package: dict[str, int] = defaultdict(int)
    for name, number in lines.items():
        by_package[".".join(name.split(".")[1:2]) or "(top)"] += number
    project = source.parent / "pyproject.toml"
    contracts = tomllib.loads(project.read_text(encoding="utf-8"))["tool"]["importlinter"]
    return {
        "files": len(known),
        "lines": sum(lines.values()),
        "floors": len(contracts["contracts"][0]["layers"]),
        "circles": circles(arrows),
        "names borne by several files": sum(map(len, twice.values())),
        "files over 300 lines": sum(number > 300 for number in lines.values()),
        "lines by package": dict(sorted(by_package.items())),
    }


def trip(source: Path, name: str) -> list[str]:
    """Return the modules that a command goes through, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(source)}
        command = [sys.executable, __file__, "--walk", name, str(source)]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr}")
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


def walk(source: Path, name: str) -> None:
    """Run a command and print the modules whose functions were called."""
    from impasto.cli.start import main

    seen: set[str] = set()
    home = str(source / PACKAGE)

    def look(frame: Any, kind: str, _argument: object) -> None:
        code = frame.f_code
        is_function = code.co_flags & inspect.CO_NEWLOCALS and code.co_flags & inspect.CO_OPTIMIZED
        if kind == "call" and is_function and code.co_filename.startswith(home):
            seen.add(Path(code.co_filename).relative_to(source).as_posix())

    words = list(TRIPS[name])
    if name == "train":
        _photos(Path("photos"))
    if name == "web":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        words += ["--port", str(port)]
        threading.Thread(target=_visit, args=(port,), daemon=True).start()
    threading.setprofile(look)
    sys.setprofile(look)
    code = main(words)
    sys.setprofile(None)
    if code:
        raise SystemExit(code)
    print(json.dumps(sorted(seen)))


def _photos(folder: Path) -> None:
    from PIL import Image

    from impasto.assets import find

    folder.mkdir()
    castle = find("castle")
    assert castle is not None
    for number in range(3):
        with Image.open(castle) as opened:
            opened.rotate(number).resize((192, 128)).save(folder / f"{number}.png")


def _visit(port: int) -> None:
    """Upload a photo to the page, have it painted, fetch the picture and end the server."""
    from impasto.assets import find

    def ask(path: str, data: bytes | None = None, kind: str = "application/json") -> bytes:
        address = f"http://127.0.0.1:{port}{path}"
        request = urllib.request.Request(address, data, {"content-type": kind})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return bytes(answer.read())

    castle = find("castle")
    assert castle is not None
    for _ in range(300):
        try:
            ask("/api/health")
            break
        except OSError:
            time.sleep(0.1)
    photo = json.loads(ask("/api/pictures?name=castle.jpg", castle.read_bytes(), "image/jpeg"))
    order = {"kind": "stylize", "photo": photo["id"], "styles": [{"style": "great-wave"}]}
    job = json.loads(ask("/api/jobs", json.dumps({**order, "size": 96}).encode()))
    while job["state"] not in ("done", "failed"):
        time.sleep(0.2)
        job = json.loads(ask(f"/api/jobs/{job['id']}"))
    ask(f"/api/jobs/{job['id']}/result")
    os.kill(os.getpid(), signal.SIGINT)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, nargs="?", default=ROOT / "src")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--walk", choices=TRIPS, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    source = chosen.source.resolve()
    if chosen.walk:
        walk(source, chosen.walk)
        return
    found = count(source)
    found["files per trip"] = {name: len(trip(source, name)) for name in TRIPS}
    if chosen.json:
        print(json.dumps(found, indent=1))
        return
    for line in _rows(found):
        print(line)


def _rows(found: dict[str, Any]) -> Iterator[str]:
    for name, value in found.items():
        shown = value
        if isinstance(value, dict):
            shown = ", ".join(f"{key} {number:,}" for key, number in value.items())
        elif isinstance(value, list):
            shown = f"{len(value)}" + "".join(f"; {' <-> '.join(group)}" for group in value)
        elif isinstance(value, int):
            shown = f"{value:,}"
        yield f"{name}: {re.sub(' +', ' ', str(shown))}"


if __name__ == "__main__":
    main()
