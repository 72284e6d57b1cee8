import pytest
import torch

from impasto.core.errors import ModelFileError, ShapeError
from impasto.networks.any_style import (
    STATISTICS_LAYERS,
    AnyStyleNet,
    count_statistics,
    encode_style,
    start_from,
    style_statistics,
)
from impasto.networks.model_file import ModelInfo, load_any_style, load_model, read_info, save_model
from impasto.networks.transform import NetworkOptions, TransformNet
from impasto.perception.extractor import Extractor
from support import TINY, noise_picture, random_weights

NETWORK = NetworkOptions(stem="unshuffle", channels=(4, 6, 8), blocks=1, kernel=3)


pytestmark = pytest.mark.usefixtures("tiny_vgg")


@pytest.fixture
def extractor():
    return Extractor(random_weights(TINY), STATISTICS_LAYERS)


@pytest.fixture
def net():
    """A network whose predictor says something."""
    torch.manual_seed(0)
    net = AnyStyleNet(NETWORK)
    torch.nn.init.normal_(net.predictor.last.weight, std=0.1)
    return net


def test_statistics_are_means_and_deviations_of_every_channel(extractor):
    features = extractor(noise_picture(32, 48))
    statistics = style_statistics(features)
    assert statistics.shape == (1, count_statistics()) == (1, 2 * (4 + 6 + 8 + 10))
    first = features["relu1_1"][0].flatten(1)
    assert torch.allclose(statistics[0, :4], (1 + first.mean(1)).log())
    assert torch.allclose(statistics[0, 4:8], (1 + first.std(1, unbiased=False)).log())


@pytest.mark.parametrize("painting", [torch.rand(1, 3, 1, 1), torch.full((1, 3, 40, 60), 0.3)])
def test_a_pixel_and_a_flat_color_have_statistics(extractor, net, painting):
    statistics = encode_style(extractor, painting)
    assert torch.isfinite(statistics).all()
    assert torch.isfinite(net.with_styles(statistics)(noise_picture(20, 24))).all()


def test_a_larger_scale_sees_the_painting_enlarged(extractor):
    painting = noise_picture(48, 64)
    half = torch.nn.functional.interpolate(painting, scale_factor=0.5, mode="area")
    assert torch.equal(encode_style(extractor, painting), encode_style(extractor, painting, 1.0))
    assert not torch.allclose(encode_style(extractor, painting), encode_style(extractor, half, 0.5))


def test_a_network_with_styles_paints_as_the_whole_does(extractor, net):
    photos = torch.cat([noise_picture(20, 24, 1), noise_picture(20, 24, 2)])
    looks = torch.cat([encode_style(extractor, noise_picture(40, 40, seed)) for seed in (3, 4)])
    whole = net(photos, looks)
    ordinary = net.with_styles(looks)
    assert isinstance(ordinary, TransformNet)
    assert torch.allclose(ordinary(photos, torch.eye(2)), whole, atol=1e-6)
    assert not torch.allclose(whole, net(photos, looks.flip(0)), atol=1e-3)


def test_a_calibrated_predictor_knows_the_usual_range(net):
    assert not net.predictor.is_calibrated
    net.predictor.calibrate(torch.rand(20, count_statistics()) * 3 + 1)
    assert net.predictor.is_calibrated


def test_other_statistics_are_refused(net):
    with pytest.raises(ShapeError, match="statistics"):
        net(noise_picture(20, 20), torch.zeros(1, 7))


def test_it_starts_as_the_mean_of_a_trained_network(extractor):
    trained = TransformNet(
        NetworkOptions(stem="unshuffle", channels=(4, 6, 8), blocks=1, kernel=3, styles=2)
    )
    for name, parameter in trained.named_parameters():
        if ".norm." in name:
            torch.nn.init.normal_(parameter)
    net = AnyStyleNet(NETWORK)
    net.load_state_dict(start_from(trained.state_dict(), NETWORK))
    photo, look = noise_picture(20, 24), encode_style(extractor, noise_picture(30, 30))
    mean = trained(photo, torch.tensor([[0.5, 0.5]]))
    assert torch.allclose(net(photo, look), mean, atol=1e-5)


def test_a_file_keeps_it_and_says_what_it_is(tmp_path, extractor, net):
    path = tmp_path / "any.safetensors"
    save_model(path, net, ModelInfo(NETWORK, (), "any", any_style=True))
    assert read_info(path).any_style
    loaded, _ = load_any_style(path)
    photo, look = noise_picture(20, 24), encode_style(extractor, noise_picture(30, 30))
    assert torch.allclose(loaded(photo, look), net(photo, look), atol=0.02)
    with pytest.raises(ModelFileError, match="any painting it is shown"):
        load_model(path)


def test_a_network_for_certain_styles_is_not_one_for_any(wave):
    with pytest.raises(ModelFileError, match="certain styles"):
        load_any_style(wave)
