import pytest
import torch

from impasto.core.errors import ShapeError
from impasto.networks.transform import ConditionalInstanceNorm


@pytest.fixture
def norm():
    torch.manual_seed(0)
    norm = ConditionalInstanceNorm(3, 5).requires_grad_(False)
    norm.weight.normal_()
    norm.bias.normal_()
    return norm


X = torch.randn(2, 5, 6, 7, generator=torch.Generator().manual_seed(1)) * 4 + 2


def one(index):
    return torch.eye(3)[index : index + 1]


def test_a_style_sets_deviation_and_mean(norm):
    y = norm(X, one(2))
    assert torch.allclose(y.mean((2, 3)), norm.bias[2].expand(2, 5), atol=1e-5)
    deviation = y.std((2, 3), unbiased=False)
    assert torch.allclose(deviation, norm.weight[2].abs().expand(2, 5), atol=1e-3)


def test_without_a_style_it_is_the_first(norm):
    assert torch.allclose(norm(X), norm(X, one(0)), atol=1e-6)


def test_a_blend_lies_between_its_styles(norm):
    blend = norm(X, torch.tensor([[0.25, 0.0, 0.75]]))
    assert torch.allclose(blend, 0.25 * norm(X, one(0)) + 0.75 * norm(X, one(2)), atol=1e-5)


def test_every_picture_of_a_batch_can_have_its_own(norm):
    y = norm(X, torch.cat([one(1), one(2)]))
    assert torch.allclose(y[:1], norm(X[:1], one(1)), atol=1e-6)
    assert torch.allclose(y[1:], norm(X[1:], one(2)), atol=1e-6)


def test_styles_can_differ_from_place_to_place(norm):
    halves = torch.zeros(1, 3, 1, 7)
    halves[:, 0, :, :3] = 1
    halves[:, 1, :, 3:] = 1
    y = norm(X, halves)
    assert torch.allclose(y[..., :3], norm(X, one(0))[..., :3], atol=1e-6)
    assert torch.allclose(y[..., 3:], norm(X, one(1))[..., 3:], atol=1e-6)
    same = one(1)[..., None, None].expand(1, 3, 4, 4)
    assert torch.allclose(norm(X, same), norm(X, one(1)), atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 2), (3,), (1, 4, 6, 7), (1, 3, 6)], ids=str)
def test_weights_for_other_styles_are_refused(norm, shape):
    with pytest.raises(ShapeError, match="expected"):
        norm(X, torch.ones(shape))


def test_bfloat16_stays_bfloat16(norm):
    assert norm(X.bfloat16(), one(1)).dtype == torch.bfloat16
