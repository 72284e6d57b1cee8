import pytest
import torch

from impasto.losses.evenness import GAIN, contrast_excess, lattice
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


def test_a_pattern_that_repeats_with_the_grid_is_a_lattice():
    lines = torch.zeros_like(FLAT)
    lines[..., ::4] = 1
    assert float(lattice(lines, FLAT)) == pytest.approx(3 / 16)  # the variance of 1, 0, 0, 0
    board = (torch.arange(64)[:, None] + torch.arange(64)) % 2 * torch.ones_like(FLAT)
    assert float(lattice(board, FLAT)) == pytest.approx(1 / 4)
    shifted = lines.roll(1, 3)
    assert float(lattice(shifted, FLAT)) == pytest.approx(3 / 16)


def test_strokes_at_any_place_are_none():
    strokes = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert float(lattice(strokes, FLAT)) == pytest.approx(15 / 16 / 64, rel=0.3)  # a mean of 64
    others = torch.zeros_like(FLAT)
    others[..., ::5] = 1
    assert float(lattice(others, FLAT)) < 0.01
    assert lattice(FLAT, FLAT) == 0


def test_where_the_photo_is_busy_nothing_is_asked():
    lines = torch.zeros_like(FLAT)
    lines[..., ::4] = 1
    assert float(lattice(lines, noise_picture(64, 64))) < 1e-3
    assert lattice(lines[..., :31, :], FLAT[..., :31, :]) == 0, "smaller than a square"


def test_a_lattice_has_a_gradient_that_takes_it_away():
    painted = torch.rand(2, 3, 70, 65, dtype=torch.float64, requires_grad=True)
    photos = torch.full_like(painted, 0.5)
    assert torch.autograd.gradcheck(lambda image: lattice(image, photos), painted[:, :, :33, :33])
