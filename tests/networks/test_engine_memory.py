import pytest
import torch

from impasto.core.errors import ResourceError
from impasto.networks import engines
from impasto.networks.engines import TorchEngine, budget, needs_strips
from impasto.networks.model_file import load_model
from impasto.networks.registry import NETWORKS
from support import noise_picture

SMALL = NETWORKS["small"]


@pytest.mark.parametrize(
    ("side", "allowed", "strips"),
    [(512, None, False), (2000, None, True), (1500, "2GB", False), (1500, "700MB", True)],
)
def test_large_pictures_and_those_that_would_not_fit_are_cut(side, allowed, strips, monkeypatch):
    monkeypatch.setattr(engines, "available_memory", lambda: 8e9)
    assert needs_strips(side, side, SMALL, "bfloat16", memory=allowed) is strips


def test_twelve_megapixels_fit_into_two_gigabytes_and_hundred_do_not():
    assert needs_strips(3000, 4000, SMALL, "bfloat16", memory="2GB")
    with pytest.raises(ResourceError, match=r"11600x8700 pixels need .* --size \d+"):
        needs_strips(8700, 11600, SMALL, "bfloat16", memory="2GB")


def test_the_size_that_is_advised_fits():
    with pytest.raises(ResourceError) as caught:
        needs_strips(8700, 11600, SMALL, "bfloat16", memory="2GB")
    size = int(str(caught.value).rsplit(maxsplit=1)[1])
    assert needs_strips(size * 87 // 116, size, SMALL, "bfloat16", memory="2GB")


def test_without_a_word_it_is_a_share_of_what_is_free(monkeypatch):
    monkeypatch.setattr(engines, "available_memory", lambda: 1e9)
    assert budget(None) == 0.7e9
    assert budget("1.5GB") == 1.5e9


def test_strips_are_the_same_picture(wave):
    net, _ = load_model(wave)
    image = noise_picture(160, 210)
    whole = TorchEngine(net, "cpu", "float32").run(image, None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "WHOLE", {"float32": 1e9})
        strips = TorchEngine(net, "cpu", "float32", "900MB").run(image, None)
    assert not torch.equal(whole, strips)
    assert (whole - strips).abs().max() < 1 / 255
