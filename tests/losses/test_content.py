import torch

from impasto.losses.content import content_loss, mean_squared_error, relative_distance


def test_closed_form_gradient_through_relu_equals_autograd():
    """METHOD: dL/dF = (F - P) where F > 0, else 0, with F after the ReLU."""
    raw = torch.randn(1, 5, 4, 3, dtype=torch.float64, requires_grad=True)
    target = torch.randn(1, 5, 4, 3, dtype=torch.float64).relu()
    features = raw.relu()
    content_loss(features, target).backward()
    closed = torch.where(features > 0, features - target, torch.zeros(()))
    assert torch.allclose(raw.grad, closed.double(), atol=1e-14)


def test_content_loss_is_half_the_sum_of_squares():
    assert content_loss(torch.tensor([3.0, 1.0]), torch.tensor([1.0, 0.0])) == 2.5


def test_relative_distance_means_the_same_at_every_magnitude():
    target, other = torch.rand(1, 3, 4, 4), torch.rand(1, 3, 4, 4)
    assert relative_distance(target, target) == 0
    assert torch.isclose(relative_distance(torch.zeros_like(target), target), torch.tensor(1.0))
    assert torch.isclose(
        relative_distance(other, target), relative_distance(900 * other, 900 * target)
    )


def test_relative_distance_counts_every_picture_alike():
    target = torch.rand(2, 3, 4, 4) * torch.tensor([1.0, 1000.0]).view(2, 1, 1, 1)
    other = target * torch.tensor([2.0, 1.0]).view(2, 1, 1, 1)
    assert torch.isclose(relative_distance(other, target), torch.tensor(0.5))


def test_relative_distance_to_nothing_is_finite():
    assert torch.isfinite(relative_distance(torch.ones(1, 3), torch.zeros(1, 3)))


def test_mean_squared_error():
    assert mean_squared_error(torch.tensor([3.0, 1.0]), torch.tensor([1.0, 0.0])) == 2.5
