"""What the bundled one-pass styles are worth, in steps of optimization (johnson2016, fig. 5).

    python benchmarks/styles.py PHOTOS PAINTINGS [--styles starry-night great-wave]

PHOTOS is a folder of photos that no network has seen; PAINTINGS holds the styles' paintings, which
are recognized by their SHA-256. Every picture is judged by the same code: 512 pixels on its long
side, 8 bits, float32, original VGG-16 with its own zero borders.

*Fast loss*: MSE(relu3_3) + 5 * sum of MSE(Gram / (C*H*W)) over relu1_2, 2_2, 3_3, 4_3. *Equivalent
steps*: how many L-BFGS steps from noise on that loss reach the same value. As in the paper, the
optimizer is a projected one: it clips its picture to [0, 1] after every step, because networks
cannot leave that range either. The curves take up to two minutes each; they are
kept in benchmarks/curves.json. The measuring is `impasto measure`'s.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from impasto.analysis.metrics import Metrics
from impasto.analysis.reference import equivalent_steps, is_enough, reference_curve
from impasto.core.events import outcome
from impasto.core.tensors import fit_long_side, resize, size_of
from impasto.io.folder import find_pictures
from impasto.io.image import read_picture
from impasto.networks.model_file import ModelInfo, load_model, read_info
from impasto.networks.registry import styles
from impasto.networks.transform import multiply_adds
from impasto.perception.weights import Weights, load_weights
from report import Cell, Table, known_rows, write

SIZE = 512
STEPS = 300
"""Of the longest curve."""

CURVES = Path(__file__).parent / "curves.json"


def at_size(path: Path, size: int = SIZE) -> Tensor:
    """Return a picture at the size at which everything is judged, or another."""
    image = read_picture(path).image
    return resize(image, *fit_long_side(*size_of(image), size))


def photos_and_paintings(doc: str, size: int) -> tuple[list[Tensor], list[Path]]:
    """Return what a script's two arguments name: the pictures in PHOTOS, the files in PAINTINGS.

    Args:
        doc: of the script; its first line is the description.
        size: long side of the photos in pixels.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("paintings", type=Path)
    arguments = parser.parse_args()
    photos = [at_size(path, size) for path in find_pictures(arguments.photos)]
    return photos, find_pictures(arguments.paintings)


def find_curve(metrics: Metrics, weights: Weights, key: str, until: float) -> list[float]:
    """Return the reference curve of a photo and style down to a loss, computed once."""
    curves = json.loads(CURVES.read_text(encoding="utf-8")) if CURVES.exists() else {}
    if not is_enough(curves.get(key, []), STEPS, until):
        began = time.perf_counter()
        events = reference_curve(weights, metrics, steps=STEPS, until=until)
        curves[key] = [round(loss) for loss in outcome(events)]
        print(f"curve of {key}: {time.perf_counter() - began:.0f} s", flush=True)
        text = ",\n".join(f"{json.dumps(k)}: {json.dumps(curves[k])}" for k in sorted(curves))
        CURVES.write_text("{\n" + text + "\n}\n", encoding="utf-8")
    return list(curves[key])


def find_painting(info: ModelInfo, folder: Path, name: str | None = None) -> Path:
    """Return the file of the painting behind a model's style, its first if none is named."""
    name = name or info.styles[0].name
    wanted = info.recipe["styles"][name]["sha256"]
    for path in find_pictures(folder):
        if hashlib.sha256(path.read_bytes()).hexdigest() == wanted:
            return path
    raise SystemExit(f"{folder} has no painting for {name} (SHA-256 {wanted})")


def measure(
    model: Path, name: str, photos: Sequence[Path], paintings: Path, weights: Weights
) -> list[Cell]:
    """Return a row of the table for one style of a model."""
    net, info = load_model(model)
    style = at_size(find_painting(info, paintings, name))
    number = [each.name for each in info.styles].index(name)
    chosen = torch.eye(len(info.styles))[[number]]
    found, steps, seconds = [], [], []
    for path in photos:
        photo = at_size(path)
        metrics = Metrics(weights, photo, [style])
        with torch.inference_mode():
            net(photo, chosen)
            began = time.perf_counter()
            painted = net(photo, chosen)
        seconds.append(time.perf_counter() - began)
        found.append(metrics(painted))
        loss = found[-1].fast_loss
        curve = find_curve(metrics, weights, f"{path.stem} {name}", loss)
        steps.append(equivalent_steps(loss, curve))
    begun = info.recipe["options"]["start"]
    row: list[Cell] = [
        name,
        info.network_name + (f", {len(info.styles)} styles" if len(info.styles) > 1 else ""),
        f"{multiply_adds(info.network) / 1000:.0f} k",
        f"{info.recipe['steps']:,}" + (f", from {begun}" if begun else ""),
        statistics.median(each.fast_loss for each in found),
        statistics.median(steps),
        statistics.median(each.content_distance for each in found),
        statistics.median(each.style_distance for each in found),
        statistics.median(seconds) * 1000,
        len(photos),
    ]
    print(row, flush=True)
    return row


COLUMNS = (
    "style",
    "network",
    "multiply-adds per pixel",
    "steps of training",
    ("fast loss", "{:,.0f}"),
    ("equivalent steps", "{:.0f}"),
    ("content distance", "{:.2f}"),
    ("style distance", "{:.3f}"),
    ("ms at 512 px (float32)", "{:.0f}"),
    "photos",
)


def merged(rows: list[list[Cell]]) -> list[list[Cell]]:
    """Return the kept rows, those of the same style and kind of network replaced by new ones."""
    known = [row for row in known_rows("styles") if len(row) == len(COLUMNS)]
    found = {(" styles" in str(row[1]), str(row[0])): row for row in [*known, *rows]}
    return [found[key] for key in sorted(found)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("paintings", type=Path)
    parser.add_argument("--styles", nargs="+", help="bundled styles; all if not given")
    parser.add_argument("--models", nargs="+", type=Path, default=[], help="model files instead")
    arguments = parser.parse_args()
    photos, weights = find_pictures(arguments.photos), load_weights()
    known = styles()
    files = arguments.models or sorted({known[name] for name in arguments.styles or known})
    chosen = [(path, style.name) for path in files for style in read_info(path).styles]
    rows = [measure(path, name, photos, arguments.paintings, weights) for path, name in chosen]
    if not arguments.models:
        note = "Medians over photos that no network was trained on. Rows come from several runs."
        write("styles", note, Table(COLUMNS, merged(rows)))


if __name__ == "__main__":
    main()
