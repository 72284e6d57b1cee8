import torch

from impasto.core.tensors import resize
from impasto.io.guided import enlarge
from support import noise_picture


def test_the_photo_itself_comes_back_sharper_than_by_enlarging():
    photo = noise_picture(90, 120)
    photo[..., :, 60:] *= 0.3
    small = resize(photo, 30, 40)
    guided, plain = enlarge(small, photo), resize(small, 90, 120)
    assert guided.shape == photo.shape
    assert (guided - photo).abs().mean() < 0.9 * (plain - photo).abs().mean()


def test_where_the_photo_is_flat_nothing_is_added():
    painted = noise_picture(20, 30)
    flat = torch.full((1, 3, 60, 90), 0.5)
    assert torch.allclose(enlarge(painted, flat), resize(painted, 60, 90), atol=1e-5)


def test_across_a_border_that_meets_the_other_one_goes_on():
    painted, photo = noise_picture(40, 48), noise_picture(80, 96)
    found = enlarge(painted, photo, "both")
    begun_elsewhere = enlarge(painted.roll((9, 20), (2, 3)), photo.roll((18, 40), (2, 3)), "both")
    assert torch.allclose(begun_elsewhere, found.roll((18, 40), (2, 3)), atol=1e-5)


def test_any_size_stays_in_range():
    for size in ((1, 1), (3, 200), (64, 64)):
        found = enlarge(noise_picture(1, 2), noise_picture(*size))
        assert found.shape[-2:] == size
        assert 0 <= found.min() <= found.max() <= 1
