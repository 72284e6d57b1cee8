import pytest
import torch

from impasto.losses.evenness import GAIN, contrast_excess
from support import noise_picture

FLAT = torch.full((1, 3, 64, 64), 0.5)


def test_the_photo_and_its_contrast_raised_are_even_enough():
    photo = noise_picture(64, 64)
    assert contrast_excess(photo, photo) == 0
    assert contrast_excess(GAIN * 0.99 * photo, photo) == 0
    assert contrast_excess(GAIN * 2 * photo, photo) > 0


def test_an_edge_in_a_flat_place_is_too_much():
    painted = torch.zeros_like(FLAT)
    painted[..., 32:] = 1
    squared = 3  # of the step from black to white
    found = float(contrast_excess(painted, FLAT))
    assert found == pytest.approx(squared / 7 + squared / 3 + squared, rel=1e-3)
    assert float(contrast_excess(painted.mT, FLAT)) == pytest.approx(found)
    assert contrast_excess(painted, painted) == 0


def test_strokes_are_free():
    fine = torch.zeros_like(FLAT)
    fine[..., ::4] = 1
    assert float(contrast_excess(fine, FLAT)) < 1e-6


def test_flat_and_small_pictures_have_gradients():
    for side in (16, 17, 40, 64):
        painted = torch.full((1, 3, side, side), 0.5, requires_grad=True)
        loss = contrast_excess(painted, noise_picture(side, side))
        loss.backward()
        assert torch.isfinite(painted.grad).all()
        assert loss == 0
