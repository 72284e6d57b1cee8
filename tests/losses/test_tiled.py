from dataclasses import replace
from itertools import product

import pytest
import torch

from impasto.losses.perceptual import FORMULAS, LossWeights, PerceptualLoss
from impasto.losses.style import Statistic
from impasto.losses.tiled import TiledLoss, stages, tiles
from impasto.perception.extractor import Extractor
from support import TINY, noise_picture, random_weights

WEIGHTS = LossWeights(
    content={"relu4_2": 1.0, "relu2_1": 0.5},
    style={"relu1_1": 1.0, "relu2_2": 1.0, "relu3_3": 2.0, "relu4_1": 1.0, "relu5_1": 0.5},
    content_weight=1.0,
    style_weight=10.0,
    tv_weight=1.0,
    nearest_weight=0.3,
)


def make_extractor(dtype, **options):
    weights = random_weights(TINY, dtype)
    return Extractor(weights, WEIGHTS.layers, topology=TINY, dtype=dtype, **options)


def evaluate(loss, image):
    image = image.clone().requires_grad_()
    terms = loss(image)
    torch.autograd.backward(torch.stack(list(terms.values())).sum())
    return {name: float(term.detach()) for name, term in terms.items()}, image.grad


@pytest.mark.parametrize("formula", ["impasto", "paper", "classic"])
@pytest.mark.parametrize(
    ("height", "width", "options"),
    [
        (150, 203, {}),
        (203, 128, {"pooling": "average"}),
        (131, 331, {"border": "zeros"}),
        (96, 33, {}),
    ],
)
def test_tiles_give_the_loss_and_gradient_of_the_whole(formula, height, width, options):
    dtype = torch.float64
    extractor = make_extractor(dtype, **options)
    content, image = (noise_picture(height, width, seed).to(dtype) for seed in (0, 1))
    styles = [noise_picture(170, 90, 2).to(dtype), noise_picture(64, 64, 3).to(dtype)]
    arguments = extractor, formula, WEIGHTS, content, styles, [1.0, 2.0]
    whole, gradient = evaluate(PerceptualLoss(*arguments), image)
    for side, keep in ((32, False), (48, True)):
        tiled, found = evaluate(TiledLoss(*arguments, side, keep=keep), image)
        assert tiled == pytest.approx(whole, rel=1e-9)
        assert (found - gradient).abs().max() <= 1e-9 * gradient.abs().max()


@pytest.mark.parametrize("kind", ["content", "style"])
def test_content_or_style_alone_is_exact_too(kind):
    """The other is not there at all: no layers, and no style pictures without a style."""
    dtype = torch.float64
    other = {"content": "style", "style": "content"}[kind]
    weights = replace(WEIGHTS, **{other: {}, f"{other}_weight": 0.0})
    extractor = make_extractor(dtype)
    content, image, style = (noise_picture(100, 90, seed).to(dtype) for seed in range(3))
    styles, shares = ([], []) if kind == "content" else ([style], [1.0])
    arguments = extractor, "impasto", weights, content, styles, shares
    whole, gradient = evaluate(PerceptualLoss(*arguments), image)
    tiled, found = evaluate(TiledLoss(*arguments, 32), image)
    assert {name.split(".")[0] for name in whole} == {kind, "tv", "range"}
    assert tiled == pytest.approx(whole, rel=1e-9)
    assert (found - gradient).abs().max() <= 1e-9 * gradient.abs().max()


def test_float32_is_close():
    extractor = make_extractor(torch.float32)
    content, image, style = (noise_picture(150, 203, seed) for seed in range(3))
    arguments = extractor, "impasto", WEIGHTS, content, [style], [1.0]
    whole, gradient = evaluate(PerceptualLoss(*arguments), image)
    tiled, found = evaluate(TiledLoss(*arguments, 64), image)
    assert tiled == pytest.approx(whole, rel=1e-4)
    assert (found - gradient).norm() <= 1e-3 * gradient.norm()


def test_without_a_gradient_there_are_only_terms():
    extractor = make_extractor(torch.float32)
    content, image, style = (noise_picture(80, 80, seed) for seed in range(3))
    loss = TiledLoss(extractor, "impasto", WEIGHTS, content, [style], [1.0], 32)
    with torch.no_grad():
        terms = loss(image)
    assert not any(term.requires_grad for term in terms.values())
    assert terms.keys() == loss(image.requires_grad_()).keys()


def test_a_layer_of_weight_zero_counts_nothing():
    weights = replace(WEIGHTS, style={**WEIGHTS.style, "relu3_3": 0.0})
    extractor = make_extractor(torch.float64)
    content, image, style = (noise_picture(90, 80, seed).double() for seed in range(3))
    arguments = extractor, "impasto", weights, content, [style], [1.0]
    whole, gradient = evaluate(PerceptualLoss(*arguments), image)
    tiled, found = evaluate(TiledLoss(*arguments, 32), image)
    assert tiled == pytest.approx(whole, rel=1e-9)
    assert (found - gradient).abs().max() <= 1e-9 * gradient.abs().max()


def test_tiles_cover_every_place_once_and_begin_where_pools_do():
    for (height, width), side, alignment in product(
        [(100, 333), (16, 17), (512, 512)], (16, 64, 256), (1, 2, 4)
    ):
        seen, sizes = torch.zeros(height, width), set()
        for tile in tiles(height, width, side, 8, alignment):
            own = seen[tile.inner_top : tile.inner_bottom, tile.inner_left : tile.inner_right]
            own += 1
            assert tile.top % alignment == tile.left % alignment == tile.inner_top % alignment == 0
            assert max(own.shape) <= side + 2 * 8
            sizes.add((tile.bottom - tile.top, tile.right - tile.left))
            assert 0 <= tile.top <= tile.inner_top < tile.inner_bottom <= tile.bottom <= height
        assert (seen == 1).all()
        assert len(sizes) == 1
        assert max(sizes.pop()) <= side + 2 * 8 + alignment - 1


def test_the_overlap_is_how_far_the_features_of_a_stage_see():
    extractor = make_extractor(torch.float64)
    for stage in stages(extractor, WEIGHTS.layers):
        channels = 3 if stage.blocks[0] == 1 else TINY.channels[stage.blocks[0] - 2]
        given = torch.rand(1, channels, 64, 64, generator=torch.Generator().manual_seed(0)).double()
        other = given.clone()
        other[..., 32, 32] += 1
        (whole,) = tiles(64, 64, 64, 0, 1)
        one, two = (
            stage.encode(extractor, whole, seen, WEIGHTS.layers).features for seen in (given, other)
        )
        reach = 0
        for layer, features in one.items():
            stride = 64 // features.shape[-1]
            moved = (features - two[layer]).abs() > 1e-9 * features.abs().max()
            changed = moved.any(1)[0].nonzero() * stride
            reach = max(reach, 32 - int(changed.min()) - stride + 1, int(changed.max()) - 32)
        assert 0 < reach <= stage.overlap


def test_stages_are_no_deeper_than_the_layers():
    extractor = make_extractor(torch.float32)
    found = stages(extractor, ["relu3_3", "relu1_1"])
    assert [stage.ends for stage in found] == [*[False] * (len(found) - 1), True]
    assert [block for stage in found for block in stage.blocks] == [1, 2, 3]
    assert [block for stage in stages(extractor, ["relu1_1"]) for block in stage.blocks] == [1]


@pytest.mark.parametrize("formula", ["impasto", "paper"])
def test_regions_are_exact_in_tiles_too(formula):
    dtype = torch.float64
    extractor = make_extractor(dtype)
    content, image = (noise_picture(150, 203, seed).to(dtype) for seed in (0, 1))
    styles = [noise_picture(170, 90, 2).to(dtype), noise_picture(64, 64, 3).to(dtype)]
    masks = noise_picture(150, 203, 4)[0, :2, None].to(dtype)
    masks[:, :, :40] = 0  # a part with no style at all
    arguments = extractor, formula, WEIGHTS, content, styles, [1.0, 1.0]
    whole, gradient = evaluate(PerceptualLoss(*arguments, masks), image)
    plain, _ = evaluate(PerceptualLoss(*arguments), image)
    assert whole["style.relu3_3"] != pytest.approx(plain["style.relu3_3"], rel=1e-3)
    for side, keep in ((32, False), (48, True)):
        tiled, found = evaluate(TiledLoss(*arguments, side, keep=keep, regions=masks), image)
        assert tiled == pytest.approx(whole, rel=1e-9)
        assert (found - gradient).abs().max() <= 1e-9 * gradient.abs().max()


def moments(features, masks):
    """The sums of each channel and of its square."""
    weighed = features if masks is None else features * masks
    return torch.stack([weighed.sum((2, 3)), (weighed * features).sum((2, 3))], 1)


def moments_gradient(features, gradient, masks):
    mean, square = gradient[:, 0, :, None, None], gradient[:, 1, :, None, None]
    found = mean + 2 * features * square
    return found if masks is None else (found * masks).sum(0, keepdim=True)


@pytest.mark.parametrize("has_regions", [False, True])
def test_another_statistic_works_in_tiles_at_once(monkeypatch, has_regions):
    statistic = Statistic(moments, moments_gradient)
    formula = replace(FORMULAS["impasto"], name="moments", statistic=statistic)
    monkeypatch.setitem(FORMULAS, "moments", formula)
    dtype = torch.float64
    extractor = make_extractor(dtype)
    content, image = (noise_picture(150, 203, seed).to(dtype) for seed in (0, 1))
    styles = [noise_picture(170, 90, 2).to(dtype), noise_picture(64, 64, 3).to(dtype)]
    masks = noise_picture(150, 203, 4)[0, :2, None].to(dtype) if has_regions else None
    arguments = extractor, "moments", WEIGHTS, content, styles, [1.0, 1.0]
    whole, gradient = evaluate(PerceptualLoss(*arguments, masks), image)
    features = extractor(image)["relu3_3"]
    if not has_regions:
        targets = [extractor(style)["relu3_3"] for style in styles]
        wanted = sum(moments(each, None) / each[0, 0].numel() for each in targets) / 2
        found = moments(features, None) / features[0, 0].numel()
        distance = float((found - wanted).square().sum() / wanted.square().sum())
        assert whole["style.relu3_3"] == pytest.approx(10 * 2 / 5.5 * distance, rel=1e-6)
    tiled, found = evaluate(TiledLoss(*arguments, 32, regions=masks), image)
    assert tiled == pytest.approx(whole, rel=1e-9)
    assert (found - gradient).abs().max() <= 1e-9 * gradient.abs().max()


def test_one_region_over_all_is_the_plain_loss():
    dtype = torch.float64
    extractor = make_extractor(dtype)
    content, image = (noise_picture(96, 64, seed).to(dtype) for seed in (0, 1))
    style = [noise_picture(64, 64, 3).to(dtype)]
    arguments = extractor, "impasto", WEIGHTS, content, style, [1.0]
    plain, gradient = evaluate(PerceptualLoss(*arguments), image)
    whole = torch.ones(1, 1, 96, 64, dtype=dtype)
    found, same = evaluate(PerceptualLoss(*arguments, whole), image)
    assert found == pytest.approx(plain, rel=1e-9)
    assert torch.allclose(same, gradient)


def test_a_region_that_vanishes_in_a_layer_is_no_nan():
    extractor = make_extractor(torch.float32)
    content, image = (noise_picture(64, 64, seed) for seed in (0, 1))
    styles = [noise_picture(64, 64, seed) for seed in (2, 3)]
    masks = torch.zeros(2, 1, 64, 64)
    masks[0] = 1
    masks[1, :, 7, 7], masks[0, :, 7, 7] = 1, 0
    terms, gradient = evaluate(
        PerceptualLoss(extractor, "impasto", WEIGHTS, content, styles, [1.0, 1.0], masks), image
    )
    assert all(value == value for value in terms.values())
    assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("formula", ["impasto", "classic"])
def test_emphasis_is_exact_in_tiles_too(formula):
    dtype = torch.float64
    extractor = make_extractor(dtype)
    content, image = (noise_picture(150, 203, seed).to(dtype) for seed in (0, 1))
    styles = [noise_picture(64, 64, 3).to(dtype)]
    times = 1 + 7 * noise_picture(150, 203, 5)[:, :1].to(dtype)
    arguments = extractor, formula, WEIGHTS, content, styles, [1.0]
    whole, gradient = evaluate(PerceptualLoss(*arguments, None, times), image)
    plain, _ = evaluate(PerceptualLoss(*arguments), image)
    assert whole["content.relu4_2"] > 1.5 * plain["content.relu4_2"]
    once, _ = evaluate(PerceptualLoss(*arguments, None, torch.ones_like(times)), image)
    assert once == pytest.approx(plain, rel=1e-9)
    for side, keep in ((32, False), (48, True)):
        tiled, found = evaluate(TiledLoss(*arguments, side, keep=keep, emphasis=times), image)
        assert tiled == pytest.approx(whole, rel=1e-9)
        assert (found - gradient).abs().max() <= 1e-9 * gradient.abs().max()


def test_a_part_of_a_painting_is_exact_in_tiles_too():
    dtype = torch.float64
    extractor = make_extractor(dtype)
    content, image = (noise_picture(150, 203, seed).to(dtype) for seed in (0, 1))
    styles = [noise_picture(170, 90, 2).to(dtype), noise_picture(64, 64, 3).to(dtype)]
    masks = noise_picture(150, 203, 4)[0, :2, None].to(dtype)
    part = torch.zeros(1, 1, 170, 90, dtype=dtype)
    part[:, :, :96] = 1
    arguments = extractor, "impasto", WEIGHTS, content, styles, [1.0, 1.0]
    plain, _ = evaluate(PerceptualLoss(*arguments, masks), image)
    whole, gradient = evaluate(PerceptualLoss(*arguments, masks, None, [part, None]), image)
    assert whole["style.relu3_3"] != pytest.approx(plain["style.relu3_3"], rel=1e-3)
    tiles = TiledLoss(*arguments, 32, regions=masks, style_parts=[part, None])
    tiled, found = evaluate(tiles, image)
    assert tiled == pytest.approx(whole, rel=1e-9)
    assert (found - gradient).abs().max() <= 1e-9 * gradient.abs().max()
