"""Whether every part of a picture is painted, and what relu5_1 and `--nearest-weight` do to it.

    python benchmarks/coverage.py PHOTO PAINTING PHOTO PAINTING ... [--sheet sheet.jpg]

Every photo is painted like the painting after it in every way, 384 pixels on its long side, and
judged as `impasto measure` does.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from PIL import Image

import impasto
from impasto.analysis.metrics import Metrics
from impasto.io.image import read_picture, to_pil
from impasto.perception.weights import load_weights
from learn import grid
from report import Cell, Table, write
from styles import at_size

SIZE = 384
WAYS: dict[str, dict[str, Any]] = {
    "default": {},
    "`--nearest-weight 0.15`": {"nearest_weight": 0.15},
    "relu5_1 at 0.2": {"style_layer_weights": (1.0, 1.0, 1.0, 1.0, 0.2)},
    "without relu5_1": {"style_layer_weights": (1.0, 1.0, 1.0, 1.0, 0.0)},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", type=Path, nargs="+")
    parser.add_argument("--sheet", type=Path, help="picture of all pairs, all ways side by side")
    arguments = parser.parse_args()
    weights = load_weights()
    rows: list[list[Cell]] = []
    cells: list[Image.Image] = []
    for photo, painting in zip(arguments.pairs[::2], arguments.pairs[1::2], strict=True):
        content, style = at_size(photo, SIZE), at_size(painting, SIZE)
        judge = Metrics(weights, content, [style])
        cells.append(to_pil(style))
        for way, options in WAYS.items():
            began = time.perf_counter()
            painted = impasto.optimize(photo, painting, size=SIZE, **options).image
            seconds = time.perf_counter() - began
            found = judge(read_picture(painted).image)
            cells.append(painted)
            pair = f"{photo.stem}, {painting.stem}"
            distances = found.content_distance, found.style_distance
            rows.append([pair, way, seconds, *distances, found.coverage, found.coverage_median])
            print(rows[-1], flush=True)
    if arguments.sheet:
        grid(cells, len(WAYS) + 1).save(arguments.sheet, quality=90)
    columns = (
        *("photo, painting", "way", ("s", "{:.0f}")),
        *(("content distance", "{:.2f}"), ("style distance", "{:.3f}")),
        *(("coverage", "{:.3f}"), ("coverage, median", "{:.3f}")),
    )
    write("coverage", f"{SIZE} px, 60 + 30 steps.", Table(columns, rows))


if __name__ == "__main__":
    main()
