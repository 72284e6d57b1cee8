"""What terms beside the perceptual loss do to a painting that is learned: even, color.

    python benchmarks/terms.py PHOTOS UNSEEN PAINTINGS [--steps 60]

Every one of PAINTINGS, which no bundled network was trained on, is learned from PHOTOS as `impasto
learn` does, with and without these terms, for the same steps. UNSEEN holds photos that are painted
and judged: *uneven*, what `even` asks to be nothing, the steps of color where a photo has next to
none; *misplaced*, what `color` compares, the distance of places' colors from the photo's, carried
to the painting's colors. Both are roots of mean squares, in 1/255.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

import impasto
from impasto.analysis.metrics import Metrics
from impasto.io.color import colors_of
from impasto.io.folder import find_pictures
from impasto.io.image import read_picture, to_pil
from impasto.losses.evenness import contrast_excess
from impasto.losses.palette import palette_distance, wanted_colors
from impasto.networks.registry import BASE
from impasto.perception.weights import Weights, load_weights
from impasto.training.options import TrainOptions
from report import Cell, Table, write
from styles import SIZE, at_size

WAYS = {
    "both": {},
    "without color": {"color_weight": 0.0},
    "without even": {"even_weight": 0.0},
    "neither": {"color_weight": 0.0, "even_weight": 0.0},
}
COLUMNS = (
    *("painting", "terms", ("content distance", "{:.2f}"), ("style distance", "{:.3f}")),
    *(("uneven", "{:.1f}"), ("misplaced", "{:.1f}")),
)


def learn_from(
    photos: Path, painting: Path, output: Path, options: TrainOptions, **terms: float
) -> impasto.Model:
    """Return a network that learns the painting from photos, with other weights of some terms."""
    request = impasto.TrainRequest([painting], photos, output)
    for _ in impasto.train_events(request, replace(options, **terms)):
        pass
    return impasto.load(output)


def judge(
    model: impasto.Model, photos: Sequence[torch.Tensor], style: torch.Tensor, weights: Weights
) -> list[Cell]:
    """Return medians over the photos."""
    rows = []
    for photo in photos:
        painted = read_picture(model(to_pil(photo), size=SIZE)).image
        found = Metrics(weights, photo, [style])(painted)
        wanted, share = wanted_colors(photo, colors_of(style))
        shares = torch.tensor([share])
        errors = contrast_excess(painted, photo), palette_distance(painted, wanted, shares)
        off = [255 * math.sqrt(float(error)) for error in errors]
        rows.append([found.content_distance, found.style_distance, *off])
    return [*map(statistics.median, zip(*rows, strict=True))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("unseen", type=Path)
    parser.add_argument("paintings", type=Path)
    parser.add_argument("--steps", type=int, default=60)
    arguments = parser.parse_args()
    weights = load_weights()
    photos = [at_size(path) for path in find_pictures(arguments.unseen)]
    options = impasto.LearnOptions(steps=arguments.steps).training(str(BASE))
    rows: list[list[Cell]] = []
    for painting in find_pictures(arguments.paintings):
        for name, without in WAYS.items():
            with tempfile.TemporaryDirectory() as folder:
                output = Path(folder) / "style.safetensors"
                model = learn_from(arguments.photos, painting, output, options, **without)
                found = judge(model, photos, at_size(painting), weights)
            rows.append([painting.stem, name, *found])
            print(rows[-1], flush=True)
    note = f"Medians over {len(photos)} photos, {SIZE} px, {arguments.steps} steps of learning."
    write("terms", note, Table(COLUMNS, rows))


if __name__ == "__main__":
    main()
