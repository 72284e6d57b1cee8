import numpy as np
from PIL import Image

from impasto.analysis.figure import Row, picture_table


def colored(color, size=(60, 40)):
    return Image.new("RGB", size, color)


def test_every_picture_is_there_whole():
    colors = [(200, 0, 0), (0, 200, 0), (0, 0, 200), (200, 200, 0)]
    rows = [
        Row("one", [("", colored(colors[0])), ("", colored(colors[1]))]),
        Row("two ..\nthree", [("", colored(colors[2])), ("", colored(colors[3]))]),
    ]
    inputs = [("photo", colored((9, 99, 9))), ("painting", colored((99, 9, 99), (50, 40)))]
    sheet = np.asarray(picture_table(inputs, rows, ("a", "b")))
    for color in [*colors, (9, 99, 9)]:
        assert (sheet == color).all(axis=2).sum() == 60 * 40, color
    assert (sheet == (99, 9, 99)).all(axis=2).sum() == 50 * 40


def test_nothing_is_cut_off_at_the_edges():
    """The outermost pixels are paper, with every kind of text there is."""
    rows = [Row("a long label\nin two lines", [("a caption that is far too long", colored("red"))])]
    for inputs in ([], [("photo", colored("blue", (60, 200)))]):
        sheet = np.asarray(picture_table(inputs, rows, ("column",)))
        edges = (sheet[0], sheet[-1], sheet[:, 0], sheet[:, -1])
        assert all((edge == 255).all() for edge in edges)


def test_without_captions_no_room_is_left_for_them():
    with_caption = picture_table([], [Row("", [("name", colored("red"))])])
    without = picture_table([], [Row("", [("", colored("red"))])])
    assert without.height < with_caption.height
