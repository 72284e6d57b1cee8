import numpy as np
import pytest
from PIL import Image

from impasto.io.sheet import GAP, contact_sheet


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (9, 5), (16, 6)])
def test_the_grid_has_a_place_for_each(count, columns):
    colors = [(0, 20 * index % 250, 200) for index in range(count)]
    pictures = [(f"{index}", Image.new("RGB", (60, 40), c)) for index, c in enumerate(colors)]
    sheet = contact_sheet(pictures)
    assert sheet.width == GAP + columns * (60 + GAP)
    rows = -(-count // columns)
    cell = (sheet.height - GAP) // rows
    for index, color in enumerate(colors):
        left = GAP + index % columns * (60 + GAP)
        top = GAP + index // columns * cell
        corners = [(left, top), (left + 59, top + 39)]
        assert [sheet.getpixel(corner) for corner in corners] == [color, color]


def test_a_long_name_stays_below_its_picture():
    pictures = [("w" * 80, Image.new("RGB", (60, 40), "white"))] * 2
    dark = np.asarray(contact_sheet(pictures)).min(axis=(0, 2)) < 128
    assert dark[GAP : GAP + 60].any()
    assert not dark[:GAP].any()
    assert not dark[GAP + 61 : 2 * GAP + 59].any()


def test_transparent_pictures_lie_on_white():
    sheet = contact_sheet([("a", Image.new("RGBA", (60, 40), (0, 0, 0, 0)))])
    assert sheet.getpixel((GAP + 30, GAP + 20)) == (255, 255, 255)
