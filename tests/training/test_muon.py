import pytest
import torch

from impasto.training.muon import Muon, orthogonalize


@pytest.mark.parametrize("shape", [(8, 20), (20, 8), (16, 16)], ids=str)
def test_singular_values_become_one_and_vectors_stay(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    u, values, vh = torch.linalg.svd(matrix, full_matrices=False)
    assert values.max() / values.min() > 2
    found = orthogonalize(matrix * 1e4)
    inner = u.T @ found @ vh.T
    assert ((torch.diagonal(inner) > 0.6) & (torch.diagonal(inner) < 1.3)).all()
    assert (inner - torch.diag(torch.diagonal(inner))).abs().max() < 1e-6


def test_an_update_has_the_promised_size_whatever_the_gradient():
    for scale in (1e-6, 1.0, 1e6):
        weight = torch.zeros(16, 8, 3, 3, requires_grad=True)
        gradient = torch.randn(weight.shape, generator=torch.Generator().manual_seed(1))
        weight.grad = scale * gradient
        Muon([weight], lr=0.01).step()
        assert weight.detach().square().mean().sqrt() == pytest.approx(0.2 * 0.01, rel=0.3)
        assert (weight.detach() * gradient).sum() < 0


def test_it_solves_a_least_squares_problem_of_badly_scaled_directions():
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(200, 6, generator=generator) * torch.logspace(0, -2, 6)
    wanted = inputs @ torch.randn(6, 4, generator=generator)
    weight = torch.zeros(4, 6, requires_grad=True)
    optimizer = Muon([weight], lr=0.1)
    for step in range(1000):
        optimizer.param_groups[0]["lr"] = 0.1 * (1 - step / 1000)
        loss = (inputs @ weight.T - wanted).square().mean()
        (weight.grad,) = torch.autograd.grad(loss, weight)
        optimizer.step()
    assert loss < 1e-3 * wanted.square().mean()
