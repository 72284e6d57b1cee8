import copy

import pytest
import torch

from impasto.optimization.lbfgs import LBFGS


def rosenbrock(x):
    return (100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2).sum() / 1000


def minimise(optimizer, start, steps):
    image, losses = start.clone(), []
    for _ in range(steps):
        seen = image.clone().requires_grad_()
        loss = rosenbrock(seen)
        losses.append(float(loss.detach()))
        optimizer.step(image, torch.autograd.grad(loss, seen)[0])
    return image, losses


def start(dtype=torch.float64):
    return torch.rand(1, 3, 4, 6, generator=torch.Generator().manual_seed(0)).to(dtype)


def test_its_steps_are_those_of_torch():
    reference = start().requires_grad_()
    theirs = torch.optim.LBFGS(
        [reference], max_iter=1, history_size=5, tolerance_grad=-1.0, tolerance_change=-1.0
    )

    def closure():
        reference.grad = None
        loss = rosenbrock(reference)
        loss.backward()
        return loss

    for _ in range(10):
        theirs.step(closure)
    mine, _ = minimise(LBFGS(5), start(), 10)
    assert torch.allclose(mine, reference.detach(), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_it_minimises_with_either_memory(dtype):
    _, losses = minimise(LBFGS(10, dtype), start(torch.float32), 60)
    assert min(losses) < 0.01 * losses[0]


def test_it_remembers_no_more_than_asked():
    optimizer = LBFGS(3, torch.bfloat16)
    minimise(optimizer, start(torch.float32), 10)
    pairs = optimizer.state()["pairs"]
    assert len(pairs) == 3
    assert all(part.dtype == torch.bfloat16 for pair in pairs for part in pair[:2])


def test_a_restored_one_goes_on_the_same():
    one = LBFGS(4)
    image, _ = minimise(one, start(), 6)
    other = LBFGS(4)
    other.restore(copy.deepcopy(one.state()))
    assert torch.equal(minimise(one, image, 4)[0], minimise(other, image, 4)[0])


def test_no_gradient_is_no_step():
    image = torch.ones(1, 3, 2, 2)
    optimizer = LBFGS(4)
    for _ in range(3):
        optimizer.step(image, torch.zeros_like(image))
    assert torch.equal(image, torch.ones(1, 3, 2, 2))
