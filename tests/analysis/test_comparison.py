"""The sheet and the plot of a comparison."""

import json
import sys

import numpy as np
import pytest

from impasto.analysis.comparison import GAP, MARGIN, Comparison, Entry
from impasto.analysis.metrics import Distances
from impasto.analysis.options import METHODS
from impasto.core.errors import MissingError
from impasto.io.image import to_pil
from support import noise_picture


def distances(loss):
    return Distances(
        content_distance=0.5,
        style_distance=0.25,
        style_layers={"relu1_1": 0.25},
        classic_loss=loss,
        fast_loss=loss / 10,
        lpips=0.4,
        coverage=0.2,
        coverage_median=0.3,
        total_variation=0.01,
    )


def comparison(count=6, size=(341, 512), title="one pass, one of 16 styles"):
    """Made-up results, the last of them of one pass."""
    entries = tuple(
        Entry(
            method=METHODS[number],
            title=title,
            seconds=100 / (number + 1),
            memory=10**9,
            steps=(60, 30) if number % 2 else (),
            distances=distances(1e6),
            curve=((2.0, 1e7), (9.0, 2e6), (100 / (number + 1), 1e6))[-1 - 2 * (number % 2) :],
            image=to_pil(noise_picture(*size, number)),
        )
        for number in range(count)
    )
    return Comparison(
        content="castle",
        style="starry-night",
        photo=to_pil(noise_picture(*size, 10)),
        painting=to_pil(noise_picture(300, 512, 11)),
        unpainted=distances(1e7),
        entries=entries,
        machine="a machine",
    )


@pytest.mark.parametrize("size", [(341, 512), (512, 341), (64, 64), (20, 300), (300, 20)])
@pytest.mark.parametrize("count", [1, 5, 6])
def test_everything_is_inside_the_margins(size, count):
    title = "a name that is much longer than any picture on this sheet could possibly be wide"
    pixels = np.asarray(comparison(count, size, title).sheet())
    inked = np.argwhere((pixels < 250).any(axis=2))
    (top, left), (bottom, right) = inked.min(0), inked.max(0)
    height, width = pixels.shape[:2]
    assert min(top, left) >= MARGIN - 2
    assert width - right >= MARGIN - 2
    assert height - bottom >= MARGIN
    assert abs((width - right) - left) <= GAP + 320  # the last picture may be a narrow one


def test_the_pictures_are_on_the_sheet():
    found = comparison(2, (100, 480))
    sheet = np.asarray(found.sheet()).astype(int)
    picture = np.asarray(found.entries[1].image).astype(int)
    rows, columns = picture.shape[:2]
    places = [
        (top, left)
        for top in range(sheet.shape[0] - rows)
        for left in range(MARGIN, sheet.shape[1] - columns, columns + GAP)
        if abs(sheet[top, left : left + columns] - picture[0]).max() == 0
    ]
    assert any(
        abs(sheet[top : top + rows, left : left + columns] - picture).max() == 0
        for top, left in places
    )


def test_the_plot_is_a_picture():
    plot = comparison().plot()
    assert plot.mode == "RGB"
    assert plot.width > 1000
    assert len(np.unique(np.asarray(plot.resize((100, 60))).reshape(-1, 3), axis=0)) > 10


def test_without_matplotlib_one_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingError, match=r"pip install 'impasto\[plots\]'"):
        comparison().plot()


def test_all_numbers_go_into_json():
    record = json.loads(json.dumps(comparison(2).to_dict()))
    assert record["width"] == 512
    assert record["unpainted"]["classic_loss"] == 1e7
    assert [entry["method"] for entry in record["entries"]] == ["paper", "optimize"]
    assert record["entries"][1]["curve"][-1] == [50.0, 1e6]
    assert "image" not in record["entries"][0]
