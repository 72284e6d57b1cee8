import copy

import pytest
import torch

from impasto.optimization.solver import LBFGS


def rosenbrock(x):
    return (100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2).sum() / 1000


def minimize(optimizer, start, steps):
    image, losses = start.clone(), []
    for _ in range(steps):
        seen = image.clone().requires_grad_()
        loss = rosenbrock(seen)
        losses.append(float(loss.detach()))
        optimizer.step(image, torch.autograd.grad(loss, seen)[0])
    return image, losses


def start(dtype=torch.float64):
    return torch.rand(1, 3, 4, 6, generator=torch.Generator().manual_seed(0)).to(dtype)


def valley(x):
    """A bowl ten times as steep in one direction as in another, and not quite a parabola.

    On it a rounding error of one step grows to ten in ten steps; on Rosenbrock's, without bound.
    """
    scale = torch.linspace(1, 10, x.numel(), dtype=x.dtype).reshape(x.shape)
    away = x - 0.5
    return (scale * away.square() / 2 + away**4).sum()


def test_with_a_known_curvature_the_first_step_is_newton_s():
    image = start()
    optimizer = LBFGS(5, scale=1 / 7)
    seen = image.clone().requires_grad_()
    optimizer.step(image, torch.autograd.grad((3.5 * (seen - 0.5).square()).sum(), seen)[0])
    assert torch.allclose(image, torch.full_like(image, 0.5))
    assert optimizer.scale == 1 / 7


def test_no_value_changes_more_in_the_first_step_than_is_asked_for():
    image = start()
    seen = image.clone().requires_grad_()
    optimizer = LBFGS(5, first=0.02)
    optimizer.step(image, torch.autograd.grad(valley(seen), seen)[0])
    change = (image - start()).abs()
    assert float(change.max()) == pytest.approx(0.02)
    assert float(change.square().mean().sqrt()) > 0.01


def test_with_a_step_forgotten_it_goes_on_with_what_it_has_learned():
    """As if the step had brought nothing; a fresh one would not know how far to go."""
    image, other = start(), start()
    learned, untouched = (LBFGS(5, first=0.02) for _ in range(2))
    for _ in range(4):
        for picture, optimizer in ((image, learned), (other, untouched)):
            seen = picture.clone().requires_grad_()
            optimizer.step(picture, torch.autograd.grad(valley(seen), seen)[0])
    before = image.clone()
    learned.forget_step()
    seen = image.clone().requires_grad_()
    gradient = torch.autograd.grad(valley(seen), seen)[0]
    expected = untouched._direction(gradient)
    learned.step(image, gradient)
    assert torch.equal(image - before, before + expected - before)
    assert float(valley(image)) < float(valley(before))


def test_its_steps_are_those_of_torch():
    """Ten steps with a memory of five; remembered in float64, so that nothing else is rounded."""
    reference = start().requires_grad_()
    theirs = torch.optim.LBFGS(
        [reference], max_iter=1, history_size=5, tolerance_grad=-1.0, tolerance_change=-1.0
    )

    def closure():
        reference.grad = None
        loss = valley(reference)
        loss.backward()
        return loss

    mine, optimizer = start(), LBFGS(5, torch.float64)
    for _ in range(10):
        before = reference.detach().clone()
        theirs.step(closure)
        seen = mine.clone().requires_grad_()
        optimizer.step(mine, torch.autograd.grad(valley(seen), seen)[0])
        step = (reference.detach() - before).norm()
        assert step > 1e-3
        assert (mine - reference.detach()).norm() < 1e-10 * step


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_it_minimises_with_either_memory(dtype):
    _, losses = minimize(LBFGS(10, dtype), start(torch.float32), 60)
    assert min(losses) < 0.01 * losses[0]


def test_it_remembers_no_more_than_asked():
    optimizer = LBFGS(3, torch.bfloat16)
    minimize(optimizer, start(torch.float32), 10)
    pairs = optimizer.state()["pairs"]
    assert len(pairs) == 3
    assert all(part.dtype == torch.bfloat16 for pair in pairs for part in pair[:2])


def test_a_restored_one_goes_on_the_same():
    one = LBFGS(4)
    image, _ = minimize(one, start(), 6)
    other = LBFGS(4)
    other.restore(copy.deepcopy(one.state()))
    assert torch.equal(minimize(one, image, 4)[0], minimize(other, image, 4)[0])


def test_no_gradient_is_no_step():
    image = torch.ones(1, 3, 2, 2)
    optimizer = LBFGS(4)
    for _ in range(3):
        optimizer.step(image, torch.zeros_like(image))
    assert torch.equal(image, torch.ones(1, 3, 2, 2))
