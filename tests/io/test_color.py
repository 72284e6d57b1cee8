import torch

from impasto.io.color import colors_of, match_colors, recolor, replace_luminance, to_luminance
from support import noise_picture


def test_luminance_is_gray_and_keeps_grays():
    gray = torch.full((1, 3, 4, 4), 0.4)
    assert torch.allclose(to_luminance(gray), gray, atol=1e-6)
    luminance = to_luminance(noise_picture(8, 8))
    assert torch.equal(luminance[:, 0], luminance[:, 2])


def test_replaced_luminance_comes_from_the_painting_and_color_from_the_photo():
    photo = noise_picture(8, 8, 1) * 0.4 + 0.3
    painting = noise_picture(8, 8, 2) * 0.2 + 0.4
    both = replace_luminance(photo, painting)
    assert torch.allclose(to_luminance(both), to_luminance(painting), atol=1e-5)
    assert torch.allclose(both - to_luminance(both), photo - to_luminance(photo), atol=1e-5)


def test_matched_colors_have_the_mean_and_covariance_of_the_reference():
    image = noise_picture(32, 32, 1) * 0.3 + 0.3
    reference = noise_picture(20, 30, 2) * 0.2 + 0.4
    matched = match_colors(image, reference)
    flat, other = matched[0].reshape(3, -1), reference[0].reshape(3, -1)
    assert torch.allclose(flat.mean(1), other.mean(1), atol=1e-3)
    assert torch.allclose(torch.cov(flat), torch.cov(other), atol=2e-4)


def test_a_flat_painting_can_be_matched():
    matched = match_colors(torch.full((1, 3, 4, 4), 0.5), noise_picture(8, 8))
    assert torch.isfinite(matched).all()


def charcoal(tint):
    """A drawing in grays with a faint noise in its colors, as scanners and JPEG leave it."""
    noise = tint * (noise_picture(64, 64, 4) - 0.5)
    return (to_luminance(noise_picture(64, 64, 3)) * 0.8 + 0.1 + noise).clamp(0, 1)


def tint_of(image):
    return float((image - to_luminance(image)).std(dim=(2, 3)).mean())


def test_the_faint_tint_of_a_drawing_does_not_become_speckles():
    drawing, photo = charcoal(0.03), noise_picture(64, 64, 5)
    assert 0.003 < tint_of(drawing) < 0.008
    assert tint_of(photo) > 0.1
    for found in (match_colors(drawing, photo), recolor(drawing, [photo], [1.0])):
        assert tint_of(found) < 3 * tint_of(drawing)
        assert to_luminance(found).std() > 0.1  # light and dark are matched all the same


def test_colors_that_are_no_noise_are_matched_in_full():
    drawing, photo = charcoal(0.1), noise_picture(64, 64, 5) * 0.3 + 0.35
    assert abs(tint_of(match_colors(drawing, photo)) / tint_of(photo) - 1) < 0.05


def colors(image):
    return image[0].reshape(3, -1).double()


def test_a_recolored_photo_has_the_colors_of_the_painting_and_is_not_cut_off():
    photo = noise_picture(32, 32, 1) * torch.tensor([0.2, 0.3, 0.1]).view(3, 1, 1) + 0.6
    painting = noise_picture(20, 30, 2) * 0.5 + 0.7
    moved = recolor(photo, [painting], [3.0])
    assert torch.allclose(colors(moved).mean(1), colors(painting).mean(1), atol=1e-6)
    wanted = torch.cov(colors(painting), correction=0)
    assert torch.allclose(torch.cov(colors(moved), correction=0), wanted, atol=1e-3)
    assert moved.max() > 1


def test_colors_that_are_right_already_stay():
    photo = noise_picture(32, 32, 1)
    assert torch.allclose(recolor(photo, [photo], [1.0]), photo, atol=1e-5)


def test_of_several_paintings_the_colors_are_mixed():
    photo, light, dark = noise_picture(8, 8, 1), noise_picture(8, 8, 2), noise_picture(8, 8, 3) / 4
    moved = recolor(photo, [light, dark], [1.0, 3.0])
    mean = 0.25 * colors(light).mean(1) + 0.75 * colors(dark).mean(1)
    assert torch.allclose(colors(moved).mean(1), mean, atol=1e-6)


def test_grays_stay_gray_and_flat_pictures_finite():
    gray, flat = to_luminance(noise_picture(8, 8)), torch.full((1, 3, 4, 4), 0.5)
    moved = recolor(to_luminance(noise_picture(9, 9, 4)), [gray], [1.0])
    assert torch.allclose(moved, to_luminance(moved), atol=1e-5)
    for photo, painting in ((flat, gray), (gray, flat), (flat, flat)):
        assert torch.isfinite(recolor(photo, [painting], [1.0])).all()


def test_the_colors_of_a_tall_picture_are_those_of_all_its_rows():
    image = noise_picture(600, 5, 1)
    found = colors_of(image)
    flat = colors(image)
    assert torch.allclose(found.mean[:, 0], flat.mean(1), atol=1e-9)
    ridge = 1e-5 * torch.eye(3, dtype=torch.double)
    assert torch.allclose(found.covariance, torch.cov(flat, correction=0) + ridge, atol=1e-9)


def test_chroma_is_the_deviation_of_what_is_not_gray():
    image = noise_picture(64, 64, 1)
    rest = colors(image - to_luminance(image))
    wanted = float(torch.cov(rest, correction=0).trace().sqrt())
    assert abs(colors_of(image).chroma - wanted) < 1e-4
    assert colors_of(to_luminance(image)).chroma < 0.01
