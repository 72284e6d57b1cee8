"""Regions: how near each comes to its own painting, what is kept, and the seams between.

    python benchmarks/regions.py PHOTOS [--size 512] [--only "red panda"]

Six maps of the pictures that come with impasto and of one in PHOTOS, found as `impasto regions`
finds them, are painted by `impasto optimize` and by `impasto stylize`. Beside every region stands
what the whole photo reaches when it is painted like that painting alone. The sheet of them is
docs/gallery/regions.jpg.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

import impasto
from impasto import assets
from impasto.analysis.figure import Row, picture_table
from impasto.io.image import to_pil
from report import DOCS, Cell, Table, write
from styles import at_size

KEEP = "keep"
GALLERY = DOCS / "gallery"
CASTLE, ASTRONAUT = (assets.find(name) or Path() for name in ("castle", "astronaut"))
RED_PANDA = Path("gc_erase_red_panda.jpg")
CELL = (300, 240)


@dataclass(frozen=True)
class Case:
    """One photo, its map, and what goes where."""

    photo: Path
    """In PHOTOS, if not a whole path."""

    styles: dict[str, str]
    found: dict[str, Any]
    """Options of `impasto.regions`."""


CASES = {
    "castle, sky": Case(CASTLE, {"white": KEEP, "black": "great-wave"}, {"subject": True}),
    "castle, two": Case(
        CASTLE, {"white": "cafe-terrace", "black": "starry-night"}, {"subject": True}
    ),
    "castle, three": Case(
        CASTLE, {"blue": "great-wave", "red": "poppies", "lime": "harvest"}, {"count": 3}
    ),
    "astronaut, around her": Case(
        ASTRONAUT, {"white": KEEP, "black": "starry-night"}, {"subject": True}
    ),
    "astronaut, two": Case(
        ASTRONAUT, {"white": "cafe-terrace", "black": "composition-viii"}, {"subject": True}
    ),
    "red panda": Case(RED_PANDA, {"white": "pere-tanguy", "black": "kazusa"}, {"subject": True}),
}
WAYS = ("optimize", "stylize")


def paint(way: str, photo: Path, styles: Any, size: int, **options: Any) -> Image.Image:
    """Return the picture that one of the two ways makes."""
    how = impasto.optimize if way == "optimize" else impasto.stylize
    return how(photo, styles, size=size, **options).image


@functools.cache
def alone(way: str, photo: Path, style: str, size: int) -> float:
    """Return the style distance of the whole photo, painted like one painting."""
    picture = paint(way, photo, style, size)
    return impasto.measure(picture, photo, style).style_distance


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--only", nargs="*", help="names of cases")
    arguments = parser.parse_args()
    rows: list[list[Cell]] = []
    pictures = []
    with tempfile.TemporaryDirectory() as folder:
        for name, case in CASES.items():
            if arguments.only and name not in arguments.only:
                continue
            photo = arguments.photos / case.photo
            drawn = impasto.regions(photo, **case.found).image
            file = Path(folder) / "map.png"
            drawn.save(file)
            shown = [to_pil(at_size(photo)), drawn]
            for way in WAYS:
                picture = paint(way, photo, case.styles, arguments.size, regions=str(file))
                words = [f"{color}={style}" for color, style in case.styles.items()]
                found = impasto.measure(picture, photo, words, regions=str(file))
                for region in found.regions:
                    row: list[Cell] = [name, way, region.color, region.style, region.share]
                    if region.style == KEEP:
                        row += [None, None, None, region.change, region.seam]
                    else:
                        whole = alone(way, photo, region.style, arguments.size)
                        ratio = region.style_distance / whole
                        row += [region.style_distance, whole, ratio, None, region.seam]
                    rows.append(row)
                    print(row, flush=True)
                shown.append(picture)
            pictures.append(
                Row(name, [("", ImageOps.fit(each.convert("RGB"), CELL)) for each in shown])
            )
    if arguments.only:
        return
    columns = ["photo", "map", *WAYS]
    sheet = picture_table([], pictures, columns)
    sheet.save(GALLERY / "regions.jpg", quality=84, optimize=True, progressive=True)
    write("regions", summary(rows), table(rows))


def table(rows: list[list[Cell]]) -> Table:
    numbers = [("share", "{:.2f}"), ("style distance", "{:.3f}"), ("whole photo", "{:.3f}")]
    numbers += [("ratio", "{:.2f}"), ("change", "{:.4f}"), ("seam", "{:.2f}")]
    return Table(["picture", "by", "region", "style", *numbers], rows)


def summary(rows: list[list[Cell]]) -> Table:
    """Return medians and the worst of each way."""
    lines: list[list[Cell]] = []
    for way in WAYS:
        of_way = [row for row in rows if row[1] == way]
        ratios = [float(row[7]) for row in of_way if row[7] is not None]
        kept = [float(row[8]) for row in of_way if row[8] is not None]
        seams = [float(row[9]) for row in of_way if row[9] is not None]
        worst = statistics.median(seams), max(seams)
        lines.append([way, *(statistics.median(ratios), max(ratios), max(kept)), *worst])
    columns = [("ratio, median", "{:.2f}"), ("worst", "{:.2f}"), ("change where kept", "{:.4f}")]
    columns += [("seam, median", "{:.2f}"), ("worst seam", "{:.2f}")]
    return Table(["by", *columns], lines)


if __name__ == "__main__":
    main()
