from impasto.core.options import changed, restore
from impasto.optimization.options import OptimizeOptions


def test_changed_names_what_differs_from_the_defaults():
    assert changed(OptimizeOptions(size=300, seed=0)) == {"size": 300}


def test_restored_options_are_what_was_stored():
    options = OptimizeOptions(size=300, steps=(4, 2))
    stored = {**vars(options), "steps": [4, 2], "brush": "of another version"}
    assert restore(OptimizeOptions, stored) == options
