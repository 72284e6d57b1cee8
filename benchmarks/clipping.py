"""What clipping is worth in the measure of equivalent steps.

    python benchmarks/clipping.py PHOTO PAINTINGS STYLE [STYLE ...]

The reference of `benchmarks/styles.py` clips its picture to [0, 1] after every step, as johnson2016
says. An L-BFGS that does not clip needs more steps to the same loss, and its picture has to be
clipped all the same before anybody sees it. For styles of the network of sixteen and one photo:
the fast loss of the network's picture, the steps of both, and the loss of the plain optimizer's
picture after 80 steps, as saved.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor

from impasto.analysis.metrics import Metrics
from impasto.analysis.reference import equivalent_steps, reference_curve
from impasto.core.events import Preview
from impasto.networks.model_file import load_model
from impasto.networks.registry import ZOO
from impasto.perception.weights import Weights, load_weights
from report import Cell, Table, write
from styles import at_size, find_curve, find_painting

PLAIN_STEPS = 80

COLUMNS = (
    *("style", ("fast loss", "{:,.0f}")),
    *(("equivalent steps", "{:.0f}"), ("not clipped", "{:.0f}")),
    (f"not clipped, saved after {PLAIN_STEPS}", "{:,.0f}"),
)


def paint_plain(weights: Weights, metrics: Metrics, until: float) -> tuple[float, Tensor]:
    """Return the steps to a loss of the optimizer that does not clip, and its last picture."""
    events = reference_curve(weights, metrics, steps=PLAIN_STEPS, clip=False)
    picture = torch.empty(0)
    while True:
        try:
            event = next(events)
        except StopIteration as end:
            return equivalent_steps(until, end.value), picture
        if isinstance(event, Preview):
            picture = event.image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("paintings", type=Path)
    parser.add_argument("styles", nargs="+")
    arguments = parser.parse_args()
    weights = load_weights()
    net, info = load_model(ZOO / "sixteen.safetensors")
    photo = at_size(arguments.photo)
    names = [style.name for style in info.styles]
    rows: list[list[Cell]] = []
    for name in arguments.styles:
        metrics = Metrics(weights, photo, [at_size(find_painting(info, arguments.paintings, name))])
        with torch.inference_mode():
            loss = metrics(net(photo, torch.eye(len(names))[[names.index(name)]])).fast_loss
        curve = find_curve(metrics, weights, f"{arguments.photo.stem} {name}", loss)
        clipped = equivalent_steps(loss, curve)
        plain, picture = paint_plain(weights, metrics, loss)
        rows.append([name, loss, clipped, plain, metrics(picture).fast_loss])
        print(rows[-1], flush=True)
    write("clipping", Table(COLUMNS, rows))


if __name__ == "__main__":
    main()
