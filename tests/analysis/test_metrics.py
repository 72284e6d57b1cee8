import pytest
import torch

import impasto
from impasto import assets
from impasto.analysis import metrics as module
from impasto.analysis.metrics import (
    CLASSIC,
    FAST,
    STYLE_LAYERS,
    Metrics,
    at_size_of,
    check_memory,
)
from impasto.core.errors import ResourceError
from impasto.core.tensors import resize, round_to_bits, size_of
from impasto.io.color import recolor
from impasto.io.image import read_picture
from impasto.losses.perceptual import PerceptualLoss
from impasto.perception.extractor import Extractor
from support import noise_picture


@pytest.fixture(scope="module")
def pair():
    """A photo and a painting."""
    return round_to_bits(noise_picture(48, 64, 1)), round_to_bits(noise_picture(64, 64, 2))


@pytest.fixture(scope="module")
def metrics(weights, pair):
    return Metrics(weights, pair[0], [pair[1]])


def test_a_picture_is_no_distance_from_itself(weights, pair):
    found = Metrics(weights, pair[0], [pair[0]])(pair[0])
    assert found.content_distance == found.style_distance == 0
    assert found.classic_loss == found.fast_loss == 0
    assert found.lpips == pytest.approx(0, abs=1e-6)
    assert found.total_variation > 0
    assert list(found.style_layers) == list(STYLE_LAYERS)


@pytest.mark.parametrize(("name", "loss_weights"), [("classic", CLASSIC), ("fast", FAST)])
def test_the_losses_are_those_that_are_optimized(weights, pair, metrics, name, loss_weights):
    image = round_to_bits(noise_picture(48, 64, 3))
    extractor = Extractor(weights, loss_weights.layers, border="zeros")
    loss = PerceptualLoss(extractor, "classic", loss_weights, pair[0], [pair[1]], [1.0])
    total = sum(float(term) for term in loss(image).values())
    assert getattr(metrics(image), f"{name}_loss") == pytest.approx(total, rel=1e-5)


def test_the_distances_are_relative(weights, pair, metrics):
    extractor = Extractor(weights, CLASSIC.layers, border="zeros")
    loss = PerceptualLoss(extractor, "impasto", CLASSIC, pair[0], [pair[1]], [1.0])
    image = round_to_bits(noise_picture(48, 64, 3))
    terms = loss(image)
    found = metrics(image)
    assert found.content_distance == pytest.approx(float(terms["content.relu4_2"]) / 5, rel=1e-5)
    for layer in STYLE_LAYERS:
        expected = float(terms[f"style.{layer}"]) * 5 / 100
        assert found.style_layers[layer] == pytest.approx(expected, rel=1e-5)
    assert found.style_distance == pytest.approx(sum(found.style_layers.values()) / 5)


def test_coverage_is_that_of_the_places_that_are_painted_least(weights):
    content, style = (
        resize(read_picture(assets.find(name)).image, 192, 256) for name in ("castle", "great-wave")
    )
    metrics = Metrics(weights, content, [style])
    recolored = recolor(content, [style], [1.0]).clamp(0, 1)
    nothing = metrics(recolored)
    assert nothing.coverage == pytest.approx(0, abs=0.01)
    assert nothing.coverage_median == pytest.approx(0, abs=0.01)
    half = recolored.clone()
    half[..., :160] = noise_picture(192, 160, 3)
    some = metrics(half)
    assert some.coverage < 0.1 < some.coverage_median
    assert metrics(noise_picture(192, 256, 3)).coverage > 3 * some.coverage


def test_what_is_measured_is_what_the_optimization_reports():
    options = {"size": 96, "steps": (8,), "coarsest": 0, "dtype": "float32"}
    result = impasto.optimize("castle", "great-wave", loss="classic", init="noise", **options)
    measured = impasto.measure(result.image, "castle", "great-wave")
    assert measured.classic_loss == pytest.approx(result.losses["total"], rel=1e-4)
    style = sum(value for name, value in result.losses.items() if name.startswith("style."))
    assert style < measured.classic_loss

    painted = impasto.optimize("castle", "great-wave", **options)
    measured = impasto.measure(painted.image, "castle", "great-wave")
    # by default the first convolution repeats the picture's border; the metrics does not
    reported = painted.losses["content.relu4_2"]
    assert measured.content_distance == pytest.approx(reported, rel=0.05)


def test_noise_is_worse_than_a_painted_picture(weights):
    painted = impasto.stylize("castle", "starry-night", size=128).image
    noise = torch.rand(1, 3, *painted.size[::-1], generator=torch.Generator().manual_seed(0))
    photo = resize(read_picture(assets.find("castle")).image, *painted.size[::-1])
    style = read_picture(assets.find("starry-night")).image
    metrics = Metrics(weights, photo, [at_size_of(style, *size_of(photo))])
    good, bad = metrics(read_picture(painted).image), metrics(noise)
    assert good.content_distance < bad.content_distance
    assert good.style_distance < bad.style_distance
    assert good.classic_loss < bad.classic_loss
    assert good.fast_loss < bad.fast_loss
    assert good.lpips < bad.lpips
    assert good.total_variation < bad.total_variation


def test_several_paintings_are_mixed_by_their_shares(weights, pair):
    photo, style = pair
    other = round_to_bits(noise_picture(64, 64, 5))
    image = round_to_bits(noise_picture(48, 64, 3))
    alone = Metrics(weights, photo, [style])(image)
    mostly = Metrics(weights, photo, [style, other], (1.0, 0.0))(image)
    equal = Metrics(weights, photo, [style, other])(image)
    assert mostly.style_distance == pytest.approx(alone.style_distance, rel=1e-5)
    assert equal.style_distance != pytest.approx(alone.style_distance, rel=1e-3)


def test_a_painting_is_as_long_as_the_picture():
    style = noise_picture(100, 50)
    assert size_of(at_size_of(style, 30, 40)) == (40, 20)
    assert size_of(at_size_of(style, 30, 40, 0.5)) == (20, 10)
    assert size_of(at_size_of(style, 300, 400)) == (100, 50)
    assert size_of(at_size_of(style, 300, 400, 1.5)) == (150, 75)


def test_a_picture_that_does_not_fit_into_memory_is_refused(monkeypatch):
    monkeypatch.setattr(module, "available_memory", lambda: 4 * 10**9)
    check_memory(1000, 1000)
    with pytest.raises(ResourceError, match=r"8192x8192 takes .* try --size \d+"):
        check_memory(8192, 8192)
