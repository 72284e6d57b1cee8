"""One step of optimization at 512 pixels, beside the machine's measured peak.

    python benchmarks/step.py [PHOTO] [PAINTING]

Multiply-adds are counted as two operations, and VGG twice: forward, and backward to its inputs.
"""

from __future__ import annotations

import argparse

import torch

from impasto import OptimizeOptions, assets
from impasto.core.tensors import size_of
from impasto.losses.perceptual import LossWeights, PerceptualLoss
from impasto.optimization.solver import Solver
from impasto.perception.extractor import Extractor
from impasto.perception.weights import load_weights
from report import Cell, Table, write
from styles import at_size
from timing import median_seconds, peak
from train import vgg_multiply_adds

COLUMNS = (
    *("numbers", ("VGG forward and backward, ms", "{:.0f}"), ("whole step, ms", "{:.0f}")),
    *(("matmul peak, GFLOP/s", "{:.0f}"), ("VGG, of the peak", "{:.0%}")),
    ("whole step, of the peak", "{:.0%}"),
)


def measure(photo: torch.Tensor, painting: torch.Tensor, dtype: torch.dtype) -> list[Cell]:
    """Return a row of the table."""
    options = OptimizeOptions().resolved()
    style = dict(zip(options.style_layers, options.style_layer_weights or (), strict=True))
    content = dict.fromkeys(options.content_layers, 1.0)
    weights = LossWeights(content, style, options.content_weight or 0, options.style_weight or 0)
    extractor = Extractor(load_weights(), weights.layers, border="replicate", dtype=dtype)
    image = photo.clone().requires_grad_()

    def vgg() -> None:
        features = extractor(image)
        deepest = features[max(features)]
        torch.autograd.grad(deepest.float().sum(), image)

    loss = PerceptualLoss(extractor, "impasto", weights, photo, [painting], None)
    solver = Solver(photo, loss, "lbfgs", options.history)
    vgg_seconds, whole = median_seconds(vgg), median_seconds(solver.step)
    height, width = size_of(photo)
    operations = 4 * vgg_multiply_adds(max(weights.layers)) * height * width
    top = peak(dtype)
    return [
        str(dtype).removeprefix("torch."),
        *(1000 * vgg_seconds, 1000 * whole, top / 1e9),
        *(operations / vgg_seconds / top, operations / whole / top),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", nargs="?", default="castle")
    parser.add_argument("painting", nargs="?", default="starry-night")
    arguments = parser.parse_args()
    photo, painting = (
        at_size(assets.find(name) or name) for name in (arguments.photo, arguments.painting)
    )
    kinds = torch.bfloat16, torch.float32
    write("step", Table(COLUMNS, [measure(photo, painting, kind) for kind in kinds]))


if __name__ == "__main__":
    main()
