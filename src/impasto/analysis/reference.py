"""What a picture is worth in steps of optimization: the curve that it is held against.

The loss is that of the fast networks. As in johnson2016, the optimizer is a projected one: it clips
its picture to [0, 1] after every step, because networks cannot leave that range either.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Generator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import torch

from impasto.analysis.metrics import FAST, FAST_LAYERS, Metrics
from impasto.core.device import pick_dtype
from impasto.core.events import Event, Note, Preview, ReferenceStep
from impasto.core.tensors import round_to_bits, size_of
from impasto.io.paths import cache_folder
from impasto.io.temporary import write_atomically
from impasto.losses.perceptual import PerceptualLoss
from impasto.optimization.solver import Solver
from impasto.perception.extractor import Extractor
from impasto.perception.weights import Weights

EVERY = 5
"""How many steps lie between two points of a curve."""

HISTORY = 100

CONVENTION = 1
"""Number of what a curve means; curves of another one in the cache are not looked at."""

Curve = list[float]


def reference_curve(
    weights: Weights, metrics: Metrics, *, steps: int, until: float = 0.0, clip: bool = True
) -> Generator[Event, None, Curve]:
    """Paint from noise on the fast loss; return the loss after 0, EVERY, 2 * EVERY ... steps.

    In bfloat16 where the CPU multiplies it in hardware, and without relu4_3: both change the loss
    by less than a hundredth.

    Args:
        weights: of VGG-16.
        metrics: knows the photo and the painting.
        steps: how long the curve is at most.
        until: it ends where the loss is below this.
        clip: False for the plain optimizer, whose picture leaves [0, 1]; nobody could see or save
            it as it is judged.

    Yields:
        `ReferenceStep` for every step, and `Preview` at every point of the curve.

    Source:
        johnson2016, fig. 5.
    """
    shares = replace(FAST, style=dict.fromkeys(FAST_LAYERS[:-1], 1.0))
    dtype = pick_dtype("auto", torch.device("cpu"))
    extractor = Extractor(weights, shares.layers, border="zeros", dtype=dtype)
    content, styles = metrics.content, metrics.styles
    loss = PerceptualLoss(extractor, "classic", shares, content, styles, metrics.style_shares)
    noise = torch.rand(content.shape, generator=torch.Generator().manual_seed(0))
    solver = Solver(noise, loss, "lbfgs", HISTORY)
    began = time.perf_counter()
    curve: Curve = []
    for step in range(steps + 1):
        picture = solver.image.clone()
        before, _ = solver.step()  # the loss of the picture that the last step left
        if step % EVERY == 0:
            curve.append(before)
            yield Preview(step, picture)
            if before < until:
                break
        if clip:
            with torch.no_grad():
                solver.image.clamp_(0, 1)
        seconds = time.perf_counter() - began
        eta = seconds / (step + 1) * (steps - step)
        yield ReferenceStep(step, steps, before, seconds, eta)
    return curve


def equivalent_steps(loss: float, curve: Sequence[float]) -> float:
    """Return where a falling curve reaches `loss`, interpolated; its length if it never does.

    >>> round(equivalent_steps(100.0, [1000.0, 10.0]), 6)
    2.5
    """
    lowest = [min(curve[: index + 1]) for index in range(len(curve))]
    for index, (before, after) in enumerate(pairwise(lowest)):
        if after <= loss <= before and after < before:
            share = (math.log(before) - math.log(loss)) / (math.log(before) - math.log(after))
            return (index + share) * EVERY
    return 0.0 if loss > lowest[0] else float((len(curve) - 1) * EVERY)


def is_enough(curve: Sequence[float], steps: int, until: float) -> bool:
    """Return whether a curve reaches `until`, or is as long as it may be."""
    return bool(curve) and (
        min(curve) <= until or (len(curve) - 1) * EVERY >= steps - steps % EVERY
    )


def find_curve(
    weights: Weights, metrics: Metrics, *, steps: int, until: float
) -> Generator[Event, None, Curve]:
    """Return the curve of a photo and a painting, from the cache if it is there.

    Arguments and events as `reference_curve`.
    """
    path = cache_folder() / "curves" / f"{_key(metrics)}.json"
    known = _read(path)
    if is_enough(known, steps, until):
        return known
    curve = yield from reference_curve(weights, metrics, steps=steps, until=until)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps([float(f"{loss:.6g}") for loss in curve]).encode())
    except OSError as error:
        yield Note(f"the reference curve could not be kept in {path} ({error.strerror})")
    return curve


def _key(metrics: Metrics) -> str:
    """Return a name for a photo and a painting as they are looked at."""
    sha = hashlib.sha256(f"{CONVENTION} {metrics.style_shares}".encode())
    for image in (metrics.content, *metrics.styles):
        sha.update(repr(size_of(image)).encode())
        sha.update((round_to_bits(image) * 255).to(torch.uint8).numpy().tobytes())
    return sha.hexdigest()[:32]


def _read(path: Path) -> Curve:
    """Return the curve in a file, an empty one if there is none that can be read."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return [float(loss) for loss in stored]
    except (OSError, ValueError, TypeError):
        return []
