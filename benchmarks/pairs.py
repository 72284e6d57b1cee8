"""Whether the default arrives for every pair: style distance beside that of the photo itself.

    python benchmarks/pairs.py PHOTOS PAINTINGS

Every photo in the style of every painting, as `impasto optimize --size 256` paints it.
"""

from __future__ import annotations

import statistics

from impasto.analysis.metrics import Metrics
from impasto.core.events import outcome
from impasto.io.image import read_picture
from impasto.optimization.options import OptimizeOptions
from impasto.optimization.picture import optimize_picture
from impasto.perception.weights import load_weights
from report import Cell, Table, write
from styles import at_size, photos_and_paintings

SIZE = 256
GOAL = 1 / 3
"""Of the photo's own style distance, below which a painting has been reached."""


def main() -> None:
    photos, paintings = photos_and_paintings(__doc__, SIZE)
    weights = load_weights()
    rows: list[list[Cell]] = []
    for path in paintings:
        style, seen = read_picture(path).image, at_size(path, SIZE)
        contents, distances, shares = [], [], []
        for photo in photos:
            judge = Metrics(weights, photo, [seen])
            painted = outcome(optimize_picture(photo, [style], weights, OptimizeOptions(size=SIZE)))
            found = judge(painted.image)
            contents.append(found.content_distance)
            distances.append(found.style_distance)
            shares.append(found.style_distance / judge(photo).style_distance)
            print(path.stem, f"{distances[-1]:.3f}", f"{shares[-1]:.3f}", flush=True)
        medians = [*map(statistics.median, (contents, distances, shares))]
        reached = sum(share < GOAL for share in shares)
        rows.append([path.stem, *medians, max(shares), f"{reached} of {len(photos)}"])
    columns = (
        *("painting", ("content distance", "{:.2f}"), ("style distance", "{:.3f}")),
        *(("of the photo's own", "{:.2f}"), ("at worst", "{:.2f}"), "under a third"),
    )
    write("pairs", f"Medians over {len(photos)} photos, {SIZE} px.", Table(columns, rows))


if __name__ == "__main__":
    main()
