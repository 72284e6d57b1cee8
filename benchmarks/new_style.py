"""A new style for a trained network, beside a network trained from scratch for it alone.

    python benchmarks/new_style.py PHOTOS UNSEEN PAINTINGS MODEL [MODEL ...]

Each MODEL has learned one of the paintings in the folder PAINTINGS, which are recognized by their
SHA-256: by `impasto train PAINTING --add-to`, whose last style is judged, or from scratch, by
`--network multi`. PHOTOS is the folder of the training; UNSEEN holds photos that no network has
seen. Pictures are judged as in styles.py.

The same steps give the same network whatever else the machine does, so a model may be trained when
it suits. Its minutes are its steps at the pace that is measured here.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from impasto import TrainOptions, TrainRequest, TrainStep, load, train_events
from impasto.analysis.metrics import Metrics
from impasto.analysis.reference import equivalent_steps
from impasto.io.folder import find_pictures
from impasto.io.image import read_picture, to_pil
from impasto.networks.model_file import ModelInfo, load_model, read_info
from impasto.networks.registry import ZOO
from impasto.perception.weights import load_weights
from report import Cell, Table, write
from styles import SIZE, at_size, find_curve, find_painting

TIMED_STEPS = 60

COLUMNS = (
    *("painting", "trained", ("steps", "{:,.0f}"), ("minutes", "{:.0f}")),
    *(("fast loss", "{:,.0f}"), ("equivalent steps", "{:.0f}")),
    *(("content distance", "{:.2f}"), ("style distance", "{:.3f}")),
)


def pace(painting: Path, photos: Path, info: ModelInfo, model: Path) -> float:
    """Return steps a minute of such a training."""
    added = info.recipe["options"]["add_to"]
    add_to = str(ZOO / f"{added}.safetensors") if added else None
    options = TrainOptions(network=info.network_name, add_to=add_to, steps=TIMED_STEPS)  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder:
        request = TrainRequest([painting], photos, Path(folder) / model.name)
        steps = [each for each in train_events(request, options) if isinstance(each, TrainStep)]
    return 60 * steps[-1].images_per_second / options.batch_size


class Judge:
    """Measures what networks make of the photos in the style of one painting."""

    def __init__(self, painting: Path, photos: Sequence[Path]) -> None:
        style = at_size(painting)
        self.weights, self.painting, self.files = load_weights(), painting, photos
        self.photos = [at_size(path) for path in photos]
        self.yardsticks = [Metrics(self.weights, photo, [style]) for photo in self.photos]
        self._rows: list[tuple[list[Cell], list[float], list[Cell]]] = []

    def add(self, row: Sequence[Cell], painted: Sequence[Tensor]) -> None:
        """Look at a picture of every photo; `row` says how they were made."""
        found = [judge(image) for judge, image in zip(self.yardsticks, painted, strict=True)]
        losses = [each.fast_loss for each in found]
        medians: list[Cell] = [
            statistics.median(getattr(each, name) for each in found)
            for name in ("content_distance", "style_distance")
        ]
        self._rows.append(([self.painting.stem, *row], losses, medians))
        print(*self._rows[-1], flush=True)

    def rows(self) -> list[list[Cell]]:
        """Return rows of the table, after the curves down to the lowest loss of every photo."""
        lowest = [min(losses) for losses in zip(*(row[1] for row in self._rows), strict=True)]
        curves = [
            find_curve(metrics, self.weights, f"{path.stem} {self.painting.stem}", until)
            for metrics, path, until in zip(self.yardsticks, self.files, lowest, strict=True)
        ]
        return [
            [
                *row,
                statistics.median(losses),
                statistics.median(map(equivalent_steps, losses, curves)),
                *medians,
            ]
            for row, losses, medians in self._rows
        ]


@torch.inference_mode()
def painted_by(model: Path, photos: Sequence[Tensor]) -> list[Tensor]:
    """Return the photos in the last style of a model."""
    net, info = load_model(model)
    chosen = torch.eye(len(info.styles))[[-1]]
    return [net(photo, chosen) for photo in photos]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("photos", "unseen", "paintings"):
        parser.add_argument(name, type=Path)
    parser.add_argument("models", type=Path, nargs="+")
    arguments = parser.parse_args()
    judges: dict[Path, Judge] = {}
    paces: dict[bool, float] = {}
    for model in arguments.models:
        info = read_info(model)
        name = info.styles[-1].name
        painting = find_painting(info, arguments.paintings, name)
        added = info.recipe["options"]["add_to"]
        if painting not in judges:
            judge = judges[painting] = Judge(painting, find_pictures(arguments.unseen))
            judge.add(["not at all: the photo itself", None, None], judge.photos)
            any_style = load(painting)
            pictures = [any_style.stylize(to_pil(photo), size=SIZE).image for photo in judge.photos]
            painted = [read_picture(picture).image for picture in pictures]
            judge.add(["not at all: the network for any painting", 0, 0], painted)
        if bool(added) not in paces:
            paces[bool(added)] = pace(painting, arguments.photos, info, model)
        steps = info.recipe["steps"]
        how = f"added to {added}" if added else f"`{info.network_name}` from scratch"
        judge = judges[painting]
        judge.add([how, steps, steps / paces[bool(added)]], painted_by(model, judge.photos))
    rows = [row for painting in sorted(judges) for row in judges[painting].rows()]
    count = len(find_pictures(arguments.unseen))
    write("new-style", f"Medians over {count} photos.", Table(COLUMNS, rows))


if __name__ == "__main__":
    main()
