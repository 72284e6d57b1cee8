"""A contact sheet: small pictures in a grid, each with its name below."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

GAP = 12
"""Pixels between the pictures, and around them."""

TEXT_SHARE = 14
"""A name is written as high as this fraction of a cell's width, within LETTERS."""

LETTERS = (11, 28)


def contact_sheet(pictures: Sequence[tuple[str, Image.Image]]) -> Image.Image:
    """Return one RGB picture of all, in a grid about twice as wide as high.

    Args:
        pictures: names and pictures, at least one, all of one size. Transparent ones are laid on
            white. A name too long for its picture is cut short.
    """
    width, height = pictures[0][1].size
    letters = min(max(width // TEXT_SHARE, LETTERS[0]), LETTERS[1])
    font = ImageFont.load_default(letters)
    cell_height = height + letters + GAP
    columns = min(len(pictures), math.ceil(math.sqrt(2 * len(pictures) * cell_height / width)))
    rows = math.ceil(len(pictures) / columns)
    size = GAP + columns * (width + GAP), GAP + rows * (cell_height + GAP)
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    for index, (name, picture) in enumerate(pictures):
        left = GAP + index % columns * (width + GAP)
        top = GAP + index // columns * (cell_height + GAP)
        sheet.paste(picture, (left, top), picture if picture.mode == "RGBA" else None)
        label = shorten(name, font, width)
        draw.text((left + width / 2, top + height + GAP // 2), label, "black", font, anchor="mt")
    return sheet


def shorten(name: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, width: int) -> str:
    """Return the name, or as much of its start as fits into `width` pixels."""
    shown = name
    while len(shown) > 1 and font.getlength(shown) > width:
        shown = shown[:-2].rstrip() + "…"
    return shown
