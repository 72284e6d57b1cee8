import pytest
import torch

from impasto.core.errors import ShapeError
from impasto.core.tensors import (
    check_picture,
    cover,
    fit_long_side,
    resize,
    round_to_bits,
    wrap_around,
)
from support import noise_picture


@pytest.mark.parametrize("shape", [(3, 4, 4), (1, 1, 4, 4), (1, 4, 4, 4), (1, 3, 0, 4)])
def test_other_shapes_than_pictures_are_refused(shape):
    with pytest.raises(ShapeError, match=r"\(B, 3, H, W\)"):
        check_picture(torch.zeros(shape))


def test_integers_are_refused():
    with pytest.raises(ShapeError, match="floating point"):
        check_picture(torch.zeros(1, 3, 4, 4, dtype=torch.uint8))


def test_resize_keeps_a_flat_picture_flat():
    flat = torch.full((1, 3, 37, 53), 0.3)
    assert torch.allclose(resize(flat, 11, 90), torch.tensor(0.3), atol=1e-6)


def test_shrinking_does_not_alias():
    stripes = torch.zeros(1, 3, 64, 64)
    stripes[..., ::2] = 1
    assert torch.allclose(resize(stripes, 16, 16)[..., 2:-2], torch.tensor(0.5), atol=0.02)


def test_sizes_keep_their_shape_and_never_vanish():
    assert fit_long_side(600, 800, 400) == (300, 400)
    assert fit_long_side(800, 600, 400) == (400, 300)
    assert fit_long_side(1, 100_000, 100) == (1, 100)


def test_cover_crops_the_middle_without_squashing():
    wide = torch.zeros(1, 3, 10, 30)
    wide[..., 10:20] = 1
    assert torch.equal(cover(wide, 10, 10), torch.ones(1, 3, 10, 10))


def test_eight_bits_are_what_a_file_holds():
    rounded = round_to_bits(torch.tensor([-1.0, 0.5, 2.0]))
    assert torch.equal(rounded * 255, torch.tensor([0.0, 128.0, 255.0]))


def test_a_wrapped_picture_goes_on_at_its_other_side():
    image = torch.arange(24.0).view(1, 1, 4, 6)
    wide = wrap_around(image, "x", 2)
    assert wide.shape == (1, 1, 4, 10)
    assert wide[0, 0, 0].tolist() == [4, 5, 0, 1, 2, 3, 4, 5, 0, 1]
    assert wrap_around(image, "both", 2).shape == (1, 1, 8, 10)
    assert wrap_around(image, "none", 2) is image


@pytest.mark.parametrize(("wrap", "axis"), [("x", 3), ("y", 2)])
def test_a_wrapped_picture_is_resized_across_its_border(wrap, axis):
    """Wherever a periodic picture begins, the same comes out, begun elsewhere."""
    image = noise_picture(24, 20)
    larger = resize(image, 48, 40, wrap)
    begun_elsewhere = resize(image.roll(7, axis), 48, 40, wrap)
    assert torch.allclose(begun_elsewhere, larger.roll(14, axis), atol=1e-5)
    plain = resize(image.roll(7, axis), 48, 40)
    assert not torch.allclose(plain, resize(image, 48, 40).roll(14, axis), atol=1e-2)
