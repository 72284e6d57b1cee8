import pytest
import torch

from impasto import assets
from impasto.core.errors import ConfigError, ShapeError
from impasto.io.image import read_picture
from impasto.perception.extractor import Extractor
from impasto.perception.vgg import VGG19
from support import TINY, noise_picture, random_weights


@pytest.fixture
def tiny_weights():
    return random_weights(TINY)


def test_relu_is_the_rectified_conv(tiny_weights):
    extractor = Extractor(tiny_weights, ["conv4_2", "relu4_2"], topology=TINY)
    found = extractor(noise_picture(33, 47))
    assert torch.equal(found["conv4_2"].relu(), found["relu4_2"])
    assert (found["conv4_2"] < 0).any()


def test_it_runs_only_as_deep_as_needed(tiny_weights):
    shallow = {name: w for name, w in tiny_weights.items() if name < "conv3_2"}
    extractor = Extractor(shallow, ["relu2_1", "conv3_1"], topology=TINY)
    assert extractor.convolutions[-1] == "conv3_1"
    assert extractor(noise_picture(32, 32))["conv3_1"].shape == (1, 8, 8, 8)
    with pytest.raises(ConfigError, match=r"conv3_2\.weight is missing"):
        Extractor(shallow, ["relu4_1"], topology=TINY)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (17, 31), (50, 16)])
def test_odd_sizes_halve_downwards(tiny_weights, height, width):
    found = Extractor(tiny_weights, ["relu5_1"], topology=TINY)(noise_picture(height, width))
    assert found["relu5_1"].shape == (1, 10, height // 16, width // 16)


def test_too_small_says_what_is_needed(tiny_weights):
    with pytest.raises(ShapeError, match="needs 16 pixels"):
        Extractor(tiny_weights, ["relu5_1"], topology=TINY)(noise_picture(15, 40))


def test_average_pooling_keeps_the_magnitude(weights):
    picture = read_picture(assets.find("castle")).image[..., 100:356, 100:356]
    layers = ["relu2_1", "relu3_1", "relu4_1", "relu5_1"]
    maximum, average = (
        Extractor(weights, layers, pooling=pooling)(picture) for pooling in ("max", "average")
    )
    for layer in layers:
        ratio = average[layer].square().mean().sqrt() / maximum[layer].square().mean().sqrt()
        assert 0.7 < float(ratio) < 1.4, layer


def test_replicated_borders_see_no_frame():
    """A flat picture has flat first features up to its edge."""
    weights = random_weights(TINY)
    flat = torch.full((1, 3, 32, 32), 0.9)
    replicate = Extractor(weights, ["conv1_1"], topology=TINY)(flat)["conv1_1"]
    zeros = Extractor(weights, ["conv1_1"], topology=TINY, border="zeros")(flat)["conv1_1"]
    assert torch.allclose(replicate, replicate[..., :1, :1].expand_as(replicate), atol=1e-3)
    assert not torch.allclose(zeros[..., 0, :], zeros[..., 16, :], atol=1e-3)
    assert torch.allclose(zeros[..., 5, 5], replicate[..., 5, 5], atol=1e-3)


def test_bfloat16_is_close_to_float32(weights):
    picture = noise_picture(64, 64)
    exact = Extractor(weights, ["relu4_2"])(picture)["relu4_2"]
    rough = Extractor(weights, ["relu4_2"], dtype=torch.bfloat16)(picture)["relu4_2"]
    assert rough.dtype == torch.bfloat16
    assert float((rough.float() - exact).square().sum() / exact.square().sum()) < 1e-3


def test_vgg19_runs_on_random_weights():
    found = Extractor(random_weights(VGG19), ["relu3_4", "relu5_4"], topology=VGG19)(
        noise_picture(32, 32)
    )
    assert found["relu3_4"].shape == (1, 256, 8, 8)
    assert torch.isfinite(found["relu5_4"]).all()


def test_no_layers_is_refused(tiny_weights):
    with pytest.raises(ConfigError, match="at least one layer"):
        Extractor(tiny_weights, [], topology=TINY)


def test_the_real_network_tells_castle_from_wave(weights):
    """Two crops of one photo are nearer to each other in a deep layer than to a painting."""
    extractor = Extractor(weights, ["relu5_3"])
    castle = read_picture(assets.find("castle")).image
    wave = read_picture(assets.find("great-wave")).image[..., :400, :400]
    left, right = castle[..., 100:500, 200:600], castle[..., 100:500, 260:660]
    codes = [extractor(x)["relu5_3"].mean((2, 3)) for x in (left, right, wave)]
    near, far = ((codes[0] - other).norm() for other in codes[1:])
    assert near < 0.5 * far
