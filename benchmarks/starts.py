"""Where an optimization begins: the photo, or the photo in the painting's colors.

    python benchmarks/starts.py PHOTOS PAINTINGS

Every photo with every painting from both starts, 45 steps at 256 pixels. *Chosen* is what
`impasto optimize` takes by itself: the start with the lower loss before the first step.
"""

from __future__ import annotations

import statistics

from impasto.analysis.metrics import Distances, Metrics
from impasto.core.events import Finished, Step
from impasto.io.image import read_picture
from impasto.optimization.options import OptimizeOptions
from impasto.optimization.picture import optimize_picture
from impasto.perception.weights import load_weights
from report import Cell, Table, write
from styles import at_size, photos_and_paintings

SIZE, STEPS = 256, 45
STARTS = ("content", "recolored")


def main() -> None:
    photos, paintings = photos_and_paintings(__doc__, SIZE)
    weights = load_weights()
    rows: list[list[Cell]] = []
    for path in paintings:
        style, seen = read_picture(path).image, at_size(path, SIZE)
        losses: dict[str, list[float]] = {start: [] for start in STARTS}
        distances: dict[str, list[Distances]] = {start: [] for start in STARTS}
        right = shorter = 0
        for photo in photos:
            judge = Metrics(weights, photo, [seen])
            first = dict.fromkeys(STARTS, 0.0)
            for start in STARTS:
                options = OptimizeOptions(size=SIZE, steps=(STEPS,), coarsest=0, init=start)
                events = list(optimize_picture(photo, [style], weights, options))
                first[start] = next(event.loss for event in events if isinstance(event, Step))
                finished = events[-1]
                assert isinstance(finished, Finished)
                losses[start].append(finished.losses["total"])
                distances[start].append(judge(finished.image))
            chosen = min(STARTS, key=first.__getitem__)
            best = min(STARTS, key=lambda start: losses[start][-1])
            right += chosen == best
            shorter += distances[chosen][-1].style_distance < judge(photo).style_distance / 3
        found = [losses[start] for start in STARTS]
        for name in ("content_distance", "style_distance"):
            found += [[getattr(each, name) for each in distances[start]] for start in STARTS]
        counts = (f"{count} of {len(photos)}" for count in (right, shorter))
        rows.append([path.stem, *map(statistics.median, found), *counts])
        print(rows[-1], flush=True)
    columns = (
        "painting",
        *((f"loss, {start}", "{:.2f}") for start in STARTS),
        *((f"content distance, {start}", "{:.2f}") for start in STARTS),
        *((f"style distance, {start}", "{:.3f}") for start in STARTS),
        "chosen: the lower loss in the end",
        "chosen: under a third of the photo's style distance",
    )
    note = f"Medians over {len(photos)} photos, {SIZE} px, {STEPS} steps."
    write("starts", note, Table(columns, rows))


if __name__ == "__main__":
    main()
