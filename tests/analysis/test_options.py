import itertools

import pytest

from impasto.analysis.options import ROWS, GridOptions, InspectOptions, ReconstructOptions
from impasto.core.errors import ConfigError


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"content_layers": ("relu1_1",), "style_layers": ("relu1_1",)}, "give one of them"),
        ({"all": True, "style_layers": ("relu1_1",)}, "give one of them"),
        ({"size": (640, 480)}, "--size 640x480 is for textures"),
        ({"size": 0}, "--size 0"),
        ({"size": (64, 0), "style_layers": ("relu1_1",)}, "--size"),
        ({"steps": (-1,)}, "--steps -1"),
        ({"style_scale": 0.0}, "--style-scale"),
        ({"tv_weight": float("nan")}, "--tv-weight"),
    ],
)
def test_a_reconstruction_that_cannot_work_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        ReconstructOptions(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ratios": (1e-3, 0.0)}, "--ratios 0: "),
        ({"ratios": (-1.0,)}, "--ratios -1: "),
        ({"ratios": (float("inf"),)}, "--ratios inf"),
        ({"ratios": ()}, "--ratios: give at least one"),
        ({"ratios": (1.0, 1.0)}, "twice"),
        ({"layers": ()}, "--layers: give at least one"),
        ({"layers": ("relu1_1", "+")}, "--layers: give at least one"),
        ({"layers": ("relu1_1", "relu1_1")}, "twice"),
        ({"size": 0}, "--size 0"),
    ],
)
def test_a_grid_that_cannot_work_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        GridOptions(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"show": ("maps", "grams")}, "maps, gram, pairs"),
        ({"show": ()}, "--show nothing"),
        ({"style_layers": ()}, "--style-layers"),
        ({"channels": 0}, "--channels 0"),
        ({"pairs": 0}, "--pairs 0"),
    ],
)
def test_a_look_that_cannot_work_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        InspectOptions(**options)


def test_rows_grow_by_one_layer_and_can_be_typed():
    subsets = GridOptions().subsets()
    assert [len(subset) for subset in subsets] == [1, 2, 3, 4, 5]
    assert all(set(one) < set(other) for one, other in itertools.pairwise(subsets))
    assert GridOptions(layers=("relu1_1 + relu3_1",)).subsets() == [("relu1_1", "relu3_1")]
    assert ROWS[1] == "relu1_1+relu2_1"
