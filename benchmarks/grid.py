"""What VGG's grid leaves in flat parts of large pictures, moved against it while painted or not.

    python benchmarks/grid.py PHOTO PAINTING [PHOTO PAINTING ...] [--size 768]

Every pair is painted by `impasto optimize` twice: as it is, and with the picture staying where it
is. The flattest squares of the photo tell the grid from strokes.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import impasto
from impasto.io.image import to_pil
from impasto.optimization import picture
from report import DOCS, Cell, Table, write
from styles import at_size

PERIODS = (2, 4, 8, 16)
"""Pixels."""

SIDE, FLATTEST = 128, 4
"""Of the squares that are looked at, in pixels; and how many."""

NEAR, AROUND = 2, 6
"""Frequencies beside a peak that are left out of its surroundings, and those that are in them."""

ZOOM, CROP = 2, 256
"""Of the pictures that are shown."""

WAYS = {"stays": 10**9, "moves": picture.LARGE}
"""Long side above which a picture is moved."""


def flattest(photo: Image.Image) -> list[tuple[int, int]]:
    """Return the places (left, top) of the squares of a photo in which the least happens."""
    gray = np.asarray(photo.convert("L"), float)
    places = [
        (left, top)
        for top in range(0, gray.shape[0] - SIDE + 1, SIDE // 2)
        for left in range(0, gray.shape[1] - SIDE + 1, SIDE // 2)
    ]

    def slope(place: tuple[int, int]) -> float:
        left, top = place
        square = gray[top : top + SIDE, left : left + SIDE]
        return float(np.abs(np.diff(square)).mean() + np.abs(np.diff(square, axis=0)).mean())

    return sorted(places, key=slope)[:FLATTEST]


def peak(square: NDArray[np.float64], period: int) -> float:
    """Return how far what repeats after so many pixels is above what repeats nearly so."""
    window = np.hanning(len(square))
    found = np.abs(np.fft.fft2((square - square.mean()) * np.outer(window, window))) ** 2
    place = len(square) // period
    beside = range(-AROUND, AROUND + 1)
    peaks = []
    for row, column in ((place, 0), (0, place), (place, place)):
        near, around = [], []
        for down in beside:
            for right in beside:
                value = found[(row + down) % len(found), (column + right) % len(found)]
                distance = max(abs(down), abs(right))
                (near if distance < NEAR else around).append(value)
        peaks.append(max(near) / float(np.median(around)))
    return float(max(peaks))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", nargs="+", help="photo, painting, photo, painting, ...")
    parser.add_argument("--size", type=int, default=768)
    parser.add_argument("--no-report", action="store_true", help="leave docs alone")
    arguments = parser.parse_args()
    rows: list[list[Cell]] = []
    shown: list[Image.Image] = []
    for photo, painting in zip(arguments.pairs[::2], arguments.pairs[1::2], strict=True):
        content = to_pil(at_size(Path(photo), arguments.size))
        squares = flattest(content)
        for way, large in WAYS.items():
            began = time.perf_counter()
            with patch.object(picture, "LARGE", large):
                painted = impasto.optimize(content, painting, size=arguments.size).image
            seconds = time.perf_counter() - began
            gray = np.asarray(painted.convert("L"), float)
            cuts = [gray[top : top + SIDE, left : left + SIDE] for left, top in squares]
            means = [np.mean([peak(cut, period) for cut in cuts]) for period in PERIODS]
            name = f"{Path(photo).stem}, {Path(painting).stem}"
            rows.append([name, way, seconds, *map(float, means)])
            print(rows[-1], flush=True)
            left, top = (
                min(squares[0][0], painted.width - CROP),
                min(squares[0][1], painted.height - CROP),
            )
            shown.append(painted.crop((left, top, left + CROP, top + CROP)))
            middle = (painted.width - CROP) // 2, (painted.height - CROP) // 2
            shown.append(painted.crop((*middle, middle[0] + CROP, middle[1] + CROP)))
    if arguments.no_report:
        return
    columns = (
        *("pair", "the picture", ("seconds", "{:.0f}")),
        *((f"every {period} px", "{:.0f}") for period in PERIODS),
    )
    write("grid", f"`impasto optimize`, {arguments.size} px.", Table(columns, rows))
    side = CROP * ZOOM
    sheet = Image.new("RGB", (4 * side, len(shown) // 4 * side))
    for number, crop in enumerate(shown):
        place = number % 4 * side, number // 4 * side
        sheet.paste(crop.resize((side, side), Image.Resampling.NEAREST), place)
    sheet.save(DOCS / "gallery" / "grid.jpg", quality=88)


if __name__ == "__main__":
    main()
