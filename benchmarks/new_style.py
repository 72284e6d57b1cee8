"""A new style for a trained network, beside a network trained from scratch for it alone.

    python benchmarks/new_style.py PHOTOS UNSEEN PAINTINGS MODEL [MODEL ...]

Each MODEL has learnt one of the paintings in the folder PAINTINGS, which are recognised by their
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
from impasto.io.folder import find_pictures
from impasto.io.image import read_picture, to_pil
from impasto.measurement.yardstick import Yardstick
from impasto.models.file import ModelInfo, load_model, read_info
from impasto.models.registry import ZOO
from impasto.perception.weights import load_weights
from report import Cell, Table, write
from styles import SIZE, at_size, find_painting

TIMED_STEPS = 60

COLUMNS = (
    *("painting", "trained", ("steps", "{:,.0f}"), ("minutes", "{:.0f}")),
    *(("fast loss", "{:,.0f}"), ("content distance", "{:.2f}"), ("style distance", "{:.3f}")),
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
    """Measures what a network makes of the photos."""

    def __init__(self, painting: Path, photos: Sequence[Path]) -> None:
        weights, style = load_weights(), at_size(painting)
        self.photos = [at_size(path) for path in photos]
        self.yardsticks = [Yardstick(weights, photo, [style]) for photo in self.photos]

    def __call__(self, painted: Sequence[Tensor]) -> list[float]:
        """Return the medians of the fast loss and of the content and style distance."""
        found = [judge(image) for judge, image in zip(self.yardsticks, painted, strict=True)]
        return [
            statistics.median(getattr(each, name) for each in found)
            for name in ("fast_loss", "content_distance", "style_distance")
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
    rows: list[list[Cell]] = []
    judges: dict[Path, Judge] = {}
    paces: dict[bool, float] = {}
    for model in arguments.models:
        info = read_info(model)
        name = info.styles[-1].name
        painting = find_painting(info, arguments.paintings, name)
        added = info.recipe["options"]["add_to"]
        if painting not in judges:
            judge = judges[painting] = Judge(painting, find_pictures(arguments.unseen))
            rows.append(
                [painting.stem, "not at all: the photo itself", None, None, *judge(judge.photos)]
            )
            any_style = load(painting)
            pictures = [any_style.stylize(to_pil(photo), size=SIZE).image for photo in judge.photos]
            found = judge([read_picture(picture).image for picture in pictures])
            rows.append([painting.stem, "not at all: the network for any painting", 0, 0, *found])
        if bool(added) not in paces:
            paces[bool(added)] = pace(painting, arguments.photos, info, model)
        steps = info.recipe["steps"]
        judge = judges[painting]
        how = f"added to {added}" if added else f"`{info.network_name}` from scratch"
        found = judge(painted_by(model, judge.photos))
        rows.append([painting.stem, how, steps, steps / paces[bool(added)], *found])
        print(rows[-1], flush=True)
    rows.sort(key=lambda row: str(row[0]))
    write("new-style", Table(COLUMNS, rows))


if __name__ == "__main__":
    main()
