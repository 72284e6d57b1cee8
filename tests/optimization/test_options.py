import pytest

from impasto.core.errors import ConfigError
from impasto.optimization.options import PRESETS, OptimizeOptions, find_preset


@pytest.mark.parametrize(
    "bad",
    [
        {"size": 0},
        {"steps": (10, -1)},
        {"seconds": -1.0},
        {"style_weight": float("nan")},
        {"content_weight": float("inf")},
        {"style_scale": 0.0},
        {"style_weights": (0.0, 0.0)},
        {"style_layer_weights": (1.0, 2.0)},
        {"preview_every": 0},
        {"history": 0},
        {"content_layers": (), "style_layers": ()},
        {"size": 64.5},
        {"size": "64"},
        {"size": 10**9},
        {"steps": (10**12,)},
        {"seconds": 1e300},
        {"coarsest": 1},
        {"coarsest": 31},
        {"style_weight": 1e300},
        {"style_scale": 1e9},
        {"history": 10**6},
        {"seed": -1},
        {"seed": 2**64},
        {"loss": "gatys"},
        {"bits": 12},
        {"preserve_color": "yes"},
        {"memory": "9" * 400 + "GB"},
    ],
)
def test_what_cannot_work_is_refused_at_once(bad):
    with pytest.raises(ConfigError) as caught:
        OptimizeOptions(**bad)
    assert "\n" not in str(caught.value)


def test_presets_fill_in_only_what_is_not_given():
    resolved = OptimizeOptions(style_weight=3.0).resolved()
    preset = PRESETS["impasto", "content"]
    assert resolved.style_weight == 3.0
    assert resolved.steps == preset.steps
    assert resolved.style_layer_weights == preset.style_layer_weights
    assert resolved.resolved() == resolved


def test_own_layers_get_equal_weights():
    resolved = OptimizeOptions(style_layers=("relu2_1", "relu3_1")).resolved()
    assert resolved.style_layer_weights == (1.0, 1.0)


def test_every_loss_and_start_has_a_preset():
    for loss in ("impasto", "paper", "classic"):
        for init in ("content", "noise", "gray", "style", "file.png"):
            assert find_preset(loss, init)


def test_the_paper_preset_is_the_paper():
    paper = OptimizeOptions(loss="paper", init="noise").resolved()
    assert paper.content_layers == ("relu4_2",)
    assert paper.style_layers == ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
    assert paper.style_layer_weights == (1.0,) * 5
    assert paper.coarsest == 0
    assert paper.tv_weight == 0
