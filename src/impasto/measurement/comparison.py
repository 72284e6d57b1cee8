"""What came of one photo and one painting, method by method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from PIL import Image

from impasto.measurement.yardstick import Distances


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
    """Of optimisation at each scale, coarsest first; none for one pass."""

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
        """Return all pictures with their seconds, distances and memory, on one labelled sheet."""
        from impasto.measurement.sheet import draw_sheet

        return draw_sheet(self)

    def plot(self) -> Image.Image:
        """Return a plot of the classic loss over time.

        Raises:
            MissingError: matplotlib is not installed.
        """
        from impasto.measurement.plot import draw_plot

        return draw_plot(self)
