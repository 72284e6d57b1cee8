import pytest
import torch

from impasto.io.color import colors_of, recolor, to_luminance
from impasto.losses.palette import (
    CELL,
    LUMINANCE,
    STEP,
    palette_distance,
    place_colors,
    wanted_colors,
)
from support import noise_picture

ONE = torch.ones(1)


def halves(left, right, side=64):
    picture = torch.tensor(left).view(1, 3, 1, 1).expand(1, 3, side, side).clone()
    picture[..., side // 2 :] = torch.tensor(right).view(1, 3, 1, 1)
    return picture


def test_the_photo_in_the_colors_of_the_painting_is_what_is_wanted():
    photo, painting = noise_picture(64, 64), noise_picture(48, 80, seed=1)
    wanted, share = wanted_colors(photo, colors_of(painting))
    assert share == 1
    moved = recolor(photo, [painting], (1.0,)).clamp(0, 1)
    assert float(palette_distance(moved, wanted, ONE)) == pytest.approx(0, abs=1e-9)


def test_the_painting_s_colors_at_the_wrong_places_are_far():
    photo = halves((0.8, 0.3, 0.2), (0.2, 0.3, 0.8))  # red, blue
    painting = halves((0.7, 0.4, 0.2), (0.2, 0.5, 0.6))  # orange, teal
    wanted, share = wanted_colors(photo, colors_of(painting))
    right = palette_distance(painting, wanted, share * ONE)
    wrong = palette_distance(painting.flip(3), wanted, share * ONE)
    assert right < 0.01 * wrong
    difference = painting - (1 - LUMINANCE) * to_luminance(painting)
    step = float((difference[0, :, 0, 0] - difference[0, :, 0, -1]).square().sum())
    cells = (64 - CELL) // STEP + 1  # the middle one has both colors
    assert float(wrong) == pytest.approx(step * (cells - 1) / cells, rel=0.05)


def test_luminance_counts_half_and_strokes_are_free():
    photo, painting = noise_picture(64, 64), noise_picture(64, 64, seed=1)
    wanted, _ = wanted_colors(photo, colors_of(painting))
    moved = recolor(photo, [painting], (1.0,)).clamp(0, 1)
    lighter = palette_distance(moved + 0.2, wanted, ONE)
    assert float(lighter) == pytest.approx(3 * (LUMINANCE * 0.2) ** 2, rel=1e-4)
    stripes = torch.zeros(1, 3, 64, 64)
    stripes[:, 0, ::2], stripes[:, 0, 1::2] = 0.1, -0.1
    assert float(palette_distance(moved + stripes, wanted, ONE)) == pytest.approx(0, abs=1e-9)


def test_a_gray_photo_says_nothing():
    gray = to_luminance(noise_picture(64, 64))
    wanted, share = wanted_colors(gray, colors_of(noise_picture(64, 64, seed=1)))
    assert share < 0.15
    assert torch.isfinite(wanted).all()
    assert palette_distance(noise_picture(64, 64), wanted, 0 * ONE) == 0


def test_what_is_no_number_stays_none():
    photo = noise_picture(32, 32)
    photo[0, 1, 5, 5] = torch.nan
    wanted, share = wanted_colors(photo, colors_of(noise_picture(32, 32, seed=1)))
    assert not torch.isfinite(palette_distance(noise_picture(32, 32), wanted, share * ONE))


def test_each_photo_counts_as_much_as_its_share():
    painted = torch.cat([noise_picture(32, 32, seed) for seed in (1, 2)])
    wanted = place_colors(noise_picture(32, 32, 3)).expand(2, -1, -1, -1)
    first, second = (palette_distance(painted[[number]], wanted[:1], ONE) for number in range(2))
    both = palette_distance(painted, wanted, torch.tensor([1.0, 0.5]))
    assert float(both) == pytest.approx(float(first + 0.5 * second) / 2, rel=1e-5)


def test_the_smallest_crops_and_flat_pictures_have_gradients():
    for side in (CELL, 17, 40):
        photo = torch.full((1, 3, side, side), 0.5)
        wanted, _ = wanted_colors(photo, colors_of(noise_picture(32, 32)))
        painted = photo.clone().requires_grad_()
        palette_distance(painted, wanted, ONE).backward()
        assert torch.isfinite(painted.grad).all()
