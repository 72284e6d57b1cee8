"""A training term for films: a photo that has moved a little is to be painted alike.

    python benchmarks/temporal.py PHOTOS UNSEEN PAINTINGS [--styles cafe-terrace] [--steps 120]
        [--learn renoir_girls_at_the_piano]

Every style's bundled network is trained on from PHOTOS with ever more of that term; the paintings
of --learn (names of files without endings) are learned for a minute with what `impasto learn` gives
it, and with none. Judged are UNSEEN photos, and camera moves over them: temporal errors as in
video.py, painted one by one and steadied, and the sharpness of the former beside that of the first
weight. Rows of other styles stay. --work keeps the models and what they paint, and takes again
what is there.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

import impasto
from impasto.analysis.metrics import Metrics
from impasto.film.clips import Frame
from impasto.film.steady import Steadier
from impasto.io.folder import find_pictures
from impasto.io.image import read_picture, to_pil
from impasto.networks.model_file import read_info
from impasto.networks.registry import BASE, ZOO
from impasto.perception.weights import Weights, load_weights
from impasto.training.options import LEARN_TEMPORAL, TrainOptions
from report import Cell, Table, known_rows, write
from styles import SIZE, at_size, find_painting
from terms import learn_from
from video import moves, sharpness, temporal_error

FRAMES = 16
COLUMNS = (
    *("style", "weight", ("s per step", "{:.1f}")),
    *(("content distance", "{:.2f}"), ("style distance", "{:.3f}")),
    *(("frame by frame", "{:.3f}"), ("steady", "{:.3f}"), ("sharpness", "{:.2f}")),
)


def painted_films(model: impasto.Model, films: Sequence[Sequence[Frame]]) -> list[list[Frame]]:
    """Return films painted frame by frame."""
    return [[np.asarray(model(Image.fromarray(frame))) for frame in film] for film in films]


def steadied(film: Sequence[Frame], painted: Sequence[Frame]) -> list[Frame]:
    steadier = Steadier(1.0)
    return [steadier(frame, result) for frame, result in zip(film, painted, strict=True)]


def judge(
    model: impasto.Model, photos: Sequence[Path], painting: Path, weights: Weights, work: Path
) -> list[float]:
    """Return medians over the photos and over the moves over them."""
    style = at_size(painting)
    found = []
    for path in photos:
        photo = at_size(path)
        result = model(to_pil(photo), size=SIZE)
        result.save(work / f"{path.stem}.png")
        metrics = Metrics(weights, photo, [style])(read_picture(result).image)
        found.append([metrics.content_distance, metrics.style_distance])
    films = [moves(path, FRAMES, number) for number, path in enumerate(photos)]
    painted = painted_films(model, films)
    steady = [steadied(*each) for each in zip(films, painted, strict=True)]
    return [
        *map(statistics.median, zip(*found, strict=True)),
        *(statistics.median(map(temporal_error, films, results)) for results in (painted, steady)),
        statistics.median(map(sharpness, painted)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("unseen", type=Path)
    parser.add_argument("paintings", type=Path)
    parser.add_argument("--styles", nargs="*", default=["cafe-terrace"])
    parser.add_argument("--temporal-weights", nargs="+", type=float, default=[0.0, 0.2, 1.0])
    parser.add_argument("--learn", nargs="*", default=[])
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--size", type=int, default=256, help="side of the crops in pixels")
    parser.add_argument("--style-weight", type=float, default=12.0)
    parser.add_argument("--work", type=Path)
    arguments = parser.parse_args()
    work = arguments.work or Path(tempfile.mkdtemp())
    weights = load_weights()
    photos = find_pictures(arguments.unseen)
    tasks: list[tuple[str, Path, TrainOptions, list[float]]] = []
    for name in arguments.styles:
        bundled = ZOO / f"{name}.safetensors"
        painting = find_painting(read_info(bundled), arguments.paintings, name)
        asked = impasto.LearnOptions(steps=arguments.steps, style_weight=arguments.style_weight)
        options = replace(asked.training(str(bundled)), size=arguments.size)
        tasks.append((name, painting, options, arguments.temporal_weights))
    for path in find_pictures(arguments.paintings):
        if path.stem in arguments.learn:
            options = impasto.LearnOptions().training(str(BASE))
            tasks.append((path.stem, path, options, [0.0, LEARN_TEMPORAL]))
    rows: list[list[Cell]] = []
    for name, painting, options, temporal_weights in tasks:
        for weight in temporal_weights:
            folder = work / f"{name}-{weight:g}"
            folder.mkdir(parents=True, exist_ok=True)
            output = folder / f"{name}.safetensors"
            seconds = None
            if not output.exists():
                began = time.perf_counter()
                learn_from(arguments.photos, painting, output, options, temporal_weight=weight)
                steps = read_info(output).recipe["steps"]
                seconds = (time.perf_counter() - began) / steps
            found = judge(impasto.load(output), photos, painting, weights, folder)
            if weight == temporal_weights[0]:
                sharp = found[-1]
            rows.append([name, f"{weight:g}", seconds, *found[:-1], found[-1] / sharp])
            print(rows[-1], flush=True)
    measured = {row[0] for row in rows}
    rows = [row for row in known_rows("temporal") if row[0] not in measured] + rows
    note = (
        f"Bundled styles: {arguments.steps} more steps of one {arguments.size} px crop; others: "
        f"learned for a minute. {FRAMES} frames each."
    )
    write("temporal", note, Table(COLUMNS, rows))


if __name__ == "__main__":
    main()
