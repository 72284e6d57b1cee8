"""Draws what the network sees, with matplotlib (an optional package)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from impasto.analysis.features import Activations, Pair, strongest_channels
from impasto.core.errors import MissingError, how_to_install
from impasto.core.tensors import size_of

WIDTH = 15.0
"""Of a drawing in inches, at DPI."""

DPI = 100

COLUMNS = 6
"""Panels with pictures per row."""

COLORS = "magma"
"""Of every map and matrix: black is nothing, bright is strong."""

GRAM_CHANNELS = 16
"""Rows of a Gram matrix that are drawn: the strongest, so that their numbers can be read."""

PAPER = 0.6
"""Brightness that the picture keeps where a pair of channels does not fire."""


def find_figure() -> Callable[..., Any]:
    """Return matplotlib's class of figures.

    Raises:
        MissingError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingError(
            f"impasto inspect needs a package that is not here: {how_to_install('plots')}"
        ) from error
    figure: Callable[..., Any] = Figure
    return figure


def draw(activations: Activations, layer: str, parts: Sequence[str]) -> Image.Image:
    """Return one RGB picture of the parts, one below the other.

    Args:
        activations: what is to be drawn.
        layer: the name of its layer.
        parts: of `maps`, `gram` and `pairs`.

    Raises:
        MissingError: matplotlib is not installed.
    """
    draw_part = {
        "maps": lambda: _maps(activations, layer),
        "gram": lambda: _grams(activations),
        "pairs": lambda: _pairs(activations, layer),
    }
    drawn = [draw_part[part]() for part in parts]
    height = sum(image.height for image in drawn)
    sheet = Image.new("RGB", (drawn[0].width, height), "white")
    top = 0
    for image in drawn:
        sheet.paste(image, (0, top))
        top += image.height
    return sheet


class _Panels:
    """A title and a grid of panels of one shape, each with its own title."""

    def __init__(
        self, title: str, count: int, columns: int, shape: float, *, below: float = 0.0
    ) -> None:
        """Begin.

        Args:
            title: of the whole.
            count: panels.
            columns: panels per row.
            shape: height of a panel by its width.
            below: room under every panel in inches.
        """
        rows = math.ceil(count / columns)
        gap, head, caption = 0.15, 0.55, 0.32
        width = (WIDTH - gap) / columns - gap
        cell = width * shape + caption + below
        self._height = head + rows * cell + gap
        self.figure = find_figure()(figsize=(WIDTH, self._height), dpi=DPI, facecolor="white")
        self.figure.text(gap / WIDTH, 1 - 0.34 / self._height, title, size=15, weight="bold")
        self._places = [
            (
                (gap + (width + gap) * (index % columns)) / WIDTH,
                1 - (head + index // columns * cell + caption + width * shape) / self._height,
                width / WIDTH,
                width * shape / self._height,
            )
            for index in range(count)
        ]
        self._next = 0

    def add(self, title: str, inset: tuple[float, float] = (0.0, 0.0)) -> Any:
        """Return the axes of the next panel, smaller by `inset` (left, right) of its width."""
        left, bottom, width, height = self._places[self._next]
        self._next += 1
        share = 1 - sum(inset)
        place = (left + inset[0] * width, bottom, width * share, height)
        axes = self.figure.add_axes(place)
        axes.set_title(title, size=11, pad=4)
        axes.set_xticks([])
        axes.set_yticks([])
        return axes

    def to_image(self) -> Image.Image:
        """Return the drawing."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        canvas: Any = FigureCanvasAgg(self.figure)
        canvas.draw()
        return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def _pixels(image: Tensor) -> Any:
    """Return (H, W, 3) of (1, 3, H, W), as matplotlib wants it."""
    return image[0].permute(1, 2, 0).clamp(0, 1).numpy()


def _shape(image: Tensor) -> float:
    height, width = size_of(image)
    return min(2.0, max(0.5, height / width))


def _maps(activations: Activations, layer: str) -> Image.Image:
    count = len(activations.channels)
    title = f"{layer}: the {count} channels that answer most, each from black (0) to its maximum"
    panels = _Panels(title, count + 1, COLUMNS, _shape(activations.image))
    panels.add("the picture").imshow(_pixels(activations.image), aspect="auto")
    for channel in activations.channels:
        axes = panels.add(f"channel {channel.channel} ({channel.share:.1%})")
        found = activations.features[channel.channel]
        top = max(float(_quantile(found, 0.995)), 1e-9)
        axes.imshow(found.numpy(), cmap=COLORS, vmin=0, vmax=top, aspect="auto")
    return panels.to_image()


def _quantile(values: Tensor, share: float) -> Tensor:
    """Return a quantile of any number of values; torch.quantile has a limit."""
    ordered = values.flatten().sort().values
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _grams(activations: Activations) -> Image.Image:
    from matplotlib.colors import PowerNorm

    columns = 3 if len(activations.grams) <= 3 else 5
    title = "Gram matrices: how strongly two channels fire together (the strongest channels)"
    panels = _Panels(title, len(activations.grams), columns, 0.86, below=0.35)
    for layer, gram in activations.grams.items():
        numbers = [found.channel for found in strongest_channels(gram, GRAM_CHANNELS)]
        axes = panels.add(layer, inset=(0.08, 0.10))
        part = gram[numbers][:, numbers]
        part = part / part.abs().max().clamp_min(1e-30)
        drawn = axes.imshow(part.numpy(), cmap=COLORS, norm=PowerNorm(0.5, 0, 1), aspect="auto")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_ticks(range(len(numbers)), [str(number) for number in numbers], size=7)
        axes.tick_params(axis="x", rotation=90)
        axes.tick_params(length=0, pad=2)
        bar = panels.figure.colorbar(drawn, ax=axes, cax=_beside(axes), ticks=[0, 0.1, 0.3, 1])
        bar.ax.tick_params(labelsize=7, length=0)
        bar.outline.set_visible(False)
    return panels.to_image()


def _beside(axes: Any) -> Any:
    """Return narrow axes to the right of others."""
    return axes.inset_axes((1.02, 0.0, 0.035, 1.0))


def _pairs(activations: Activations, layer: str) -> Image.Image:
    count = 3 * max(1, len(activations.pairs))
    title = f"{layer}: channels that fire together, and where (gray: not there)"
    panels = _Panels(title, count, COLUMNS, _shape(activations.image))
    if not activations.pairs:
        axes = panels.add("no two channels fire together")
        axes.imshow(_pixels(activations.image), aspect="auto")
    for pair in activations.pairs:
        _draw_pair(panels, activations, pair)
    return panels.to_image()


def _draw_pair(panels: _Panels, activations: Activations, pair: Pair) -> None:
    one, other = activations.features[pair.first], activations.features[pair.second]
    together = f"together (correlation {pair.correlation:.2f})"
    for title, found in (
        (f"channel {pair.first}", one),
        (f"channel {pair.second}", other),
        (together, one * other),
    ):
        panels.add(title).imshow(_pixels(spotlight(activations.image, found)), aspect="auto")


def spotlight(image: Tensor, where: Tensor) -> Tensor:
    """Return the picture in its colors where something fires, and pale gray elsewhere.

    Args:
        image: (1, 3, H, W) in [0, 1].
        where: (h, w), how strongly; negative counts as 0.

    Returns:
        (1, 3, H, W) in [0, 1].
    """
    strength = F.interpolate(
        where.clamp_min(0)[None, None], size=size_of(image), mode="bilinear", align_corners=False
    )
    strength = (strength / _quantile(strength, 0.99).clamp_min(1e-9)).clamp(0, 1)
    gray = PAPER + (0.95 - PAPER) * image.mean(dim=1, keepdim=True)
    return torch.lerp(gray.expand_as(image), image, strength)
