import sys

import pytest
import torch

from impasto.analysis.metrics import (
    LPIPS_LAYERS,
    lpips,
    lpips_heads,
    structural_similarity,
)
from impasto.core.errors import MissingError
from support import noise_picture


def test_lpips_is_that_of_torchmetrics():
    """Of the same features: its own network is another training of VGG-16."""
    theirs = pytest.importorskip("torchmetrics.functional.image.lpips")
    heads = lpips_heads()
    generator = torch.Generator().manual_seed(0)
    expected, one, other = 0.0, {}, {}
    for layer, head in heads.items():
        shape = (2, head.numel(), 5, 7)
        one[layer], other[layer] = (torch.rand(shape, generator=generator) for _ in range(2))
        linear = theirs.NetLinLayer(head.numel())
        linear.model[0].weight.data = head.view(1, -1, 1, 1)
        unit = [theirs._normalize_tensor(features[layer]) for features in (one, other)]
        found = theirs._spatial_average(linear((unit[0] - unit[1]) ** 2), keep_dim=False)
        expected += float(found.detach().mean())
    assert float(lpips(one, other, heads)) == pytest.approx(expected, rel=1e-5)
    assert float(lpips(one, one, heads)) == 0


def test_the_heads_fit_the_channels_and_none_is_negative():
    heads = lpips_heads()
    assert [head.numel() for head in heads.values()] == [64, 128, 256, 512, 512]
    assert tuple(heads) == LPIPS_LAYERS
    assert all(float(head.min()) >= 0 for head in heads.values())


def test_without_torchmetrics_there_are_no_heads(monkeypatch):
    monkeypatch.setattr("impasto.analysis.metrics.find_spec", lambda _: None)
    assert lpips_heads.__wrapped__() is None


def test_ssim_of_a_picture_with_itself_is_one():
    picture = noise_picture(40, 50, 1)
    assert structural_similarity(picture, picture) == pytest.approx(1)
    near = structural_similarity((picture + 0.02).clamp(0, 1), picture)
    far = structural_similarity(noise_picture(40, 50, 2), picture)
    assert far < near < 1


def test_without_torchmetrics_one_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchmetrics.functional.image", None)
    picture = noise_picture(40, 50, 1)
    with pytest.raises(MissingError, match=r"pip install 'impasto\[measure\]'"):
        structural_similarity(picture, picture)
