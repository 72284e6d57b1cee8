"""One photo like one painting by every method: `impasto compare`, its sheet and plot for the docs.

    python benchmarks/compare.py [castle starry-night] [--limit 60]

Seconds run from the files to the picture in a fresh process; starting Python is not counted.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image

import impasto
from impasto.analysis.comparison import Comparison
from report import Cell, Table, write

GALLERY = Path(__file__).parent.parent / "docs" / "gallery"
WIDEST = 1600
"""Of the pictures in the docs."""

COLUMNS = (
    "method",
    ("seconds", "{:.2f}"),
    "steps",
    ("peak, MB", "{:.0f}"),
    ("content distance", "{:.2f}"),
    ("style distance", "{:.3f}"),
    ("classic loss", "{:,.0f}"),
)


def rows(comparison: Comparison) -> list[list[Cell]]:
    """Return a row for each method."""
    return [
        [
            entry.title,
            entry.seconds,
            " + ".join(map(str, entry.steps)),
            entry.memory / 1e6,
            entry.distances.content_distance,
            entry.distances.style_distance,
            entry.distances.classic_loss,
        ]
        for entry in comparison.entries
    ]


def save(image: Image.Image, name: str) -> None:
    """Write a picture small enough for a page."""
    image.thumbnail((WIDEST, WIDEST), Image.Resampling.LANCZOS)
    image.save(GALLERY / name, quality=86, optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", nargs="?", default="castle")
    parser.add_argument("painting", nargs="?", default="starry-night")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for an optimization")
    arguments = parser.parse_args()
    options = impasto.CompareOptions(style=arguments.painting, limit=arguments.limit)
    for event in impasto.compare_events(arguments.photo, options):
        if isinstance(event, impasto.MethodDone):
            print(event.entry.title, f"{event.entry.seconds:.1f} s", flush=True)
        elif isinstance(event, impasto.Compared):
            found = event.comparison
    save(found.sheet(), "compare.jpg")
    save(found.plot(), "compare_loss.jpg")
    size = f"{found.photo.width} x {found.photo.height}"
    pair = f"{found.content} in the style of {found.style}, {size}. The photo itself, unpainted: "
    pair += f"style distance {found.unpainted.style_distance:.3f}, "
    pair += f"classic loss {found.unpainted.classic_loss:,.0f}."
    write("compare", pair, Table(COLUMNS, rows(found)))


if __name__ == "__main__":
    main()
