"""Ideas for a faster optimization: what was expected of each, and what came of it.

    python benchmarks/ideas.py [--table ideas|speed] [--size 512] [--work DIR]

Each changes one thing about the default (from the photo, two scales) and is judged by our own
objective: the loss of the saved picture in float32, beside the default's. Losses and times
are measured apart, as in optimize.py.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from operator import truediv
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto import load
from impasto.core.events import Event, Finished, Step
from impasto.core.tensors import resize
from impasto.io.image import read_picture, to_pil, write_picture
from impasto.losses import style
from impasto.optimization import picture as painting
from impasto.optimization import solver
from impasto.optimization.options import STYLE_LAYERS, OptimizeOptions
from impasto.optimization.picture import Loss, optimize_picture
from impasto.optimization.pyramid import OFFSETS, Scale, plan
from impasto.optimization.solver import LBFGS, Solver
from impasto.perception import extractor
from impasto.perception.weights import load_weights
from optimize import PAIRS, Pair
from report import Cell, Table, write

LEVELS = 4
"""Of the Laplacian pyramid."""

COARSEST = 256
"""Long side of the default's first scale, in pixels."""

COLORS = torch.tensor([[0.56, 0.19, 0.04], [0.58, 0.0, -0.08], [0.58, -0.19, 0.04]])
"""Of natural photos: each column one uncorrelated direction of RGB, as long as it varies."""


class PyramidLBFGS(LBFGS):
    """Steps in the coefficients of a pyramid with uncorrelated colors instead of in pixels.

    With image = T(z), a step of z along d is one of the image along T(d), and the gradient of z is
    the transposed T of the image's.
    """

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._z: Tensor | None = None

    def step(self, image: Tensor, gradient: Tensor) -> None:
        """Change the picture in place."""
        size = image.shape[-2:]
        parts = [(-(-size[0] // 2**at), -(-size[1] // 2**at)) for at in range(LEVELS)]
        lengths = [3 * height * width for height, width in parts]

        def picture(z: Tensor) -> Tensor:
            levels = [
                F.interpolate(part.view(1, 3, *shape), size=size, mode="bilinear")
                for part, shape in zip(z.split(lengths), parts, strict=True)
            ]
            return torch.einsum("rc,bchw->brhw", COLORS, torch.stack(levels).sum(0))

        zeros = torch.zeros(sum(lengths))
        _, transposed = torch.autograd.functional.vjp(picture, zeros, gradient)
        z = zeros if self._z is None else self._z
        before = z.clone()
        super().step(z, transposed)
        image.add_(picture(z - before))
        self._z = z


class LastPyramidLBFGS(PyramidLBFGS):
    """The same at full size alone."""

    def step(self, image: Tensor, gradient: Tensor) -> None:
        """Change the picture in place."""
        if max(image.shape[-2:]) > COARSEST:
            super().step(image, gradient)
        else:
            LBFGS.step(self, image, gradient)


class CarriedLBFGS(LBFGS):
    """Begins with what was learned at the coarser scale, enlarged."""

    last: LBFGS | None = None

    def step(self, image: Tensor, gradient: Tensor) -> None:
        """Change the picture in place."""
        before = CarriedLBFGS.last
        if self._gradient is None and before is not None and before is not self:
            size = image.shape[-2:]
            for old_step, old_change, _ in before._pairs:  # noqa: SLF001
                step, change = (_enlarge(x.float(), *size) for x in (old_step, old_change))
                change = change * (old_step.numel() / step.numel())
                curvature = float((step * change).sum())
                if curvature > 1e-10:
                    self.scale = curvature / float(change.square().sum())
                    self._pairs.append((step, change, 1 / curvature))
            if self._pairs:
                self._gradient, self._step = gradient, self._direction(gradient)
                image.add_(self._step)
                CarriedLBFGS.last = self
                return
        super().step(image, gradient)
        CarriedLBFGS.last = self


ELSEWHERE = ((3, 14), (8, 8), (13, 2))
"""Offsets at which no idea paints."""

LITTLE, STEPS_OF_IT = 0.01, 5
"""A scale has ended when its loss fell by less than this share in so many steps."""


class ShiftedRun(painting._Run):  # noqa: SLF001
    """The picture is shifted anew for each third of a scale."""

    def _steps(self, level: int, solver: Solver) -> Generator[Event, None, bool]:
        scale = self.scales[level]
        for number, offset in enumerate(OFFSETS):
            if any(offset):
                given = *scale.size, self.dtype, self.memory[level], offset
                solver.change_loss(partial(self._loss, *given))
            end = round(scale.steps * (number + 1) / len(OFFSETS))
            self.scales[level] = replace(scale, steps=end)
            yield from super()._steps(level, solver)
        self.scales[level] = scale
        return False


class ImpatientRun(painting._Run):  # noqa: SLF001
    """Ends a scale where the loss hardly falls any more."""

    def _steps(self, level: int, solver: Solver) -> Generator[Event, None, bool]:
        losses: list[float] = []
        for event in super()._steps(level, solver):
            yield event
            if isinstance(event, Step):
                losses.append(event.loss)
            before = losses[-1 - STEPS_OF_IT :][0]
            if len(losses) > STEPS_OF_IT and losses[-1] > (1 - LITTLE) * before:
                break
        return False


class HalfLayersRun(painting._Run):  # noqa: SLF001
    """Every second style layer at the first scale."""

    def _loss(self, height: int, width: int, *given: Any) -> Loss:
        whole = self.loss_weights
        if max(height, width) <= COARSEST:
            style = {name: 2 * whole.style[name] for name in STYLE_LAYERS[::2]}
            self.loss_weights = replace(whole, style=style)
        try:
            return super()._loss(height, width, *given)
        finally:
            self.loss_weights = whole


def _from_192(height: int, width: int, coarsest: int, steps: tuple[int, ...]) -> list[Scale]:
    """Return the default's two scales, the first of them smaller."""
    first, last = plan(height, width, coarsest, steps)
    share = 192 / max(height, width)
    small = replace(first, height=round(height * share), width=round(width * share))
    return [small, last]


@contextmanager
def _shifted() -> Iterator[None]:
    with patch.object(painting, "_Run", ShiftedRun):
        yield


def _plainly(painted: Tensor, photo: Tensor) -> Tensor:
    return resize(painted, *photo.shape[-2:])


def _enlarge(image: Tensor, height: int, width: int) -> Tensor:
    return F.interpolate(image, size=(height, width), mode="bilinear")


class HalfGram(style._Gram):  # noqa: SLF001
    """The Gram matrix multiplied in the features' own precision."""

    @staticmethod
    def forward(context: Any, rows: Tensor) -> Tensor:
        """Return (B, C, C) in float32."""
        context.save_for_backward(rows)
        return torch.bmm(rows.transpose(1, 2), rows).float()


class WithDetail:
    """Enlarges a picture and adds what the photo loses when it is made as small."""

    def __init__(self) -> None:
        self.photo: Tensor | None = None  # what is sized first

    def __call__(self, image: Tensor, height: int, width: int) -> Tensor:
        """Return the picture at another size."""
        sized = resize(image, height, width)
        if self.photo is None:
            self.photo = image
        elif image.shape[-1] < width:
            photo = resize(self.photo, height, width)
            sized = sized + photo - resize(resize(photo, *image.shape[-2:]), height, width)
        return sized


@dataclass(frozen=True)
class Idea:
    """One change, and what was expected of it before it was measured."""

    name: str
    expected: str
    verdict: str
    options: dict[str, Any]
    change: Callable[[], Any] | None = None

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Put the change in place."""
        CarriedLBFGS.last = None
        if self.change is None:
            yield
        else:
            with self.change():
                yield


def _lbfgs(kind: type[LBFGS]) -> Callable[[], Any]:
    return lambda: patch.object(solver, "LBFGS", kind)


IDEAS = (
    Idea("default: 60 + 30 steps, two scales", "", "", {}),
    Idea(
        "one scale, 45 steps",
        "far behind in the same time: large shapes take many steps at full size",
        "kept: two scales",
        {"coarsest": 0, "steps": (45,)},
    ),
    Idea(
        "three scales, 120 + 60 + 30",
        "a little lower for a fifth more time",
        "dropped: slower, and not lower",
        {"coarsest": 128, "steps": (120, 60, 30)},
    ),
    Idea("float32", "the same loss in twice the time", "dropped", {"dtype": "float32"}),
    Idea(
        "float32 for the last 5 steps",
        "a few per cent lower: the noise of bfloat16 is gone",
        "dropped: so do more steps",
        {"dtype": "float32", "coarsest": 0, "steps": (5,), "init": "auto"},
    ),
    Idea(
        "Adam",
        "twice the loss",
        "not the default: as low, with specks of color at 100 %; --optimizer adam",
        {"optimizer": "adam"},
    ),
    Idea(
        "twice the steps, 120 + 60",
        "a quarter lower",
        "not the default: twice the time for a little; --steps 60",
        {"steps": (120, 60)},
    ),
    Idea(
        "twice the steps, Adam",
        "behind: L-BFGS gains with every step",
        "not the default, as above",
        {"steps": (120, 60), "optimizer": "adam"},
    ),
    Idea(
        "the photo's finest detail added to the enlarged picture",
        "lower by a tenth: the first steps at full size need not find it anew",
        "dropped",
        {},
        lambda: patch.object(painting, "resize", WithDetail()),
    ),
    Idea(
        "the coarse picture enlarged without the photo's edges",
        "higher: the first steps at full size have to find them",
        "kept: enlarging along the photo's edges",
        {},
        lambda: patch.object(painting, "enlarge", _plainly),
    ),
    Idea(
        "nothing of the curvature carried to the next scale",
        "a step more is lost at full size",
        "kept: one number is carried",
        {},
        lambda: patch.object(solver.Solver, "scale", None),
    ),
    Idea("history 5", "a tenth higher", "dropped: the default costs no time", {"history": 5}),
    Idea("history 100", "the same in 30 steps", "dropped: memory for nothing", {"history": 100}),
    Idea(
        "history carried to the next scale",
        "lower: the first steps at full size need not learn the curvature anew",
        "dropped",
        {},
        _lbfgs(CarriedLBFGS),
    ),
    Idea(
        "steps in a Laplacian pyramid, colors uncorrelated",
        "lower at one scale; at two the pyramid of scales has done its work",
        "dropped",
        {},
        _lbfgs(PyramidLBFGS),
    ),
    Idea(
        "the same at one scale, 45 steps",
        "half way to two scales",
        "next: cleaner at 100 %, but more of the photo's colors stay",
        {"coarsest": 0, "steps": (45,)},
        _lbfgs(PyramidLBFGS),
    ),
    Idea(
        "the same at the second of two scales alone",
        "a little lower than the default, and cleaner at 100 %",
        "dropped",
        {},
        _lbfgs(LastPyramidLBFGS),
    ),
    Idea(
        "from one pass of a network, 45 steps, one scale",
        "lower: strokes and colors are there",
        "kept: --init auto",
        {"coarsest": 0, "steps": (45,), "init": "auto"},
    ),
    Idea(
        "without relu5_1",
        "a tenth of the time less; large shapes less painted",
        "dropped: its gain is time, its loss the swirls",
        {"style_layers": STYLE_LAYERS[:-1], "style_layer_weights": (1.0,) * 4},
    ),
    Idea(
        "features one channel after the other, not channels last",
        "a fifth more time",
        "dropped: channels last is the default",
        {},
        lambda: patch.object(extractor, "LAYOUT", torch.contiguous_format),
    ),
    Idea(
        "Gram matrices multiplied in bfloat16",
        "5 % of the time less, the same loss",
        "dropped: the gain is within the noise",
        {},
        lambda: patch.object(style, "_Gram", HalfGram),
    ),
)


SPEED = (
    IDEAS[0],
    Idea(
        "the first scale at 192 px instead of 256",
        "a tenth of the time less, a little higher",
        "dropped: as good a bargain as fewer steps, and no better",
        {},
        lambda: patch.object(painting, "plan", _from_192),
    ),
    Idea(
        "a scale ends where the loss falls by less than 1 % in 5 steps",
        "a tenth of the time less at the same loss: the last steps do little",
        "dropped: what it saves, it lacks",
        {},
        lambda: patch.object(painting, "_Run", ImpatientRun),
    ),
    Idea(
        "every second style layer at the first scale",
        "a few per cent of the time less, as low",
        "dropped: nearly all of a step is VGG",
        {},
        lambda: patch.object(painting, "_Run", HalfLayersRun),
    ),
    Idea(
        "three quarters of the steps, 45 + 22",
        "a quarter of the time less, a tenth higher",
        "not the default: what --steps 22 and --seconds are for",
        {"steps": (45, 22)},
    ),
    Idea(
        "the picture shifted against the grid of the pooling after each third of a scale",
        "as low, off the grid too",
        "by eye as good at 512 px; kept above that, after 3, 6, 12 steps (at print size)",
        {},
        _shifted,
    ),
)
TABLES = {"ideas": IDEAS, "speed": SPEED}


def loss_of(pair: Pair, picture: Tensor, size: int, offset: tuple[int, int] = (0, 0)) -> float:
    """Return the default's loss of a finished picture, shifted against VGG's grid, in float32."""
    options = OptimizeOptions(size=size, init="auto", steps=(0,), dtype="float32")
    move = painting._moved  # noqa: SLF001
    with patch.object(painting, "_moved", lambda image, _: move(image, offset)):
        events = optimize_picture(pair.content, [pair.style], pair.weights, options, start=picture)
        return next(event.losses["total"] for event in events if isinstance(event, Finished))


def kept_at(pair: Pair, idea: Idea, work: Path) -> Path:
    return work / f"{pair.name}, {idea.name}.json".replace("/", "-")


def off_grid(pair: Pair, idea: Idea, size: int, work: Path) -> float:
    """Return the mean of the loss of a kept picture at places of the grid it was not painted at."""
    picture = read_picture(kept_at(pair, idea, work).with_suffix(".png")).image
    return statistics.fmean(loss_of(pair, picture, size, offset) for offset in ELSEWHERE)


def beside(found: Sequence[float], first: Sequence[float]) -> float:
    """Return losses over those of the default: the mean of the pairs."""
    return statistics.geometric_mean(map(truediv, found, first))


def paint(pair: Pair, idea: Idea, options: OptimizeOptions, work: Path) -> dict[str, float]:
    """Return the loss of the picture and the steps it took; from the file if it is kept."""
    kept = kept_at(pair, idea, work)
    if not kept.exists():
        start = None
        if idea.options.get("init") == "auto" and "float32" not in idea.name:
            start = read_picture(
                load(pair.name.split(", ")[1])
                .stylize(to_pil(pair.content), size=options.size)
                .image
            ).image
        elif idea.options.get("init") == "auto":
            start = read_picture(kept_at(pair, IDEAS[0], work).with_suffix(".png")).image
        with idea.at_work():
            events = optimize_picture(
                pair.content, [pair.style], pair.weights, options, start=start
            )
            finished = next(event for event in events if isinstance(event, Finished))
        write_picture(to_pil(finished.image), kept.with_suffix(".png"), force=True)
        kept.write_text(
            json.dumps(
                {
                    "loss": loss_of(pair, finished.image, options.size),
                    "steps": finished.steps,
                }
            ),
            encoding="utf-8",
        )
    return json.loads(kept.read_text(encoding="utf-8"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", choices=TABLES, default="ideas")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--pairs", type=int, default=1, help="of optimize.py that are painted")
    parser.add_argument("--work", type=Path, default=Path("bench-results/ideas"))
    parser.add_argument("--curves-only", action="store_true", help="paint, do not time")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    weights = load_weights()
    pairs = [Pair.read(*names, arguments.size, weights) for names in PAIRS[: arguments.pairs]]
    rows: list[list[Cell]] = []
    first: list[float] = []
    first_off: list[float] = []
    first_seconds = 0.0
    for idea in TABLES[arguments.table]:
        options = replace(OptimizeOptions(size=arguments.size), **idea.options)
        found = [paint(pair, idea, options, arguments.work) for pair in pairs]
        print(idea.name, [f"{each['loss']:.4f}" for each in found], flush=True)
        losses = [each["loss"] for each in found]
        first = first or losses
        if arguments.curves_only:
            continue
        steps = found[0]["steps"]
        with idea.at_work():
            aside, medians = pairs[0].times(options, len(steps))
        seconds = aside + sum(n * median for n, median in zip(steps, medians, strict=True))
        if "last 5 steps" in idea.name:
            seconds += first_seconds
        first_seconds = first_seconds or seconds
        off = [off_grid(pair, idea, arguments.size, arguments.work) for pair in pairs]
        first_off = first_off or off
        ratios = seconds / first_seconds, beside(losses, first), beside(off, first_off)
        rows.append([idea.name, idea.expected, *ratios, idea.verdict])
    if rows:
        columns = (
            *("idea", "expected", ("time", "{:.2f}"), ("loss", "{:.2f}")),
            *(("loss, shifted", "{:.2f}"), "verdict"),
        )
        means = statistics.geometric_mean(first), statistics.geometric_mean(first_off)
        note = "The default's loss: {:.2f} where it was painted, {:.2f} shifted.".format(*means)
        write(arguments.table, note, Table(columns, rows))


if __name__ == "__main__":
    main()
