"""What came of one photo and one painting, method by method: numbers, sheet and plot."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from PIL import Image, ImageDraw, ImageFont, ImageOps

from impasto.analysis.metrics import Distances
from impasto.core.errors import MissingError, how_to_install
from impasto.core.memory import format_size


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one method made of the photo."""

    method: str
    """A name in `METHODS`."""

    title: str
    """The same for people."""

    seconds: float
    """From the files to the picture, in a fresh process; starting Python is not counted."""

    memory: int
    """Most bytes that the process had in memory at once."""

    steps: tuple[int, ...]
    """Of optimization at each scale, coarsest first; none for one pass."""

    distances: Distances
    """Of the picture, as `impasto.measure` tells them."""

    curve: tuple[tuple[float, float], ...]
    """(seconds, classic loss) of pictures on the way and of the last."""

    image: Image.Image
    """RGB."""

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the picture, for JSON."""
        record = asdict(self)
        del record["image"]
        return record


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One photo like one painting, by several methods."""

    content: str
    """What the photo is called."""

    style: str
    """What the painting is called."""

    photo: Image.Image
    """At the size of the pictures."""

    painting: Image.Image
    """As it was looked at beside them."""

    unpainted: Distances
    """Of the photo itself."""

    entries: tuple[Entry, ...]
    failed: Mapping[str, str] = field(default_factory=dict)
    """Why a method has no entry, by its name."""

    stopped: bool = False
    """True if the person ended it before all were done."""

    machine: str = ""
    """Where it was painted."""

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the pictures, for JSON."""
        return {
            "content": self.content,
            "style": self.style,
            "width": self.photo.width,
            "height": self.photo.height,
            "machine": self.machine,
            "unpainted": asdict(self.unpainted),
            "entries": [entry.to_dict() for entry in self.entries],
            "failed": dict(self.failed),
            "stopped": self.stopped,
        }

    def sheet(self) -> Image.Image:
        """Return all pictures with their seconds, distances and memory, on one labeled sheet."""
        from impasto.analysis.comparison import draw_sheet

        return draw_sheet(self)

    def plot(self) -> Image.Image:
        """Return a plot of the classic loss over time.

        Raises:
            MissingError: matplotlib is not installed.
        """
        from impasto.analysis.comparison import draw_plot

        return draw_plot(self)


CELL = 480
"""Long side at which a picture is shown at most, in pixels."""

NARROWEST = 320
"""Width that a label needs; smaller pictures are enlarged to it."""

MARGIN, GAP = 56, 32
"""Around the sheet; between its cells."""

TITLE, NAME, TEXT = 30, 20, 16
"""Sizes of the letters."""

HEAD = 96
"""From the margin to the first row of pictures."""

LINES = 30, 54, 77
"""Baselines of a name and of two lines, below their picture."""

LABEL = LINES[-1] + 8

INK, GRAY = (28, 28, 30), (100, 100, 106)

SHAPE = 1.7
"""How much wider than high the sheet is meant to be."""


@dataclass(frozen=True)
class _Cell:
    picture: Image.Image
    name: str
    lines: tuple[str, ...]


def draw_sheet(comparison: Comparison) -> Image.Image:
    """Return the sheet, RGB."""
    cells = [
        _Cell(comparison.photo, comparison.content, ("the photo", _far(comparison.unpainted))),
        _Cell(comparison.painting, comparison.style, ("the painting",)),
        *(_Cell(entry.image, entry.title, _label(entry)) for entry in comparison.entries),
    ]
    width, height = _box(comparison.photo)
    step_right, step_down = width + GAP, height + LABEL + GAP
    columns = _columns(len(cells), step_right, step_down)
    rows = math.ceil(len(cells) / columns)
    inside = columns * step_right - GAP
    size = inside + 2 * MARGIN, MARGIN + HEAD + rows * step_down - GAP + MARGIN
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    title = f"{comparison.content}, like {comparison.style}"
    _text(draw, (MARGIN, MARGIN + 24), title, TITLE, INK, inside)
    below = f"{comparison.photo.width} x {comparison.photo.height} pixels, {comparison.machine}. "
    below += "Distances to the photo (content) and the painting (style): less is closer."
    _text(draw, (MARGIN, MARGIN + 58), below, TEXT, GRAY, inside)
    for index, cell in enumerate(cells):
        row, column = divmod(index, columns)
        place = MARGIN + column * step_right, MARGIN + HEAD + row * step_down
        _draw_cell(sheet, cell, place, (width, height))
    return sheet


def _box(photo: Image.Image) -> tuple[int, int]:
    """Return (width, height) of the space for a picture."""
    factor = min(1.0, CELL / max(photo.size)) if max(photo.size) > NARROWEST else _enlarged(photo)
    return max(round(photo.width * factor), NARROWEST), round(photo.height * factor)


def _enlarged(photo: Image.Image) -> float:
    return NARROWEST / max(photo.size)


def _columns(count: int, width: int, height: int) -> int:
    """Return the number of columns that comes nearest to the wanted shape, full rows preferred."""

    def cost(columns: int) -> float:
        rows = math.ceil(count / columns)
        shape = abs(math.log(columns * width / (rows * height) / SHAPE))
        return shape + 0.25 * (rows * columns - count) / columns

    return min(range(1, count + 1), key=cost)


def _draw_cell(
    sheet: Image.Image, cell: _Cell, place: tuple[int, int], box: tuple[int, int]
) -> None:
    """Draw a picture at the bottom of its space, and its label below."""
    picture = ImageOps.contain(cell.picture.convert("RGB"), box, Image.Resampling.LANCZOS)
    left, bottom = place[0], place[1] + box[1]
    sheet.paste(picture, (left, bottom - picture.height))
    draw = ImageDraw.Draw(sheet)
    _text(draw, (left, bottom + LINES[0]), cell.name, NAME, INK, box[0])
    for text, line in zip(cell.lines, LINES[1:], strict=False):
        _text(draw, (left, bottom + line), text, TEXT, GRAY, box[0])


def _text(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    size: int,
    color: tuple[int, int, int],
    width: int,
) -> None:
    """Write one line above a baseline, in smaller letters if it would be wider than `width`."""
    font = ImageFont.load_default(size)
    while font.getlength(text) > width and size > 8:
        size -= 1
        font = ImageFont.load_default(size)
    draw.text(place, text, color, font, anchor="ls")


def _label(entry: Entry) -> tuple[str, str]:
    steps = f", {' + '.join(map(str, entry.steps))} steps" if entry.steps else ""
    return (
        f"{format_short(entry.seconds)}{steps}, {format_size(entry.memory)}",
        _far(entry.distances),
    )


def _far(distances: Distances) -> str:
    return f"content {distances.content_distance:.2f}, style {distances.style_distance:.3f}"


def format_short(seconds: float) -> str:
    """Return a duration with as many digits as it deserves.

    >>> format_short(0.3456), format_short(60.2), format_short(134.2)
    ('0.35 s', '60 s', '2 min 14 s')
    """
    if seconds < 10:
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole} s" if whole < 100 else f"{whole // 60} min {whole % 60} s"


SIZE = 9.0, 5.4
"""Inches."""

DOTS = 160
"""Per inch."""

COLORS = {
    "paper": "#7a7a80",
    "optimize": "#1f5fa8",
    "one-style": "#c2452d",
    "multi-style": "#d98a1f",
    "any-style": "#3f8f4f",
    "refined": "#7b3fa0",
}


def draw_plot(comparison: Comparison) -> Image.Image:
    """Return the classic loss over time, both axes logarithmic; a method in one pass is a point.

    Raises:
        MissingError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingError(f"a plot needs matplotlib: {how_to_install('plots')}") from error
    figure = Figure(SIZE, layout="constrained")
    axes = figure.add_subplot()
    for entry in comparison.entries:
        seconds, losses = zip(*entry.curve, strict=True)
        color = COLORS[entry.method]
        if len(seconds) > 1:
            axes.plot(seconds, losses, color=color, linewidth=1.8, label=entry.title)
            axes.plot(seconds[-1], losses[-1], "o", color=color, markersize=6)
        else:
            axes.plot(seconds, losses, "D", color=color, markersize=8, label=entry.title)
    unpainted = comparison.unpainted.classic_loss
    axes.axhline(unpainted, color="#b0b0b6", linewidth=1, linestyle=":")
    axes.annotate(
        "the photo itself",
        (1, unpainted),
        xycoords=("axes fraction", "data"),
        xytext=(-4, 3),
        textcoords="offset points",
        ha="right",
        va="bottom",
        color="#7a7a80",
        fontsize=9,
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("seconds, starting Python not counted")
    axes.set_ylabel("classic loss (content and style; less is closer)")
    title = f"{comparison.content}, like {comparison.style}, "
    title += f"{comparison.photo.width} x {comparison.photo.height}"
    axes.set_title(title, loc="left")
    axes.grid(visible=True, which="major", color="#e6e6ea")
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.legend(frameon=False, fontsize=9)
    stream = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(stream, format="png", dpi=DOTS)
    with Image.open(stream) as opened:
        return opened.convert("RGB")
