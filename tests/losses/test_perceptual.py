"""The paper's losses against a second implementation that shares no code: plain NumPy."""

import numpy as np
import pytest
import torch

from impasto.core.errors import ConfigError
from impasto.losses.perceptual import LossWeights, PerceptualLoss
from impasto.perception.extractor import Extractor
from support import TINY, noise_picture, random_weights

STYLE = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
PAPER = LossWeights({"relu4_2": 1.0}, dict.fromkeys(STYLE, 1.0), 1.0, 1000.0)


def numpy_features(image, weights) -> dict[str, np.ndarray]:
    """VGG written out: correlate, rectify, take the maximum of 2x2, again."""
    x = image * 255 - np.array(TINY.mean).reshape(3, 1, 1)
    found = {}
    for name in TINY.convolutions:
        if name.endswith("_1") and name != "conv1_1":
            height, width = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
            x = x[:, :height, :width].reshape(len(x), height // 2, 2, width // 2, 2).max((2, 4))
        kernel, bias = weights[f"{name}.weight"].numpy(), weights[f"{name}.bias"].numpy()
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
        x = np.einsum("chwij,ocij->ohw", windows, kernel) + bias[:, None, None]
        x = np.maximum(x, 0)
        found[f"relu{name[4:]}"] = x
    return found


def numpy_paper_loss(image, content, style, weights) -> dict[str, float]:
    f, p, s = (numpy_features(picture, weights) for picture in (image, content, style))
    terms = {"content.relu4_2": 0.5 * ((f["relu4_2"] - p["relu4_2"]) ** 2).sum()}
    for layer in STYLE:
        n, m = f[layer].shape[0], f[layer][0].size
        flat, other = f[layer].reshape(n, m), s[layer].reshape(n, m)
        gram, target = flat @ flat.T, other @ other.T
        terms[f"style.{layer}"] = 1000 / 5 * ((gram - target) ** 2).sum() / (4 * n**2 * m**2)
    return terms


def make_loss(formula="paper", weights=PAPER, sizes=((32, 48), (32, 48)), shares=(1.0,)):
    network = random_weights(TINY, torch.float64)
    extractor = Extractor(
        network, weights.layers, topology=TINY, border="zeros", dtype=torch.float64
    )
    content = noise_picture(*sizes[0], 1).double()
    styles = [noise_picture(*sizes[1], seed).double() for seed in range(2, 2 + len(shares))]
    return PerceptualLoss(extractor, formula, weights, content, styles, shares), content, styles


def test_paper_losses_equal_plain_numpy():
    loss, content, styles = make_loss()
    image = noise_picture(32, 48, 9).double()
    terms = loss(image)
    expected = numpy_paper_loss(
        image[0].numpy(),
        content[0].numpy(),
        styles[0][0].numpy(),
        random_weights(TINY, torch.float64),
    )
    assert terms.keys() == expected.keys()
    for name, value in expected.items():
        assert float(terms[name]) == pytest.approx(value, rel=1e-10), name


def test_the_gradient_reaches_the_pixels_exactly():
    loss, _, _ = make_loss()
    image = noise_picture(32, 48, 9).double().requires_grad_()
    total = sum(loss(image).values())
    (gradient,) = torch.autograd.grad(total, image)
    direction = torch.randn(image.shape, generator=torch.Generator().manual_seed(1)).double()
    step = 1e-6
    with torch.no_grad():
        ahead, behind = (sum(loss(image + sign * step * direction).values()) for sign in (1, -1))
    slope = float((ahead - behind) / (2 * step))
    assert slope == pytest.approx(float((gradient * direction).sum()), rel=1e-5)


def test_the_style_picture_itself_has_no_style_loss():
    loss, content, _ = make_loss("impasto")
    assert float(loss(content)["content.relu4_2"]) == 0
    alike = PerceptualLoss(loss.extractor, "impasto", PAPER, content, [content], [1.0])
    assert all(float(term) == 0 for term in alike(content).values())


def test_relative_weights_mean_the_same_at_every_size():
    """The default loss of the same scene at twice the size is the same number."""
    values = []
    shallow = LossWeights({"relu2_2": 1.0}, {"relu1_1": 1.0, "relu2_1": 1.0}, 1.0, 20.0)
    for factor in (2, 4):
        weights = random_weights(TINY, torch.float64)
        extractor = Extractor(weights, shallow.layers, topology=TINY, dtype=torch.float64)
        tile = [1, 1, 4 * factor, 4 * factor]
        picture, content, style = (noise_picture(16, 16, s).double().repeat(tile) for s in range(3))
        loss = PerceptualLoss(extractor, "impasto", shallow, content, [style], [1.0])
        values.append(float(sum(loss(picture).values())))
    assert values[0] == pytest.approx(values[1], rel=0.1)


@pytest.mark.parametrize("formula", ["paper", "classic", "impasto"])
def test_paintings_of_other_sizes_pull_by_their_shares(formula):
    """Two to one, as the gradient of the weighted sum of their losses."""
    sizes, image = ((32, 48), (70, 33)), noise_picture(32, 48, 9).double()
    loss, content, styles = make_loss(formula, sizes=sizes, shares=(2.0, 1.0))
    alone = [
        PerceptualLoss(loss.extractor, formula, PAPER, content, [style], [1.0]) for style in styles
    ]
    both, first, second = (style_gradient(each, image) for each in (loss, *alone))
    if formula == "impasto":  # relative to what the mixture is itself
        assert cosine(both, first) > cosine(second, first)
        assert cosine(both, second) > cosine(first, second)
    else:
        expected = (2 * first + second) / 3
        assert (both - expected).norm() < 1e-10 * expected.norm()


def style_gradient(loss, image):
    image = image.clone().requires_grad_()
    total = sum(term for name, term in loss(image).items() if name.startswith("style."))
    return torch.autograd.grad(total, image)[0]


def cosine(one, other):
    return float(torch.nn.functional.cosine_similarity(one.flatten(), other.flatten(), dim=0))


def test_layers_of_weight_nothing_are_left_out():
    weights = LossWeights({"relu4_2": 1.0}, {"relu1_1": 1.0, "relu2_1": 0.0}, 1.0, 1.0, 0.5)
    loss, _, _ = make_loss("impasto", weights)
    names = set(loss(noise_picture(32, 48)))
    assert names == {"content.relu4_2", "style.relu1_1", "tv", "range"}


@pytest.mark.parametrize(("formula", "shares"), [("gatys", (1.0,)), ("paper", ())])
def test_contradictions_are_refused(formula, shares):
    good, content, styles = make_loss()
    with pytest.raises(ConfigError):
        PerceptualLoss(good.extractor, formula, PAPER, content, styles, shares)
