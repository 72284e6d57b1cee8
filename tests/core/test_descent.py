import copy
import subprocess
import sys

import pytest
import torch

from impasto.core.descent import Adam


def parameters():
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=generator) for shape in ((3, 4, 2, 2), (7,), (5,))]


def descend(optimizer, theirs, steps, seed=1):
    generator = torch.Generator().manual_seed(seed)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 0.01 * (1 + step)
        for number, parameter in enumerate(theirs):
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.grad = None if number == 2 else noise * 10.0 ** (3 * number)
        optimizer.step()


def groups(theirs):
    return [{"params": theirs[:1], "scale": 0.5}, {"params": theirs[1:]}]


OPTIONS = {"lr": 0.01, "betas": (0.9, 0.99), "eps": 1e-3}


def test_it_steps_as_that_of_torch():
    mine, other = parameters(), parameters()
    descend(Adam(groups(mine), **OPTIONS), mine, 9)
    descend(torch.optim.Adam(groups(other), **OPTIONS), other, 9)
    for one, two, begun in zip(mine, other, parameters(), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-6, atol=1e-7)
        assert torch.equal(one, begun) == (len(one) == 5), "what has no gradient stays"


@pytest.mark.parametrize("first", [Adam, torch.optim.Adam])
def test_it_goes_on_as_if_nothing_had_happened(first):
    whole, halves = parameters(), parameters()
    optimizer = Adam(groups(whole), **OPTIONS)
    descend(optimizer, whole, 4)
    descend(optimizer, whole, 3, seed=2)
    begun = first(groups(halves), **OPTIONS)
    descend(begun, halves, 4)
    stored = copy.deepcopy(begun.state_dict())
    resumed = Adam(groups(halves), **OPTIONS)
    resumed.load_state_dict(stored)
    assert resumed.param_groups[0]["lr"] == begun.param_groups[0]["lr"] == 0.04
    descend(resumed, halves, 3, seed=2)
    for one, two in zip(whole, halves, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-6, atol=1e-7)


TAUGHT = """
import sys
import impasto

impasto.optimize("castle", "great-wave", size=32, steps=(1,), optimizer="adam")
impasto.learn("great-wave", name="mine", steps=1, style_size=32)
assert "torch" in sys.modules
print("torch._dynamo" in sys.modules)
"""


@pytest.mark.usefixtures("weights")
def test_nothing_waits_for_the_compiler_of_torch():
    done = subprocess.run(
        [sys.executable, "-c", TAUGHT], check=True, capture_output=True, text=True
    )
    assert done.stdout == "False\n"
