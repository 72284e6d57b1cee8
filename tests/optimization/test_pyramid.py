import pytest

from impasto.core.errors import ConfigError
from impasto.optimization.pyramid import plan


def test_sizes_double_and_steps_halve():
    scales = plan(300, 1024, 256, (10,))
    assert [(s.height, s.width, s.steps) for s in scales] == [
        (75, 256, 40),
        (150, 512, 20),
        (300, 1024, 10),
    ]
    assert scales[-1].deadline == 1.0
    assert scales[0].deadline < scales[1].deadline < 0.5


def test_the_coarsest_scale_is_as_near_as_halving_allows():
    assert [s.width for s in plan(300, 360, 256, (10,))] == [360]
    assert [s.width for s in plan(300, 510, 256, (10,))] == [255, 510]
    assert [s.width for s in plan(300, 512, 256, (10,))] == [256, 512]
    assert [s.width for s in plan(300, 512, 0, (10,))] == [512]


def test_a_side_never_vanishes():
    assert [s.height for s in plan(1, 1024, 256, (1,))] == [1, 1, 1]


def test_steps_may_be_given_per_scale():
    assert [s.steps for s in plan(300, 512, 256, (7, 0))] == [7, 0]
    with pytest.raises(ConfigError, match="has 2 scales"):
        plan(300, 512, 256, (7, 8, 9))
