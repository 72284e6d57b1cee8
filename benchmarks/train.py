"""Where the time of a training step goes, beside the machine's measured peak.

    python benchmarks/train.py PHOTOS [--networks small johnson] [--size 192] [--batch-size 2]

Multiply-adds are counted as two operations. Of the network three passes count (forward, and twice
as much backward: to its inputs and to its weights); of VGG three (the painted picture forward and
backward, the photo forward as deep as the content layer). Everything is bfloat16 where the CPU
multiplies it in hardware.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import torch
from torch import Tensor

from impasto import assets
from impasto.core.device import autocast, pick_dtype
from impasto.io.image import read_picture
from impasto.networks.registry import NETWORKS
from impasto.networks.transform import multiply_adds
from impasto.perception.vgg import VGG16
from impasto.perception.weights import load_weights
from impasto.training.data import PhotoCrops, batches
from impasto.training.options import TrainOptions
from impasto.training.trainer import Trainer
from report import Table, write
from timing import median_seconds, peak


def vgg_multiply_adds(deepest: str) -> float:
    """Return multiply-adds per pixel of VGG-16 down to a layer."""
    total = 0.0
    shapes = VGG16.shapes()
    for name in VGG16.convolutions:
        outputs, inputs, *_ = shapes[f"{name}.weight"]
        total += 9 * outputs * inputs / 4 ** (int(name[4]) - 1)
        if name == VGG16.split(deepest)[1]:
            break
    return total


def measure(name: str, photos: Path, size: int, batch_size: int) -> list[str | float]:
    options = TrainOptions(size=size, batch_size=batch_size)
    style = assets.find("starry-night")
    assert style is not None
    trainer = Trainer(options, NETWORKS[name], [read_picture(style).image], load_weights())
    crops = PhotoCrops(photos, size, options.style_size, 0)
    numbers = itertools.count()
    data = median_seconds(lambda: [crops[next(numbers)] for _ in range(batch_size)])
    stream = batches(crops, first_step=0, batch_size=batch_size, workers=options.workers)
    numbers_of = torch.arange(batch_size)
    batch = next(stream).image.contiguous(memory_format=torch.channels_last)

    def net() -> None:
        with autocast(trainer.device, trainer.dtype):
            painted = trainer.net(batch)
        painted.float().square().mean().backward()

    def vgg() -> None:
        painted: Tensor = batch.clone().requires_grad_()
        sum(trainer.loss(painted, batch).values(), torch.zeros(())).backward()

    net_seconds, vgg_seconds = median_seconds(net), median_seconds(vgg)
    optimizer = median_seconds(trainer.change_weights)
    whole = median_seconds(lambda: trainer.step(next(stream).image, numbers_of, 0.0))
    per_pixel = 3 * multiply_adds(NETWORKS[name])
    per_pixel += 2 * vgg_multiply_adds("relu4_3") + vgg_multiply_adds("relu3_3")
    rate = 2 * per_pixel * batch_size * size**2 / whole
    parts = (data, net_seconds, vgg_seconds, optimizer, whole)
    return [
        name,
        batch_size / whole,
        *(1000 * part for part in parts),
        rate / 1e9,
        rate / peak(pick_dtype("auto", torch.device("cpu"))),
    ]


COLUMNS = (
    "network",
    ("photos/s", "{:.1f}"),
    ("data, ms (in a process of its own)", "{:.0f}"),
    ("network, ms", "{:.0f}"),
    ("VGG and losses, ms", "{:.0f}"),
    ("optimizer, ms", "{:.0f}"),
    ("whole step, ms", "{:.0f}"),
    ("GFLOP/s", "{:.0f}"),
    ("of the matmul peak", "{:.0%}"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS))
    parser.add_argument("--size", type=int, default=TrainOptions.size)
    parser.add_argument("--batch-size", type=int, default=TrainOptions.batch_size)
    arguments = parser.parse_args()
    rows = []
    for name in arguments.networks:
        rows.append(measure(name, arguments.photos, arguments.size, arguments.batch_size))
        print(rows[-1], flush=True)
    what = f"Batches of {arguments.batch_size} crops of {arguments.size} px."
    write("train", what, Table(COLUMNS, rows))


if __name__ == "__main__":
    main()
