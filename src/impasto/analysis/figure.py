"""What `impasto.reconstruct` and `impasto.grid` give back, and how they get the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PIL import Image

from impasto.core.events import Event
from impasto.core.tensors import resize, size_of
from impasto.io.image import Picture, to_pil
from impasto.io.inputs import Result
from impasto.recipe import Source


@dataclass(frozen=True)
class Figure(Result):
    """One picture, or a labelled sheet of several."""

    pictures: Mapping[str, Image.Image]
    """All pictures by name."""

    losses: Mapping[str, Mapping[str, float]]
    """By name: weighted terms of that picture and their `total`."""

    painted: int
    """Pictures that were painted now; the others were there already."""

    stopped: bool
    """True if the person ended it before it was complete."""


@dataclass(frozen=True, slots=True)
class FigureDone(Event):
    """The last event: everything is done."""

    result: Figure


def as_input(source: Source, picture: Picture, width: int, height: int) -> tuple[str, Image.Image]:
    """Return the caption and the small copy of a picture that a sheet was made from.

    Args:
        source: what it is called.
        picture: what it holds.
        width: of the sheet's pictures; the copy is not wider.
        height: of the sheet's pictures; the copy is not higher.
    """
    rows, columns = size_of(picture.image)
    factor = min(width / columns, height / rows)
    small = resize(picture.image, max(1, round(rows * factor)), max(1, round(columns * factor)))
    name = source.name
    return name.rpartition("/")[2].partition(".")[0] or name, to_pil(small)
