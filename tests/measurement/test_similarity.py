import sys

import pytest
import torch

from conftest import noise_picture
from impasto.core.errors import MissingError
from impasto.measurement.similarity import (
    PERCEPTUAL_LAYERS,
    perceptual_distance,
    structural_similarity,
)


def features(*channels):
    """The same few channels in all layers, everywhere."""
    values = torch.tensor(channels).view(1, -1, 1, 1).expand(1, -1, 4, 4)
    return dict.fromkeys(PERCEPTUAL_LAYERS, values)


def test_the_perceptual_distance_is_an_angle():
    one, other = features(1.0, 0.0), features(0.0, 2.0)
    assert float(perceptual_distance(one, one)) == pytest.approx(0, abs=1e-6)
    assert float(perceptual_distance(one, features(5.0, 0.0))) == pytest.approx(0, abs=1e-6)
    assert float(perceptual_distance(one, other)) == pytest.approx(1)
    assert float(perceptual_distance(one, features(1.0, 1.0))) == pytest.approx(1 - 0.5**0.5)


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
