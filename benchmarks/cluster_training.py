"""Training with two processes on this machine: started by torchrun, or by Ray Train.

    python benchmarks/cluster_training.py PAINTING PHOTOS [--steps 10 60]

Both run the same loop, with one thread each, for two numbers of steps: what the larger one takes
more, by the step, is the rate; what is left of the smaller one is start-up. The networks have to
be the same in the end.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

import impasto
from cluster import watched
from report import Cell, Table, write

PROCESSES = 2
OPTIONS: dict[str, Any] = {"network": "small", "size": 192, "batch_size": 1, "device": "cpu"}


def train(painting: str, photos: str, output: str, steps: int) -> None:
    """Train in this process, as one of those that the environment tells of."""
    request = impasto.TrainRequest([painting], photos, output)
    for _ in impasto.train_events(request, impasto.TrainOptions(steps=steps, **OPTIONS)):
        pass


def by_torchrun(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node",
            str(PROCESSES), __file__, "--child", *arguments]  # fmt: skip


def by_ray(*arguments: str) -> list[str]:
    return [sys.executable, __file__, "--ray", *arguments]


def start_ray(painting: str, photos: str, output: str, steps: str) -> None:
    """Train in the workers of a Ray cluster on this machine."""
    import ray
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    ray.init(num_cpus=PROCESSES + 1, include_dashboard=False, log_to_driver=False)
    workers = ScalingConfig(num_workers=PROCESSES, resources_per_worker={"CPU": 1})
    with tempfile.TemporaryDirectory() as storage:
        TorchTrainer(
            lambda: train(painting, photos, output, int(steps)),
            scaling_config=workers,
            run_config=RunConfig(storage_path=storage),
        ).fit()
    ray.shutdown()


def measure(command: list[str], needle: str) -> tuple[float, float]:
    """Run a command; return its seconds, and the bytes of its largest process."""
    began = time.perf_counter()
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "RAY_TRAIN_V2_ENABLED": "1"}
    with watched(needle) as most:
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began, most()


def main() -> None:
    if "--child" in sys.argv:
        painting, photos, output, steps = sys.argv[2:]
        train(painting, photos, output, int(steps))
        return
    if "--ray" in sys.argv:
        start_ray(*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("painting", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--steps", type=int, nargs=2, default=[10, 60])
    arguments = parser.parse_args()
    few, many = arguments.steps
    rows: list[list[Cell]] = []
    networks = []
    with tempfile.TemporaryDirectory() as place:
        for name, command, needle in (
            ("torchrun", by_torchrun, "--child"),
            ("Ray Train", by_ray, "ray::RayTrainWorker"),
        ):
            found = []
            for steps in (few, many):
                output = Path(place, f"{name.replace(' ', '-')}-{steps}.safetensors")
                words = (str(arguments.painting.resolve()), str(arguments.photos.resolve()))
                found.append(measure(command(*words, str(output), str(steps)), needle))
            networks.append(load_file(output))
            rate = (many - few) / (found[1][0] - found[0][0])
            rows.append([name, rate, found[0][0] - few / rate, found[1][1] / 1e6])
            print(rows[-1], flush=True)
    one, other = networks
    apart = max(float(np.abs(one[key].astype(float) - other[key]).max()) for key in one)
    columns = ("", ("steps/s", "{:.2f}"), ("start-up s", "{:.1f}"), ("MB a process", "{:.0f}"))
    note = (
        f"{PROCESSES} processes of one thread, `small`, one crop of {OPTIONS['size']} px each a "
        f"step; {few} and {many} steps. The networks differ by {apart:.1g} at most."
    )
    write("cluster-training", note, Table(columns, rows), packages=["ray"])


if __name__ == "__main__":
    main()
