"""Trains bundled styles anew, one network each: how the models that ship are made.

    python benchmarks/bundled.py PHOTOS PAINTINGS RUNS [--styles village-street] [--steps 3000]

PAINTINGS holds the styles' paintings, which are recognized by their SHA-256. Every style goes on
from its network of today. RUNS gets a model and a run folder per style; the same command again goes
on where it was stopped. What this script does not know is passed on to `impasto train`: `--device
cuda`, `--lr 2e-3`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from impasto.networks.model_file import read_info
from impasto.networks.registry import ZOO
from impasto.training.options import LEARN_LAYERS, LEARN_WEIGHTS
from styles import find_painting

MANY = ZOO / "sixteen.safetensors"


def train(name: str, arguments: argparse.Namespace, more: Sequence[str]) -> None:
    """Train one style, or go on with it."""
    info = read_info(MANY)
    output = Path(arguments.runs, f"{name}.safetensors")
    command = [sys.executable, "-m", "impasto", "train"]
    if output.exists():
        return
    if output.with_suffix(".run").exists():
        command += ["--resume", str(output.with_suffix(".run"))]
    else:
        credit = next(style.credit for style in info.styles if style.name == name)
        command += [str(find_painting(info, arguments.paintings, name)), "-o", str(output)]
        command += ["--name", name, "--credit", credit, "--license", info.license]
        command += ["--photos", str(arguments.photos), "--start", arguments.start or name]
        command += ["--network", "multi", "--steps", str(arguments.steps)]
        command += ["--batch-size", "1", "--size", str(arguments.size), "--average", "0.98"]
        weights = (*LEARN_WEIGHTS[:-1], arguments.strokes)
        command += ["--style-layers", ",".join(LEARN_LAYERS)]
        command += ["--style-weight", str(arguments.style_weight)]
        command += ["--style-layer-weights", ",".join(map(str, weights))]
        command += ["--temporal-weight", "1", *more]
    subprocess.run(command, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("paintings", type=Path)
    parser.add_argument("runs", type=Path)
    parser.add_argument(
        "--styles", nargs="+", default=[each.name for each in read_info(MANY).styles]
    )
    parser.add_argument("--start", help="another trained style or model file to go on from")
    parser.add_argument("--steps", type=int, default=130)
    parser.add_argument("--size", type=int, default=256, help="side of the crops in pixels")
    parser.add_argument("--style-weight", type=float, default=30.0)
    parser.add_argument(
        "--strokes",
        type=float,
        default=LEARN_WEIGHTS[-1],
        help="weight of relu4_1 beside the others",
    )
    arguments, more = parser.parse_known_args()
    arguments.runs.mkdir(parents=True, exist_ok=True)
    for name in arguments.styles:
        print(f"== {name}", flush=True)
        train(name, arguments, more)


if __name__ == "__main__":
    main()
