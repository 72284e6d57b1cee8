from impasto.core.options import changed
from impasto.optimization.options import OptimizeOptions


def test_changed_names_what_differs_from_the_defaults():
    assert changed(OptimizeOptions(size=300, seed=0)) == {"size": 300}
