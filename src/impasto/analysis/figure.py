"""What `impasto.reconstruct` and `impasto.grid` give back, and its labeled sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from impasto.core.events import Event
from impasto.core.tensors import resize, size_of
from impasto.io.image import Picture, to_pil
from impasto.io.inputs import Result
from impasto.io.sheet import GAP, shorten
from impasto.recipe import Source


@dataclass(frozen=True)
class Figure(Result):
    """One picture, or a labeled sheet of several."""

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


Captioned = tuple[str, Image.Image]
Font = ImageFont.ImageFont | ImageFont.FreeTypeFont

INK = "#222222"

TEXT_SHARE = 15
"""Text is as high as this fraction of a picture's width, within LETTERS."""

LETTERS = (11, 26)


@dataclass(frozen=True)
class Row:
    """One row of the table."""

    label: str
    """To the left of the row; lines are parted by a newline."""

    pictures: Sequence[Captioned]
    """Each with the caption below it; all of one size."""


def picture_table(
    inputs: Sequence[Captioned], rows: Sequence[Row], columns: Sequence[str] = ()
) -> Image.Image:
    """Return one RGB picture of all.

    Args:
        inputs: what the table was made from, one below the other at its left; as wide as the
            pictures of the rows.
        rows: at least one; all with the same number of pictures of one size. If no picture has a
            caption, no room is left for them.
        columns: labels above; none if there are none.
    """
    return _Layout(inputs, rows, columns).draw()


class _Layout:
    """Where everything is."""

    def __init__(
        self, inputs: Sequence[Captioned], rows: Sequence[Row], columns: Sequence[str]
    ) -> None:
        self.inputs, self.rows, self.columns = inputs, rows, columns
        self.width, self.height = rows[0].pictures[0][1].size
        letters = min(max(self.width // TEXT_SHARE, LETTERS[0]), LETTERS[1])
        self.font: Font = ImageFont.load_default(letters)
        self.line = round(letters * 1.35)
        self.has_captions = any(caption for row in rows for caption, _ in row.pictures)
        self.cell = self.height + GAP + self.line * self.has_captions
        texts = [line for row in rows for line in row.label.splitlines()]
        label_width = max((self.font.getlength(text) for text in texts), default=0.0)
        self.left_of_labels = GAP + (self.width + 2 * GAP if inputs else 0)
        self.left = self.left_of_labels + (round(label_width) + GAP if label_width else 0)
        self.top = GAP + (self.line + GAP // 2 if columns else 0)

    def draw(self) -> Image.Image:
        count = len(self.rows[0].pictures)
        below = sum(image.height + GAP + self.line for _, image in self.inputs)
        height = max(self.top + len(self.rows) * self.cell, GAP + below)
        sheet = Image.new("RGB", (self.left + count * (self.width + GAP), height), "white")
        pen = ImageDraw.Draw(sheet)
        top = (height - below) // 2 + GAP // 2
        for caption, image in self.inputs:
            self._place(sheet, pen, (caption, image), GAP, top)
            top += image.height + GAP + self.line
        for index, label in enumerate(self.columns):
            middle = self.left + index * (self.width + GAP) + self.width / 2
            pen.text((middle, GAP), label, INK, self.font, anchor="mt")
        for index, row in enumerate(self.rows):
            self._draw_row(sheet, pen, row, self.top + index * self.cell)
        return sheet

    def _draw_row(self, sheet: Image.Image, pen: ImageDraw.ImageDraw, row: Row, top: int) -> None:
        lines = row.label.splitlines()
        middle = top + self.height / 2 - (len(lines) - 1) * self.line / 2
        for number, text in enumerate(lines):
            where = (self.left - GAP, middle + number * self.line)
            pen.text(where, text, INK, self.font, anchor="rm")
        for index, captioned in enumerate(row.pictures):
            self._place(sheet, pen, captioned, self.left + index * (self.width + GAP), top)

    def _place(
        self,
        sheet: Image.Image,
        pen: ImageDraw.ImageDraw,
        captioned: Captioned,
        left: int,
        top: int,
    ) -> None:
        caption, image = captioned
        sheet.paste(image, (left, top), image if image.mode == "RGBA" else None)
        if caption:
            where = (left + image.width / 2, top + image.height + GAP // 2)
            pen.text(where, shorten(caption, self.font, image.width), INK, self.font, anchor="mt")
