"""Paints photos in styles, one page of pictures with the seconds each took: docs/gallery.md.

    python benchmarks/gallery.py castle panda.jpg face.jpg --styles starry-night great-wave cafe.jpg

Pictures that are already there with the same options are kept, so that the page can be made in
several sittings.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

from PIL import Image

import impasto
from impasto import assets
from impasto.core.device import describe_machine
from impasto.io.image import read_note, read_picture, to_pil
from impasto.recipe import Recipe

DOCS = Path(__file__).parent.parent / "docs"
FOLDER = DOCS / "gallery"
RESULTS = FOLDER / "seconds.json"

STROKES = """
## Strokes

A network paints strokes of a fixed size in pixels, so in a larger picture they are smaller.
`--stroke 1` keeps them as large beside the picture as they are at 512 px: it is painted small, and
enlarged along the edges of the photo. The same part of one photo, by `benchmarks/strokes.py`:

![cafe-terrace at 512, 2048 and 6000 pixels, without and with --stroke](gallery/strokes.jpg)
"""


def title(source: str) -> str:
    return Path(source).stem.replace("-", " ").replace("_", " ")


def thumbnail(source: str) -> str:
    """Write a small copy of an input and return its name."""
    image = to_pil(read_picture(assets.find(source) or source).image)
    image.thumbnail((256, 256), Image.Resampling.LANCZOS)
    name = f"input_{Path(source).stem}.jpg"
    image.save(FOLDER / name, quality=88)
    return name


def paint(photo: str, style: str, init: str | None, seconds: dict[str, float]) -> str:
    """Paint one cell unless it is there, and return its name."""
    suffix = "" if init is None else f"_{init}"
    name = f"{Path(photo).stem}_{Path(style).stem}{suffix}.jpg"
    path = FOLDER / name
    options = impasto.OptimizeOptions(init=init)
    if path.exists() and name in seconds:
        recipe = Recipe.from_json(read_note(path) or "")
        asked = replace(options.resolved(), steps=None, init=init or recipe.options.init)
        if replace(recipe.options, steps=None) == asked:
            return name
    result = impasto.optimize(photo, style, init=init)
    result.save(path, force=True)
    seconds[name] = round(result.seconds, 1)
    RESULTS.write_text(json.dumps(seconds, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(name, f"{result.seconds:.0f} s", flush=True)
    return name


def cell(name: str, seconds: dict[str, float]) -> str:
    return f"![{title(name)}](gallery/{name})<br>{seconds[name]:.0f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--styles", nargs="+", required=True)
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    seconds = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    inputs = {source: thumbnail(source) for source in [*arguments.photos, *arguments.styles]}

    header = [""] + [f"![{title(p)}](gallery/{inputs[p]})" for p in arguments.photos]
    rows = [header, ["---"] * len(header)]
    for style in arguments.styles:
        names = [paint(photo, style, None, seconds) for photo in arguments.photos]
        first = f"![{title(style)}](gallery/{inputs[style]})<br>{title(style)}"
        rows.append([first, *(cell(name, seconds) for name in names)])
    from_noise = paint(arguments.photos[0], arguments.styles[0], "noise", seconds)

    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    page = [
        "# Gallery",
        "",
        "Every picture is `impasto optimize PHOTO PAINTING` with no option, 512 pixels on its long",
        "side, with the seconds it took. `impasto show FILE` prints the command. Made by",
        f"`benchmarks/gallery.py` on: {describe_machine()}, {today}.",
        "Who made the photos and paintings: [credits](gallery/CREDITS.md).",
        "",
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
        "From noise instead of the photo (`--init noise`), the painting takes more liberties:",
        "",
        cell(from_noise, seconds),
        "",
    ]
    (DOCS / "gallery.md").write_text("\n".join(page) + STROKES, encoding="utf-8")


if __name__ == "__main__":
    main()
