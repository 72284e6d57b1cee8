import pytest
import torch

from impasto.core.errors import ConfigError
from impasto.networks.feed_forward import GRADIENTS, gradient, mask, weights_by_place


@pytest.mark.parametrize("name", GRADIENTS)
def test_a_gradient_goes_from_the_first_to_the_second(name):
    share = gradient(name)[0, 0]
    ends = {
        "left": share[:, 0],
        "right": share[:, -1],
        "top": share[0],
        "bottom": share[-1],
    }
    start, end = name.split(":")
    assert ends[start].max() == 0
    assert ends[end].min() == 1


def test_a_mask_is_stretched_to_its_full_range():
    picture = torch.full((1, 3, 4, 6), 0.4)
    picture[..., 3:] = 0.6
    share = mask(picture)
    assert share[..., :3].max() == 0
    assert share[..., 3:].min() == 1


def test_a_mask_without_contrast_is_refused():
    with pytest.raises(ConfigError, match="no contrast"):
        mask(torch.full((1, 3, 4, 6), 0.4))


def test_weights_add_up_to_one_everywhere():
    weights = weights_by_place(gradient("left:right"), (3, 1), 4)
    assert weights.shape == (1, 4, 1, 256)
    assert torch.allclose(weights.sum(1), torch.ones(1, 1, 256))
    assert weights[0, 3, 0, 0] == 1
    assert weights[0, 1, 0, -1] == 1
    assert weights[0, (0, 2)].abs().max() == 0


@pytest.mark.parametrize("chosen", [(0,), (0, 1, 2)])
def test_a_map_needs_two_styles(chosen):
    with pytest.raises(ConfigError, match="two styles"):
        weights_by_place(gradient("left:right"), chosen, 4)
    with pytest.raises(ConfigError, match="left:right"):
        gradient("middle:out")
