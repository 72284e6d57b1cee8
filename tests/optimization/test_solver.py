import pytest
import torch

from impasto.core.errors import ResourceError
from impasto.optimization.solver import Solver

TARGET = torch.linspace(0.2, 0.8, 48).reshape(1, 3, 4, 4)


def bowl(image):
    scale = torch.linspace(1, 30, 48).reshape(1, 3, 4, 4)
    return {"bowl": (scale * (image - TARGET).square()).sum()}


@pytest.mark.parametrize(("optimizer", "steps"), [("lbfgs", 60), ("adam", 400)])
def test_it_finds_the_minimum(optimizer, steps):
    solver = Solver(torch.zeros(1, 3, 4, 4), bowl, optimizer)
    for _ in range(steps):
        solver.step()
    assert torch.allclose(solver.finish(), TARGET, atol=0.02)


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_it_goes_on_with_another_loss(optimizer):
    """The best picture is the best of the new one, and the old one is gone before it is made."""

    def higher(image):
        return {"bowl": bowl(image + 0.1)["bowl"] + 100}

    def make():
        assert not hasattr(solver, "_loss")
        return higher

    solver = Solver(torch.zeros(1, 3, 4, 4), bowl, optimizer)
    for _ in range(20):
        solver.step()
    solver.change_loss(make)
    for _ in range(60 if optimizer == "lbfgs" else 400):
        solver.step()
    assert torch.allclose(solver.finish(), TARGET - 0.1, atol=0.02)
    assert solver.best_loss >= 100


def test_the_best_picture_is_kept_not_the_last():
    calls = []

    def worse_and_worse(image):
        calls.append(image.detach().clone())
        return {"loss": image.sum() * 0 + float(len(calls))}

    solver = Solver(torch.rand(1, 3, 2, 2), worse_and_worse, "adam")
    for _ in range(4):
        solver.step()
    assert torch.equal(solver.finish(), calls[0])
    assert solver.best_loss == 1.0


def test_a_step_that_explodes_goes_back_to_the_best():
    bad = {3}
    count = 0

    def sometimes_nan(image):
        nonlocal count
        count += 1
        return {"loss": bowl(image)["bowl"] * (float("nan") if count in bad else 1.0)}

    solver = Solver(torch.zeros(1, 3, 4, 4), sometimes_nan)
    for _ in range(60):
        solver.step()
    assert torch.allclose(solver.finish(), TARGET, atol=0.02)


def test_a_loss_that_is_never_finite_is_an_error():
    solver = Solver(torch.zeros(1, 3, 4, 4), lambda image: {"loss": image.sum() * float("nan")})
    for _ in range(5):
        solver.step()
    with pytest.raises(ResourceError, match="--dtype float32"):
        solver.step()


def test_a_step_reports_the_terms_before_it():
    solver = Solver(TARGET, bowl)
    total, terms = solver.step()
    assert total == 0
    assert terms == {"bowl": 0}


def test_after_a_failed_step_none_is_as_long():
    """The third loss is far above the first: the second step was too long, whatever it was."""
    count = 0

    def sometimes_high(image):
        nonlocal count
        count += 1
        return {"loss": bowl(image)["bowl"] * (1000.0 if count == 3 else 1.0)}

    solver = Solver(torch.zeros(1, 3, 4, 4), sometimes_high)
    solver.step()
    solver.step()
    failed = solver._optimizer.length
    solver.step()
    for _ in range(20):
        solver.step()
        assert solver._optimizer.length <= failed / 4 * 1.001
    again = Solver(torch.zeros(1, 3, 4, 4), bowl)
    again.restore(solver.state())
    assert again._optimizer.longest == solver._optimizer.longest == pytest.approx(failed / 4)
