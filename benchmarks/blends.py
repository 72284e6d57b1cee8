"""Blends of two styles: the network between two, beside one network of sixteen styles.

    python benchmarks/blends.py PHOTOS PAINTINGS [--sheet docs/gallery/blends.jpg]

Half of each style, as `impasto stylize --style A,B` paints it, and as the bundled network that has
learned all styles together does, with half of each one's scales and shifts. *Style distance* to
either painting; *uneven*: steps of color where the photo has next to none, as halos and blobs are,
root of the mean square in 1/255.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Callable
from pathlib import Path

import torch
from PIL import Image, ImageOps
from torch import Tensor

import impasto
from impasto.analysis.metrics import Metrics
from impasto.io.folder import find_pictures
from impasto.io.image import read_picture, to_pil
from impasto.losses.evenness import contrast_excess
from impasto.networks.model_file import load_model
from impasto.networks.registry import ZOO
from impasto.perception.weights import load_weights
from report import Cell, Table, write
from styles import SIZE, at_size, find_painting

PAIRS = (
    ("starry-night", "great-wave"),
    ("cafe-terrace", "poppies"),
    ("kazusa", "village-street"),
    ("composition-viii", "summertime"),
)
SHOWN = (0.0, 0.25, 0.5, 0.75, 1.0)
CELL = (256, 170)
COLUMNS = (
    *("styles", "by", ("content distance", "{:.2f}")),
    *(("style distance, first", "{:.3f}"), ("second", "{:.3f}"), ("uneven", "{:.1f}")),
)


def between(first: str, second: str, share: float) -> impasto.Model:
    """Return what a photo is painted with: one style, the other, or a blend of them."""
    words = {0.0: first, 1.0: second}
    return impasto.load(words.get(share, f"{first}:{1 - share:g},{second}:{share:g}"))


def sheet(cells: list[Image.Image]) -> Image.Image:
    """Return the pictures, a pair of styles a row."""
    width, height = CELL
    whole = Image.new("RGB", (len(SHOWN) * width, len(PAIRS) * height))
    for number, cell in enumerate(cells):
        row, column = divmod(number, len(SHOWN))
        whole.paste(ImageOps.fit(cell, CELL), (column * width, row * height))
    return whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("paintings", type=Path)
    parser.add_argument("--sheet", type=Path, help="picture of every pair, from one to the other")
    arguments = parser.parse_args()
    weights = load_weights()
    photos = [at_size(path) for path in find_pictures(arguments.photos)]
    many, info = load_model(ZOO / "sixteen.safetensors")
    names = [style.name for style in info.styles]
    rows: list[list[Cell]] = []
    cells: list[Image.Image] = []
    for pair in PAIRS:
        shares = torch.zeros(1, len(names))
        shares[0, [names.index(name) for name in pair]] = 0.5
        both = impasto.load(",".join(pair))

        def of_many(photo: Tensor, shares: Tensor = shares) -> Tensor:
            with torch.inference_mode():
                return many(photo, shares).clamp(0, 1)

        def of_both(photo: Tensor, model: impasto.Model = both) -> Tensor:
            return read_picture(model(to_pil(photo), size=SIZE)).image

        paintings = [at_size(find_painting(info, arguments.paintings, name)) for name in pair]
        judges = [
            [Metrics(weights, photo, [painting]) for painting in paintings] for photo in photos
        ]
        ways: dict[str, Callable[[Tensor], Tensor]] = {
            "the network between": of_both,
            f"one of {len(names)} styles": of_many,
        }
        for way, paint in ways.items():
            found = []
            for photo, judging in zip(photos, judges, strict=True):
                painted = paint(photo)
                first, second = (judge(painted) for judge in judging)
                uneven = 255 * math.sqrt(float(contrast_excess(painted, photo)))
                distances = (first.style_distance, second.style_distance)
                found.append((first.content_distance, *distances, uneven))
            medians = map(statistics.median, zip(*found, strict=True))
            rows.append([", ".join(pair), way, *medians])
            print(rows[-1], flush=True)
        cells += [between(*pair, share)(to_pil(photos[0]), size=SIZE) for share in SHOWN]
    if arguments.sheet:
        sheet(cells).save(arguments.sheet, quality=86, optimize=True)
    write("blends", f"Medians over {len(photos)} photos, {SIZE} px.", Table(COLUMNS, rows))


if __name__ == "__main__":
    main()
