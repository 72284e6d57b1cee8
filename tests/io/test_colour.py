import torch

from conftest import noise_picture
from impasto.io.colour import match_colors, replace_luminance, to_luminance


def test_luminance_is_grey_and_keeps_greys():
    grey = torch.full((1, 3, 4, 4), 0.4)
    assert torch.allclose(to_luminance(grey), grey, atol=1e-6)
    luminance = to_luminance(noise_picture(8, 8))
    assert torch.equal(luminance[:, 0], luminance[:, 2])


def test_replaced_luminance_comes_from_the_painting_and_colour_from_the_photo():
    photo = noise_picture(8, 8, 1) * 0.4 + 0.3
    painting = noise_picture(8, 8, 2) * 0.2 + 0.4
    both = replace_luminance(photo, painting)
    assert torch.allclose(to_luminance(both), to_luminance(painting), atol=1e-5)
    assert torch.allclose(both - to_luminance(both), photo - to_luminance(photo), atol=1e-5)


def test_matched_colours_have_the_mean_and_covariance_of_the_reference():
    image = noise_picture(32, 32, 1) * 0.3 + 0.3
    reference = noise_picture(20, 30, 2) * 0.2 + 0.4
    matched = match_colors(image, reference)
    flat, other = matched[0].reshape(3, -1), reference[0].reshape(3, -1)
    assert torch.allclose(flat.mean(1), other.mean(1), atol=1e-3)
    assert torch.allclose(torch.cov(flat), torch.cov(other), atol=2e-4)


def test_a_flat_painting_can_be_matched():
    matched = match_colors(torch.full((1, 3, 4, 4), 0.5), noise_picture(8, 8))
    assert torch.isfinite(matched).all()
