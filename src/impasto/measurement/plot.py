"""Loss over time of a comparison, as a picture."""

from __future__ import annotations

import io

from PIL import Image

from impasto.core.errors import MissingError, how_to_install
from impasto.measurement.comparison import Comparison

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
