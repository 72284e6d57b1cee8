import pytest
import torch

from impasto.analysis.features import (
    correlations,
    encode,
    strongest_channels,
    strongest_pairs,
)
from impasto.analysis.options import InspectOptions
from impasto.core.errors import ConfigError, ShapeError
from impasto.losses.style import gram_matrix
from support import noise_picture

MAPS = torch.tensor([[3.0, 0.0, 0.0], [3.0, 1.0, 0.0], [0.0, 2.0, 2.0], [0.0, 0.0, 1.0]])
"""Four channels at three places. F F^T by hand:
   9  9  0  0
   9 10  2  0
   0  2  8  2
   0  0  2  1"""
GRAM = torch.tensor([[9.0, 9, 0, 0], [9, 10, 2, 0], [0, 2, 8, 2], [0, 0, 2, 1]])


def test_the_gram_matrix_is_the_one_computed_by_hand():
    gram = gram_matrix(MAPS.view(1, 4, 1, 3))[0]
    assert torch.equal(gram * 12, GRAM)
    assert torch.equal(gram, gram.T)


def test_pairs_are_those_found_by_hand():
    first, second = strongest_pairs(GRAM, 5)
    assert (first.first, first.second, first.gram) == (0, 1, 9.0)
    assert first.correlation == pytest.approx(9 / (9 * 10) ** 0.5)
    assert (second.first, second.second) == (2, 3)  # 1 with 2 is as strong, but 1 is named already
    assert second.correlation == pytest.approx(2 / 8**0.5)
    assert len(strongest_pairs(GRAM, 1)) == 1


def test_pairs_are_symmetric():
    """Renumbering the channels renumbers the pairs and changes nothing else."""
    order = [3, 1, 0, 2]
    renamed = strongest_pairs(GRAM[order][:, order], 5)
    pairs = {frozenset((order[pair.first], order[pair.second])) for pair in renamed}
    assert pairs == {frozenset((0, 1)), frozenset((2, 3))}
    together = correlations(GRAM)
    assert torch.equal(together, together.T)
    assert torch.allclose(together.diagonal(), torch.ones(4))


def test_channels_are_ordered_by_their_share_of_the_energy():
    found = strongest_channels(GRAM, 3)
    assert [channel.channel for channel in found] == [1, 0, 2]
    assert found[0].share == pytest.approx(10 / 28)


def test_nothing_that_fires_gives_no_pairs_and_no_nan():
    assert strongest_pairs(torch.zeros(4, 4), 3) == ()
    assert strongest_channels(torch.zeros(4, 4), 1)[0].share == 0
    assert not correlations(torch.zeros(4, 4)).isnan().any()


def test_features_have_the_pictures_shape_without_its_margin(tiny):
    activations = encode(
        noise_picture(48, 96), tiny, InspectOptions(layer="relu3_1", size=96, channels=3)
    )
    assert activations.features.shape[-2:] == (12, 24)
    assert len(activations.channels) == 3
    assert activations.grams["relu2_1"].shape == (6, 6)


def test_no_channel_answers_to_the_frame(weights):
    """On a flat picture every feature is the same everywhere; with zeros around it, it is not."""
    flat = torch.full((1, 3, 64, 64), 0.4)
    activations = encode(flat, weights, InspectOptions(layer="relu4_1", size=64, show=("maps",)))
    spread = activations.features.std(dim=(1, 2))
    assert spread.max() < 1e-3 * activations.features.max()


def test_a_picture_of_one_pixel_is_enlarged_and_a_line_refused(tiny):
    options = InspectOptions(layer="relu3_1", size=64)
    assert encode(noise_picture(1, 1), tiny, options).features.shape[-2:] == (16, 16)
    with pytest.raises(ShapeError, match="too small for"):
        encode(noise_picture(1, 300), tiny, options)


def test_an_unknown_layer_is_refused(tiny):
    with pytest.raises(ConfigError, match="did you mean relu3_1"):
        encode(noise_picture(32, 32), tiny, InspectOptions(layer="relu3-1"))
