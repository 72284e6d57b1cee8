from dataclasses import replace

import pytest
import torch

from impasto.core.stopping import UnwantedError, ends_when
from impasto.networks import strips
from impasto.networks.registry import NETWORKS
from impasto.networks.strips import StripRunner
from impasto.networks.transform import NetworkOptions
from support import noise_picture, random_net


@pytest.mark.parametrize("name", ["johnson", "small"])
@pytest.mark.parametrize("size", [(64, 64), (77, 130), (131, 50), (16, 16)])
def test_strips_give_the_picture_of_the_whole(monkeypatch, name, size):
    monkeypatch.setattr(strips, "STRIP_PIXELS", 900)
    net, image = random_net(NETWORKS[name]), noise_picture(*size)
    found = StripRunner(net, None, torch.float32).run(image)
    assert found.shape == image.shape
    assert (found - net(image)).abs().max() < 1 / 255


def test_styles_are_blended_as_in_the_whole(monkeypatch):
    monkeypatch.setattr(strips, "STRIP_PIXELS", 500)
    options = NetworkOptions(channels=(4, 6, 8), blocks=2, kernel=3, output="linear")
    net, image = random_net(replace(options, styles=3)), noise_picture(60, 44)
    style = torch.tensor([[0.2, 0.5, 0.3]])
    found = StripRunner(net, style, torch.float32).run(image)
    assert (found - net(image, style)).abs().max() < 0.01


def test_work_that_nobody_wants_ends_with_the_strip(monkeypatch):
    monkeypatch.setattr(strips, "STRIP_PIXELS", 400)
    asked = []

    def is_unwanted():
        asked.append(True)
        return len(asked) == 5

    runner = StripRunner(random_net(NETWORKS["small"]), None, torch.float32)
    with pytest.raises(UnwantedError), ends_when(is_unwanted):
        runner.run(noise_picture(40, 50, 1))
    assert len(asked) == 5
    assert runner.run(noise_picture(40, 50, 1)).shape == (1, 3, 40, 50)
