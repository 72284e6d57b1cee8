import sys

import numpy as np
import pytest
import torch

from impasto.analysis.features import encode
from impasto.analysis.options import InspectOptions
from impasto.analysis.plots import draw, find_figure, spotlight
from impasto.core.errors import MissingError
from support import noise_picture


@pytest.fixture
def activations(tiny):
    return encode(noise_picture(48, 64), tiny, InspectOptions(layer="relu3_1", size=64))


@pytest.mark.parametrize("part", ["maps", "gram", "pairs"])
def test_every_part_is_drawn_and_nothing_is_clipped(activations, part):
    drawn = np.asarray(draw(activations, "relu3_1", (part,)))
    assert drawn.std() > 20
    edges = (drawn[0], drawn[-1], drawn[:, 0], drawn[:, -1])
    assert all((edge == 255).all() for edge in edges)


def test_parts_stand_one_below_the_other(activations):
    alone = [draw(activations, "relu3_1", (part,)) for part in ("maps", "pairs")]
    both = draw(activations, "relu3_1", ("maps", "pairs"))
    assert both.height == sum(image.height for image in alone)


def test_a_black_picture_with_no_answers_is_drawn(tiny):
    dead = {name: torch.zeros_like(value) for name, value in tiny.items()}
    activations = encode(torch.zeros(1, 3, 32, 32), dead, InspectOptions(size=32))
    assert draw(activations, "relu3_1", ("maps", "gram", "pairs")).width == 1500


def test_the_spotlight_keeps_colors_where_it_shines():
    image = torch.zeros(1, 3, 8, 8)
    image[:, 0] = 1.0
    where = torch.zeros(8, 8)
    where[:, :4] = 5.0
    lit = spotlight(image, where)
    assert torch.allclose(lit[..., :3], image[..., :3])
    assert torch.allclose(lit[0, 0, :, 6], lit[0, 1, :, 6])  # gray


def test_missing_matplotlib_is_one_line_with_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingError, match=r"pip install 'impasto\[plots\]'"):
        find_figure()
