import pytest
import torch

from impasto.losses.smoothness import out_of_range, total_variation


def test_total_variation_of_flat_and_of_a_step():
    assert total_variation(torch.full((1, 3, 5, 5), 0.7)) == 0
    step = torch.zeros(1, 1, 2, 2)
    step[..., 1] = 1
    assert total_variation(step) == 1


def test_a_picture_of_one_pixel_has_no_variation():
    assert total_variation(torch.rand(1, 3, 1, 1)) == 0


def test_only_what_leaves_the_box_counts():
    assert out_of_range(torch.rand(1, 3, 4, 4)) == 0
    assert out_of_range(torch.tensor([2.0, -1.0])) == 1


@pytest.mark.parametrize("loss", [total_variation, out_of_range])
@pytest.mark.parametrize("shape", [(2, 3, 5, 4), (1, 3, 1, 6), (1, 3, 6, 1), (1, 3, 1, 1)])
def test_gradients_are_those_of_the_formulas(loss, shape):
    generator = torch.Generator().manual_seed(0)
    image = 3 * torch.rand(shape, generator=generator, dtype=torch.float64) - 1
    assert torch.autograd.gradcheck(loss, image.requires_grad_())
