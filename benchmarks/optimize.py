"""Loss over time of our presets beside the classic setup, for several pairs of pictures.

    python benchmarks/optimize.py [PHOTO PAINTING ...] [--size 512] [--classic-steps 500]

The classic setup is neural-style's: its objective, L-BFGS with history 100, float32, one scale,
from noise or from the photo. Every picture is judged by the same code: clamped to 8 bits, float32.

A step of one size takes always as long. So the curves (the loss after so many steps) and the time
of a step are measured apart: curves may be painted while the machine does other things, and over
several sittings (--work keeps them); the times are taken in one sitting, all setups in turn. The
seconds of a curve are its steps times the median time of such a step, preparation included.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from impasto import assets
from impasto.core.device import has_fast_bfloat16
from impasto.core.events import Finished, Preview, Step
from impasto.core.tensors import cover, fit_long_side, resize, size_of
from impasto.io.image import read_picture, to_pil, write_picture
from impasto.losses.perceptual import LossWeights, PerceptualLoss
from impasto.optimization.options import STYLE_LAYERS, OptimizeOptions
from impasto.optimization.picture import optimize_picture
from impasto.perception.extractor import Extractor
from impasto.perception.weights import load_weights
from report import Cell, Table, write

PAIRS = (
    ("castle", "starry-night"),
    ("castle", "great-wave"),
    ("astronaut", "composition-viii"),
    ("astronaut", "cafe-terrace"),
)
EVERY = 5
"""Steps from one judged picture to the next."""

TIMED_STEPS = 9


def setups(size: int, classic_steps: int) -> dict[str, OptimizeOptions]:
    """Return what is compared."""
    classic = OptimizeOptions(
        size=size,
        init="noise",
        loss="classic",
        history=100,
        dtype="float32",
        coarsest=0,
        steps=(classic_steps,),
        content_weight=5.0,
        style_weight=100.0,
    )
    ours = OptimizeOptions(size=size, dtype="float32")
    found = {
        "classic, from noise": classic,
        "classic, from the photo": replace(classic, init="content"),
        "impasto, from the photo, float32": ours,
    }
    if has_fast_bfloat16():
        found["impasto, from the photo, bfloat16"] = replace(ours, dtype="bfloat16")
        found["impasto, from the photo, classic objective, bfloat16"] = replace(
            classic, init="content", dtype="bfloat16", coarsest=256, steps=(120, 120), history=20
        )
        found["impasto, from noise, bfloat16"] = replace(ours, dtype="bfloat16", init="noise")
    return {name: replace(options, preview_every=EVERY) for name, options in found.items()}


class Judge:
    """Measures a picture the same way whoever painted it."""

    def __init__(self, content: Tensor, style: Tensor, weights: dict[str, Tensor]) -> None:
        classic = LossWeights({"relu4_2": 1.0}, dict.fromkeys(STYLE_LAYERS, 1.0), 5.0, 100.0)
        relative = LossWeights({"relu4_2": 1.0}, dict.fromkeys(STYLE_LAYERS, 1.0), 1.0, 1.0)
        extractor = Extractor(weights, classic.layers)
        self.size = size_of(content)
        self.classic = PerceptualLoss(extractor, "classic", classic, content, [style], [1.0])
        self.relative = PerceptualLoss(extractor, "impasto", relative, content, [style], [1.0])

    @torch.no_grad()
    def loss(self, image: Tensor) -> float:
        """Return the classic loss of a picture of any scale, enlarged and saved in 8 bits."""
        return sum(float(term) for term in self.classic(self._saved(image)).values())

    @torch.no_grad()
    def distances(self, image: Tensor) -> tuple[float, float]:
        """Return (content distance, mean style distance)."""
        terms = self.relative(self._saved(image))
        style = sum(float(terms[f"style.{layer}"]) for layer in STYLE_LAYERS)
        return float(terms["content.relu4_2"]), style

    def _saved(self, image: Tensor) -> Tensor:
        return (cover(image, *self.size).clamp(0, 1) * 255).round() / 255


@dataclass
class Pair:
    """One photo and one painting, at the size that is compared."""

    name: str
    content: Tensor
    style: Tensor
    weights: dict[str, Tensor]

    @classmethod
    def read(cls, photo: str, painting: str, size: int, weights: dict[str, Tensor]) -> Pair:
        """Return two pictures by path or bundled name."""
        pictures = (read_picture(assets.find(name) or name).image for name in (photo, painting))
        content, style = (resize(x, *fit_long_side(*size_of(x), size)) for x in pictures)
        return cls(f"{Path(photo).stem}, {Path(painting).stem}", content, style, weights)

    def curve(self, options: OptimizeOptions, kept: Path) -> dict[str, Any]:
        """Paint, and return the loss after so many steps; from `kept` if that is there."""
        if not kept.exists():
            found, picture = self._paint(options)
            write_picture(to_pil(picture), kept.with_suffix(".png"), force=True)
            kept.write_text(json.dumps(found), encoding="utf-8")
        return json.loads(kept.read_text(encoding="utf-8"))  # type: ignore[no-any-return]

    def _paint(self, options: OptimizeOptions) -> tuple[dict[str, Any], Tensor]:
        judge = Judge(self.content, self.style, self.weights)
        losses: list[tuple[list[int], float]] = []
        taken: list[int] = []
        for event in optimize_picture(self.content, [self.style], self.weights, options):
            if isinstance(event, Step):
                taken += [0] * (event.scale - len(taken))
                taken[event.scale - 1] += 1
            elif isinstance(event, Preview | Finished):
                losses.append((list(taken), judge.loss(event.image)))
                picture = event.image
        content, style = judge.distances(picture)
        return {"losses": losses, "content": content, "style": style}, picture

    def times(self, options: OptimizeOptions, scales: int) -> tuple[float, list[float]]:
        """Return the seconds of all but the steps, and the median of a step of each scale."""
        short = replace(options, steps=(TIMED_STEPS,) * scales, preview_every=None)
        taken: list[list[float]] = [[] for _ in range(scales)]
        began = latest = time.perf_counter()
        start = self.content if options.init == "auto" else None
        for event in optimize_picture(self.content, [self.style], self.weights, short, start=start):
            if isinstance(event, Step):
                now = time.perf_counter()
                taken[event.scale - 1].append(now - latest)
                latest = now
        whole = time.perf_counter() - began
        medians = [statistics.median(found) for found in taken]
        return whole - TIMED_STEPS * sum(medians), medians


class Line:
    """One curve with its seconds."""

    def __init__(self, curve: dict[str, Any], aside: float, medians: Sequence[float]) -> None:
        self.curve, self.step = curve, medians[-1]
        self.points = [
            (aside + sum(n * median for n, median in zip(taken, medians, strict=False)), loss)
            for taken, loss in curve["losses"]
        ]
        self.seconds, self.loss = self.points[-1]

    def row(self) -> list[Cell]:
        """Return what it took, and how close it came."""
        taken = " + ".join(map(str, self.curve["losses"][-1][0]))
        content, style = self.curve["content"], self.curve["style"]
        return [taken, self.step, self.seconds, content, style, self.loss]

    def reaches(self, loss: float) -> float | None:
        """Return the first moment at which the loss is as low."""
        return next((seconds for seconds, found in self.points if found <= loss), None)

    def beside(self, classic: Line) -> list[Cell]:
        """Return how long it takes to the classic's last loss, and to its lowest."""
        lowest = min(classic.points, key=lambda point: point[1])
        cells: list[Cell] = []
        for seconds, loss in (classic.points[-1], lowest):
            ours = self.reaches(loss)
            share = None if ours is None else ours / seconds
            cells += [loss, seconds, "never" if ours is None else ours, share]
        return cells


def medians(summary: Sequence[Sequence[Cell]]) -> Table:
    """Return the median over the pairs of our share of the classic's time to its last loss."""
    shares: dict[tuple[Cell, Cell], list[float]] = {}
    for _, start, kind, _, _, _, share, *_ in summary:
        shares.setdefault((start, kind), []).append(math.inf if share is None else float(share))
    rows: list[list[Cell]] = []
    for (start, kind), found in shares.items():
        median = statistics.median(found)
        rows.append([start, kind, "never" if median == math.inf else median])
    return Table(MEDIANS, sorted(rows, key=lambda row: str(row[0])))


MEDIANS = ("classic from", "impasto, from the photo", ("median share of its time", "{:.3f}"))
COLUMNS = (
    *("pair", "setup", "steps", ("s per step", "{:.2f}"), ("s in all", "{:.0f}")),
    *(("content distance", "{:.2f}"), ("style distance", "{:.3f}"), ("classic loss", "{:,.0f}")),
)
SUMMARY = (
    *("pair", "classic from", "impasto, from the photo"),
    *(("its last loss", "{:,.0f}"), ("after, s", "{:.0f}"), ("impasto, s", "{:.0f}")),
    *(("share of its time", "{:.3f}"), ("its lowest loss", "{:,.0f}"), ("after, s", "{:.0f}")),
    *(("impasto, s", "{:.0f}"), ("share of its time", "{:.3f}")),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", nargs="*", help="PHOTO PAINTING PHOTO PAINTING ...")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--classic-steps", type=int, default=500)
    parser.add_argument("--work", type=Path, default=Path("bench-results/optimize"))
    parser.add_argument("--curves-only", action="store_true", help="paint, do not time")
    arguments = parser.parse_args()
    pairs = list(zip(arguments.pictures[::2], arguments.pictures[1::2], strict=True)) or PAIRS
    arguments.work.mkdir(parents=True, exist_ok=True)
    weights = load_weights()
    rows: list[list[Cell]] = []
    summary: list[list[Cell]] = []
    for names in pairs:
        pair = Pair.read(*names, arguments.size, weights)
        lines = {}
        for name, options in setups(arguments.size, arguments.classic_steps).items():
            curve = pair.curve(options, arguments.work / f"{pair.name}, {name}.json")
            print(f"{pair.name}, {name}: {curve['losses'][-1][1]:,.0f}", flush=True)
            if not arguments.curves_only:
                times = pair.times(options, len(curve["losses"][-1][0]))
                lines[name] = Line(curve, *times)
                rows.append([pair.name, name, *lines[name].row()])
        for start in ("noise", "the photo") if lines else ():
            for name in (name for name in lines if "impasto, from the photo" in name):
                cells = lines[name].beside(lines[f"classic, from {start}"])
                kind = name.removeprefix("impasto, from the photo, ")
                summary.append([pair.name, start, kind, *cells])
    if rows:
        write("optimize", medians(summary), Table(SUMMARY, summary), Table(COLUMNS, rows))


if __name__ == "__main__":
    main()
