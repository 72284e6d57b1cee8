import numpy as np
import pytest
import torch

from impasto.core.errors import ShapeError
from impasto.losses.style import (
    gram_matrix,
    gram_sum,
    gram_sum_gradient,
    mix_grams,
    region_gram_sums,
    region_gram_sums_gradient,
    style_loss,
)


def test_gram_matrix_is_the_sum_over_positions():
    features = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    expected = torch.einsum("bihw,bjhw->bij", features, features) / (3 * 4 * 5)
    assert torch.allclose(gram_matrix(features), expected)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_gram_gradient_passes_gradcheck(layout):
    features = torch.randn(2, 3, 4, 5, dtype=torch.float64).to(memory_format=layout)
    assert torch.autograd.gradcheck(gram_matrix, (features.requires_grad_(),))


def test_the_layout_in_memory_changes_nothing():
    features = torch.randn(2, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    other = features.detach().to(memory_format=torch.channels_last).requires_grad_()
    weights = torch.randn(2, 3, 3, dtype=torch.float64)
    (gram_matrix(features) * weights).sum().backward()
    (gram_matrix(other) * weights).sum().backward()
    assert torch.allclose(gram_matrix(features), gram_matrix(other))
    assert torch.allclose(features.grad, other.grad)


def test_closed_form_gradient_through_relu_equals_autograd():
    """gatys2016: dE/dF_ij = 1/(N^2 M^2) * (F^T (G - A))_ji where F_ij > 0, else 0."""
    channels, positions = 6, 5 * 7
    raw = torch.randn(1, channels, 5, 7, dtype=torch.float64, requires_grad=True)
    features = raw.relu()
    target = gram_matrix(torch.randn(1, channels, 5, 7, dtype=torch.float64).relu())
    style_loss(gram_matrix(features), target).backward()

    flat = features.detach().reshape(channels, positions)
    gram, wanted = flat @ flat.T, target[0] * channels * positions
    closed = (flat.T @ (gram - wanted)).T / (channels**2 * positions**2)
    closed = torch.where(flat > 0, closed, torch.zeros((), dtype=torch.float64))
    assert torch.allclose(raw.grad.reshape(channels, positions), closed, rtol=1e-12, atol=1e-15)


def test_bfloat16_features_are_summed_in_float32():
    features = torch.rand(1, 8, 64, 64).bfloat16().requires_grad_()
    gram = gram_matrix(features)
    assert gram.dtype == torch.float32
    assert torch.allclose(gram, gram_matrix(features.detach().double()).float(), rtol=1e-4)
    gram.sum().backward()
    assert features.grad.dtype == torch.bfloat16


def test_other_dimensions_are_refused():
    with pytest.raises(ShapeError, match="B, C, H, W"):
        gram_matrix(torch.zeros(3, 4, 5))


def test_mixed_styles_pull_like_the_weighted_sum_of_their_losses():
    features = torch.randn(1, 4, 6, 6, dtype=torch.float64, requires_grad=True)
    first, second = (gram_matrix(torch.randn(1, 4, 6, 6, dtype=torch.float64)) for _ in range(2))
    gram = gram_matrix(features)
    separate = 0.75 * style_loss(gram, first) + 0.25 * style_loss(gram, second)
    (expected,) = torch.autograd.grad(separate, features, retain_graph=True)
    (mixed,) = torch.autograd.grad(style_loss(gram, mix_grams([first, second], [3, 1])), features)
    assert torch.allclose(mixed, expected)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("part", [slice(None), slice(1, 4)])
def test_the_gradient_of_a_gram_sum_is_autograds(layout, part):
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(1, 6, 5, 7, generator=generator, dtype=torch.float64)
    features = features.contiguous(memory_format=layout)[..., part, part].requires_grad_()
    slope = torch.randn(1, 6, 6, generator=generator, dtype=torch.float64)
    plain = torch.einsum("bihw,bjhw->bij", features, features)
    (expected,) = torch.autograd.grad((plain * slope).sum(), features)
    assert torch.allclose(gram_sum(features), plain)
    assert torch.allclose(gram_sum_gradient(features.detach(), slope), expected)


def test_region_grams_are_those_of_the_paper():
    """Guided Gram matrices (gatys2017): every place with its mask, by NumPy."""
    features = torch.randn(1, 5, 6, 7, generator=torch.Generator().manual_seed(0)).double()
    masks = torch.rand(3, 1, 6, 7, generator=torch.Generator().manual_seed(1)).double()
    found = region_gram_sums(features, masks).numpy()
    flat, weights = features[0].flatten(1).numpy(), masks.flatten(1).numpy()
    expected = np.einsum("cx,rx,dx->rcd", flat, weights, flat)
    assert found == pytest.approx(expected, rel=1e-12)
    split = torch.softmax(masks, 0)
    assert torch.allclose(region_gram_sums(features, split).sum(0), gram_sum(features)[0])


def test_their_gradient_is_exact():
    features = torch.randn(1, 4, 5, 3, dtype=torch.float64, requires_grad=True)
    masks = torch.rand(2, 1, 5, 3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda each: region_gram_sums(each, masks), features)
    gradient = torch.randn(2, 4, 4, dtype=torch.float64)
    torch.autograd.backward((region_gram_sums(features, masks) * gradient).sum())
    assert torch.allclose(
        region_gram_sums_gradient(features.detach(), masks, gradient), features.grad
    )
