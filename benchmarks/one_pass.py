"""One pass against optimization, johnson2016's table 1 on this machine.

    python benchmarks/one_pass.py [--sizes 256 512 1024]

Optimization is Johnson's: L-BFGS on the loss of the fast networks, float32. Its time is the median
step, measured, times the number of steps. One pass is the median of warm passes in float32.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
from torch import Tensor

from impasto import assets
from impasto.core.tensors import resize
from impasto.io.image import read_picture
from impasto.losses.perceptual import LossWeights, PerceptualLoss
from impasto.networks.registry import NETWORKS
from impasto.networks.transform import TransformNet
from impasto.optimization.solver import Solver
from impasto.perception.extractor import Extractor
from impasto.perception.weights import load_weights
from report import Table, write

LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")
WEIGHTS = LossWeights({"relu3_3": 1.0}, dict.fromkeys(LAYERS, 1.0), 1.0, 5.0)
STEPS = (100, 300, 500)


def square(name: str, size: int) -> Tensor:
    """Return the middle of a bundled picture, size x size."""
    path = assets.find(name)
    assert path is not None
    image = read_picture(path).image
    side = min(image.shape[-2:])
    top, left = ((length - side) // 2 for length in image.shape[-2:])
    return resize(image[..., top : top + side, left : left + side], size, size)


def step_seconds(size: int, steps: int = 6) -> float:
    """Return the median time of a step of optimization."""
    extractor = Extractor(load_weights(), WEIGHTS.layers, border="zeros")
    photo, style = square("castle", size), square("starry-night", size)
    loss = PerceptualLoss(extractor, "classic", WEIGHTS, photo, [style], [1.0])
    solver = Solver(torch.rand(photo.shape, generator=torch.Generator().manual_seed(0)), loss)
    taken = []
    for _ in range(steps):
        began = time.perf_counter()
        solver.step()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:])


@torch.inference_mode()
def pass_seconds(network: str, size: int, runs: int = 7) -> float:
    """Return the median time of a warm pass. Its weights do not matter to its speed."""
    net = TransformNet(NETWORKS[network]).eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    photo = square("castle", size).contiguous(memory_format=torch.channels_last)
    taken = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        net(photo)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", type=int, default=[256, 512, 1024])
    arguments = parser.parse_args()
    rows = []
    for size in arguments.sizes:
        step = step_seconds(size)
        passes = {network: pass_seconds(network, size) for network in NETWORKS}
        rows.append(
            [
                f"{size} x {size}",
                *(step * steps for steps in STEPS),
                *passes.values(),
                *(step * STEPS[-1] / seconds for seconds in passes.values()),
            ]
        )
        print(rows[-1], flush=True)
    columns = [
        "picture",
        *((f"optimized, {steps} steps", "{:,.0f} s") for steps in STEPS),
        *((f"`{network}`, one pass", "{:.3f} s") for network in NETWORKS),
        *((f"`{network}` against {STEPS[-1]} steps", "{:,.0f} x") for network in NETWORKS),
    ]
    write("one-pass", Table(columns, rows))


if __name__ == "__main__":
    main()
