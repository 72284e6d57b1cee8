"""One picture at print size: a preview, crops at 100 %, and what it took.

    python benchmarks/print_size.py PHOTO PAINTING [--size 4096] [--memory 4GB] [--run DIR]

A run that was interrupted goes on from its folder.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image

import impasto
from impasto.core.memory import peak_memory
from report import Table, write

GALLERY = Path(__file__).parent.parent / "docs" / "gallery"
CROP = 480
PLACES = ((0.18, 0.2), (0.62, 0.35), (0.4, 0.75))
"""Middles of the crops, as shares of width and height."""


def crops(image: Image.Image) -> Image.Image:
    """Return pieces of the picture as they are, side by side."""
    sheet = Image.new("RGB", (len(PLACES) * (CROP + 8) - 8, CROP), "white")
    for at, (x, y) in enumerate(PLACES):
        left, top = round(x * image.width) - CROP // 2, round(y * image.height) - CROP // 2
        sheet.paste(image.crop((left, top, left + CROP, top + CROP)), (at * (CROP + 8), 0))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo")
    parser.add_argument("painting")
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--memory", default="4GB")
    parser.add_argument("--run", type=Path, default=Path("bench-results/print-size"))
    arguments = parser.parse_args()
    if (arguments.run / "run.json").exists():
        events = impasto.resume_optimize_events(arguments.run)
    else:
        options = impasto.OptimizeOptions(size=arguments.size, memory=arguments.memory)
        events = impasto.optimize_events(
            arguments.photo, arguments.painting, options, run=arguments.run
        )
    result, plan = None, None
    for event in events:
        if isinstance(event, impasto.Planned):
            plan = event
        elif isinstance(event, impasto.Step):
            print(f"step {event.step} of {event.steps}, {event.seconds:.0f} s", flush=True)
        elif isinstance(event, impasto.Done):
            result = event.result
    assert result is not None
    assert plan is not None
    image = result.image.convert("RGB")
    image.save(arguments.run / "picture.png")
    preview = image.resize(
        (1200, round(1200 * image.height / image.width)), Image.Resampling.LANCZOS
    )
    preview.save(GALLERY / "print-size.jpg", quality=85)
    crops(image).save(GALLERY / "print-size-crops.jpg", quality=90)
    columns = (
        *("picture", "painting", "size", "steps", ("minutes", "{:.0f}"), "--memory"),
        ("peak, GiB", "{:.2f}"),
    )
    row = [
        Path(arguments.photo).stem,
        Path(arguments.painting).stem,
        f"{image.width} x {image.height}",
        " + ".join(map(str, result.steps)),
        result.seconds / 60,
        arguments.memory,
        peak_memory() / 2**30,
    ]
    write("print-size", Table(columns, [row]))


if __name__ == "__main__":
    main()
