import dataclasses
from functools import partial

import pytest
import torch

from impasto.core.errors import ConfigError, ShapeError
from impasto.networks.registry import NETWORKS, find_network, name_of
from impasto.networks.shape import layers
from impasto.networks.transform import (
    ConditionalInstanceNorm,
    NetworkOptions,
    TransformNet,
    multiply_adds,
)

SIZES = [(1, 1), (1, 40), (37, 5), (64, 64), (50, 67)]


def build(options=None, seed=0):
    torch.manual_seed(seed)
    return TransformNet(options).eval().requires_grad_(False)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_any_size_and_batch_comes_out_as_it_went_in(name, size):
    painted = build(NETWORKS[name])(torch.rand(2, 3, *size))
    assert painted.shape == (2, 3, *size)
    assert bool(torch.isfinite(painted).all())
    assert painted.min() >= 0
    assert painted.max() <= 1


def test_johnson_is_the_papers_network():
    net = build(NETWORKS["johnson"])
    shapes = [tuple(p.shape) for p in net.parameters() if p.ndim == 4]
    block = [(128, 128, 3, 3)] * 10
    down = [(32, 3, 9, 9), (64, 32, 3, 3), (128, 64, 3, 3)]
    up = [(128, 64, 3, 3), (64, 32, 3, 3), (3, 32, 9, 9)]  # transposed: (in, out, 3, 3)
    assert shapes == down + block + up


def test_johnson_works_on_a_quarter_of_the_side():
    net = build(NETWORKS["johnson"])
    seen = []
    net.get_submodule("blocks.0.first").register_forward_hook(
        lambda _module, inputs, _output: seen.append(inputs[0])
    )
    net(torch.rand(1, 3, 256, 256))
    assert seen[0].shape == (1, 128, 64, 64)


def test_a_residual_block_adds_then_activates():
    net, seen = build(NETWORKS["johnson"]), {}
    for layer in net.layers[:-1]:
        net.get_submodule(layer.name).register_forward_hook(
            lambda _module, inputs, output, name=layer.name: seen.update(
                {name: (inputs[0], output)}
            )
        )
    net(torch.rand(1, 3, 32, 32))
    x, change = seen["blocks.0.first"][0], seen["blocks.0.second"][1]
    assert torch.equal(seen["blocks.1.first"][0], torch.relu(x + change))


def test_it_may_leave_the_sum_as_it_is():
    *_, second = (
        layer for layer in layers(NetworkOptions(residual_activation=False)) if layer.adds
    )
    assert not second.activates


def test_small_takes_at_most_a_quarter_of_the_work():
    assert multiply_adds(NETWORKS["small"]) <= multiply_adds(NETWORKS["johnson"]) / 4


@pytest.mark.parametrize("name", NETWORKS)
def test_the_multiplications_are_those_that_happen(name):
    """Counted by hooks on a picture of 64 x 64."""
    net, counted = build(NETWORKS[name]), []

    def count(module, inputs, output):
        positions = inputs[0] if isinstance(module, torch.nn.ConvTranspose2d) else output
        counted.append(module.weight.numel() * positions.shape[-1] * positions.shape[-2])

    for module in net.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
            module.register_forward_hook(count)
    net(torch.rand(1, 3, 64, 64))
    assert multiply_adds(NETWORKS[name]) == pytest.approx(sum(counted) / 64**2, rel=0.1)


@pytest.mark.parametrize(
    "change",
    [
        {"upsample": "nearest"},
        {"residual_activation": False},
        {"output": "linear"},
        {"output": "sigmoid"},
        {"stem": "unshuffle"},
        {"channels": (4, 6, 8)},
        {"blocks": 1},
        {"kernel": 3},
    ],
    ids=str,
)
def test_every_option_changes_the_picture(change):
    image = torch.rand(1, 3, 20, 24)
    plain = NetworkOptions(channels=(4, 8, 8))
    changed = dataclasses.replace(plain, **change)
    assert not torch.equal(build(plain)(image), build(changed)(image))


def test_a_flat_picture_gives_no_nan():
    for options in NETWORKS.values():
        for value in (0.0, 0.5, 1.0):
            assert bool(torch.isfinite(build(options)(torch.full((1, 3, 32, 32), value))).all())


@pytest.mark.parametrize("name", NETWORKS)
def test_a_flat_picture_stays_flat(name, monkeypatch):
    """Zero padding anywhere would show as a frame.

    The normalization is left out: of a flat picture it keeps nothing but what rounding left, many
    times enlarged.
    """
    largest = partial(torch.amax, dim=(1, 2, 3), keepdim=True)
    monkeypatch.setattr(
        ConditionalInstanceNorm, "forward", lambda _self, x, _style=None: x / largest(x.abs())
    )
    painted = build(NETWORKS[name])(torch.full((1, 3, 64, 64), 0.4))
    assert (painted.amax((2, 3)) - painted.amin((2, 3))).max() < 1e-5


def test_options_round_trip_through_json():
    for options in NETWORKS.values():
        assert NetworkOptions.from_dict(options.to_dict()) == options


@pytest.mark.parametrize(
    "wrong",
    [
        {"channels": (3, 4)},
        {"channels": (0, 4, 4)},
        {"blocks": 0},
        {"kernel": 4},
        {"stem": "none"},
        {"upsample": "bilinear"},
        {"output": "relu"},
    ],
    ids=str,
)
def test_a_shape_that_cannot_be_built_is_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        NetworkOptions(**wrong)


def test_what_is_no_picture_is_refused():
    with pytest.raises(ShapeError):
        build()(torch.rand(1, 1, 32, 32))


def test_networks_have_names():
    assert name_of(find_network("small")) == "small"
    assert name_of(NetworkOptions(channels=(1, 1, 1))) == "custom"
    with pytest.raises(ConfigError, match="johnson"):
        find_network("large")
