import pytest

from impasto.analysis.grid import RATIOS, cells_of, ratio_label
from impasto.analysis.options import GridOptions
from impasto.core.errors import ConfigError


def test_cells_are_layer_subsets_by_ratios():
    cells = cells_of(GridOptions(layers=("relu1_1", "relu1_1+relu2_1"), ratios=(1e-3, 0.5)))
    assert [(cell.row, cell.column) for cell in cells] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    last = cells[-1]
    assert last.name == "relu1_1+relu2_1_0.5"
    assert last.options.content_weight / last.options.style_weight == pytest.approx(0.5)
    assert last.options.style_layers == ("relu1_1", "relu2_1")
    assert len({cell.name for cell in cells}) == 4


@pytest.mark.parametrize("loss", ["paper", "impasto"])
def test_the_presets_rise_from_left_to_right(loss):
    assert list(RATIOS[loss]) == sorted(RATIOS[loss])
    assert len(cells_of(GridOptions(loss=loss))) == 5 * len(RATIOS[loss])


def test_unknown_layers_are_refused():
    with pytest.raises(ConfigError, match="did you mean relu2_1"):
        cells_of(GridOptions(layers=("relu1_1+relu21",)))
    with pytest.raises(ConfigError, match="--content-layers"):
        cells_of(GridOptions(content_layers=()))


def test_labels_of_near_ratios_differ():
    assert ratio_label(0.011) != ratio_label(0.012)
    assert ratio_label(1e-4) == "1e-4"
