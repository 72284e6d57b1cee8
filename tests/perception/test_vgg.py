import pytest
import torch

from impasto.core.errors import ConfigError
from impasto.perception.vgg import VGG16, VGG19


def test_sixteen_and_nineteen_count_their_convolutions():
    assert len(VGG16.convolutions) == 13
    assert len(VGG19.convolutions) == 16
    assert VGG16.shapes()["conv3_1.weight"] == (256, 128, 3, 3)
    assert VGG19.shapes()["conv5_4.bias"] == (512,)


@pytest.mark.parametrize("layer", ["conv6_1", "relu3_4", "pool1", "4_2", "relu4-2", ""])
def test_unknown_layers_name_the_known_ones(layer):
    with pytest.raises(ConfigError, match=r"conv1_1 \.\. conv5_3"):
        VGG16.split(layer)


def test_white_is_255_minus_the_mean_for_vgg16():
    white = VGG16.normalize(torch.ones(1, 3, 1, 1)).flatten()
    assert torch.allclose(white, 255 - torch.tensor([123.68, 116.779, 103.939]))


def test_mean_gray_is_zero_for_vgg19():
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    assert torch.allclose(VGG19.normalize(mean), torch.zeros(1, 3, 1, 1), atol=1e-6)
