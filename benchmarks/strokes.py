"""Strokes at three sizes of one photo, with and without --stroke: docs/gallery/strokes.jpg.

    python benchmarks/strokes.py PHOTO [--style cafe-terrace]

Every cell shows the same part of the photo, scaled to the same width.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image

import impasto
from impasto.analysis.figure import Row, picture_table

FILE = Path(__file__).parent.parent / "docs" / "gallery" / "strokes.jpg"
SIZES = (512, 2048, 6000)
PART = (0.3, 0.1, 0.7, 0.5)
"""Left, top, right and bottom of what is shown, as shares of width and height."""

WIDTH = 460


def part(image: Image.Image) -> Image.Image:
    """Return the part that is shown."""
    width, height = image.size
    left, top, right, bottom = PART
    box = tuple(round(x) for x in (left * width, top * height, right * width, bottom * height))
    shown = image.convert("RGB").crop(box)
    return shown.resize((WIDTH, round(WIDTH * shown.height / shown.width)), Image.LANCZOS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("--style", default="cafe-terrace")
    arguments = parser.parse_args()
    model = impasto.load(arguments.style)
    rows = []
    for label, stroke in (("as learned", None), ("--stroke 1", 1.0)):
        cells = []
        for size in SIZES:
            result = model.stylize(arguments.photo, size=size, stroke=stroke)
            cells.append(("", part(result.image)))
            print(label, size, f"{result.seconds:.1f} s", flush=True)
        rows.append(Row(label, cells))
    sheet = picture_table([], rows, [f"{size} px" for size in SIZES])
    sheet.save(FILE, quality=82, optimize=True, progressive=True)


if __name__ == "__main__":
    main()
