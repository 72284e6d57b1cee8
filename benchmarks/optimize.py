"""Seconds per step, and loss over time, of our default beside the classic setup, in one run.

    python benchmarks/optimize.py [PHOTO PAINTING] [--sizes 256,512] [--classic-steps 300]

The classic setup is neural-style's: its objective, from noise, L-BFGS with history 100, float32,
one scale. Every picture is judged by the same code afterwards: clamped to 8 bits, float32.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import torch
from torch import Tensor

from impasto import assets
from impasto.core.device import has_fast_bfloat16
from impasto.core.events import Event, Finished, Preview, Step
from impasto.core.tensors import fit_long_side, resize, size_of
from impasto.io.image import read_picture
from impasto.losses.perceptual import LossWeights, PerceptualLoss
from impasto.optimization.options import STYLE_LAYERS, OptimizeOptions
from impasto.optimization.stylize import stylize
from impasto.perception.extractor import Extractor
from impasto.perception.weights import load_weights
from report import Table, write

MOMENTS = (5, 10, 20, 30, 45, 60, 120, 240, 480)
"""Seconds at which the picture so far is judged."""


@dataclass
class Run:
    """One way to paint, and what came of it."""

    name: str
    options: OptimizeOptions
    pictures: list[tuple[float, Tensor]] = field(default_factory=list)
    """(seconds, picture) over time, the finished one last."""

    step_seconds: float = 0.0
    """Median of the steps at full size."""

    seconds: float = 0.0
    steps: tuple[int, ...] = ()

    def paint(self, content: Tensor, style: Tensor, weights: dict[str, Tensor]) -> None:
        """Paint, keeping the pictures on the way; judging them would cost time, so not here."""
        times: list[float] = []
        latest = 0.0
        for event in stylize(content, [style], weights, self.options):
            self._take(event, times)
            if isinstance(event, Step):
                latest = event.seconds
            elif isinstance(event, Preview):
                self.pictures.append((latest, event.image))
        gaps = [after - before for before, after in pairwise(times)]
        self.step_seconds = statistics.median(gaps)

    def _take(self, event: Event, times: list[float]) -> None:
        if isinstance(event, Step) and event.scale == event.scales:
            times.append(event.seconds)
        elif isinstance(event, Finished):
            self.seconds, self.steps = event.seconds, event.steps
            self.pictures.append((event.seconds, event.image))


class Judge:
    """Measures a picture the same way whoever painted it."""

    def __init__(self, content: Tensor, style: Tensor, weights: dict[str, Tensor]) -> None:
        classic = LossWeights({"relu4_2": 1.0}, dict.fromkeys(STYLE_LAYERS, 1.0), 5.0, 100.0)
        relative = LossWeights({"relu4_2": 1.0}, dict.fromkeys(STYLE_LAYERS, 1.0), 1.0, 1.0)
        extractor = Extractor(weights, classic.layers)
        self.classic = PerceptualLoss(extractor, "classic", classic, content, [style], [1.0])
        self.relative = PerceptualLoss(extractor, "impasto", relative, content, [style], [1.0])

    @torch.no_grad()
    def __call__(self, image: Tensor) -> tuple[float, float, float]:
        """Return (classic loss, content distance, mean style distance)."""
        terms = self.relative(image)
        style = sum(float(terms[f"style.{layer}"]) for layer in STYLE_LAYERS)
        classic = sum(float(term) for term in self.classic(image).values())
        return classic, float(terms["content.relu4_2"]), style


def runs(size: int, classic_steps: int) -> list[Run]:
    """Return what is compared at one size."""
    dtypes: tuple[str, ...] = ("float32", "bfloat16") if has_fast_bfloat16() else ("float32",)
    found = [
        Run(
            f"impasto, from the {init if init == 'noise' else 'photo'}, {dtype}",
            OptimizeOptions(size=size, init=init, dtype=dtype, preview_every=5),  # type: ignore[arg-type]
        )
        for dtype in dtypes
        for init in ("content", "noise")
    ]
    found.append(
        Run(
            f"classic, from noise, float32, {classic_steps} steps",
            OptimizeOptions(
                size=size,
                init="noise",
                loss="classic",
                history=100,
                dtype="float32",
                coarsest=0,
                steps=(classic_steps,),
                preview_every=5,
            ),
        )
    )
    return found


def report(size: int, painted: Sequence[Run], judge: Judge) -> list[str | Table]:
    """Return the tables of one size."""
    rows, over_time = [], []
    for run in painted:
        classic, content, style = judge(run.pictures[-1][1])
        steps = " + ".join(map(str, run.steps))
        rows.append(
            [
                run.name,
                steps,
                run.step_seconds,
                run.seconds,
                content,
                style,
                classic,
            ]
        )
        cells = []
        for moment in MOMENTS:
            so_far = [image for seconds, image in run.pictures if seconds <= moment]
            done = run.pictures[-1][0] <= moment
            cells.append(f"{judge(so_far[-1])[0]:,.0f}{' *' if done else ''}" if so_far else None)
        over_time.append([run.name, *cells])
    columns = [
        "setup",
        "steps",
        ("s per step", "{:.2f}"),
        ("s in all", "{:.0f}"),
        ("content distance", "{:.2f}"),
        ("style distance", "{:.3f}"),
        ("classic loss", "{:,.0f}"),
    ]
    moments = ["classic loss after", *(f"{moment} s" for moment in MOMENTS)]
    tables = Table(columns, rows), Table(moments, over_time)
    return [f"### {size} px", *tables, "\\* finished"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", nargs="?", default="castle")
    parser.add_argument("painting", nargs="?", default="starry-night")
    parser.add_argument("--sizes", default="256,512")
    parser.add_argument("--classic-steps", type=int, default=300)
    arguments = parser.parse_args()
    weights = load_weights()
    photo, painting = (
        read_picture(assets.find(name) or name).image
        for name in (arguments.photo, arguments.painting)
    )
    parts: list[str | Table] = [f"{arguments.photo} in the style of {arguments.painting}."]
    for size in map(int, arguments.sizes.split(",")):
        content, style = (resize(x, *fit_long_side(*size_of(x), size)) for x in (photo, painting))
        painted = runs(size, arguments.classic_steps)
        for run in painted:
            run.paint(content, style, weights)
            print(f"{size} px, {run.name}: {run.seconds:.1f} s", flush=True)
        parts += report(size, painted, Judge(content, style, weights))
    write("optimize", *parts)


if __name__ == "__main__":
    main()
