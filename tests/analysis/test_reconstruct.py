import math

import pytest
import torch

from impasto import assets
from impasto.analysis.options import ReconstructOptions
from impasto.analysis.reconstruct import reconstructions
from impasto.analysis.series import paint_series
from impasto.core.errors import ConfigError
from impasto.core.events import Drawn
from impasto.core.tensors import cover, resize
from impasto.io.image import read_picture
from impasto.losses.content import relative_distance
from impasto.losses.style import gram_matrix
from impasto.perception.extractor import Extractor
from support import noise_picture


def paint(weights, image, **options):
    """Return all pictures of a reconstruction, by name."""
    options = ReconstructOptions(dtype="float32", **options)
    events = paint_series(reconstructions(image, options), weights)
    return {event.name: event.image for event in events if isinstance(event, Drawn)}


def psnr(one, other):
    return -10 * math.log10(float((one - other).square().mean()))


@pytest.fixture(scope="module")
def castle():
    return resize(read_picture(assets.find("castle")).image, 43, 64)


def test_shallow_layers_keep_nearly_everything_and_deep_ones_less(weights, castle):
    """The paper's finding: the deeper, the freer the pixels."""
    found = {}
    for layer in ("relu1_2", "relu3_2", "relu5_2"):
        pictures = paint(weights, castle, content_layers=(layer,), size=64, coarsest=32)
        (picture,) = pictures.values()
        found[layer] = psnr(picture, castle)
    assert found["relu1_2"] > 30
    assert found["relu1_2"] > found["relu3_2"] + 3 > found["relu5_2"] + 6


def test_a_texture_has_the_gram_matrices_of_its_picture(weights):
    wave = cover(read_picture(assets.find("great-wave")).image, 64, 64)
    layers = ("relu1_1", "relu2_1", "relu3_1")
    options = {"style_layers": layers, "size": (96, 64), "steps": (80,), "coarsest": 0}
    (texture,) = paint(weights, wave, **options).values()
    assert texture.shape == (1, 3, 64, 96)
    extractor = Extractor(weights, layers, pooling="average")
    noise = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    for layer in layers:
        target = gram_matrix(extractor(wave)[layer])
        near, far = (
            float(relative_distance(gram_matrix(extractor(image)[layer]), target))
            for image in (texture, noise)
        )
        assert near < 0.05 * far, layer
    assert texture.std(dim=(2, 3)).min() > 0.03  # no dead gray


def test_the_papers_figure_is_five_contents_and_five_growing_styles():
    tasks = reconstructions(noise_picture(32, 32), ReconstructOptions(all=True))
    assert [task.name for task in tasks[:2]] == ["content relu1_2", "content relu2_2"]
    assert [len(task.options.style_layers) for task in tasks[5:]] == [1, 2, 3, 4, 5]
    assert tasks[-1].name == "style relu1_1 .. relu5_1"
    assert not any(task.styles for task in tasks[:5])


def test_a_picture_is_never_enlarged_for_its_texture():
    image = noise_picture(40, 60)
    options = ReconstructOptions(style_layers=("relu1_1",), size=(240, 80))
    (task,) = reconstructions(image, options)
    assert task.content.shape == (1, 3, 80, 240)
    assert task.options.style_scale * 240 == pytest.approx(60)
    (small,) = reconstructions(
        image, ReconstructOptions(style_layers=("relu1_1",), size=60, style_scale=0.5)
    )
    assert small.options.style_scale * 60 == pytest.approx(30)


@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (33, 31)])
@pytest.mark.parametrize("layers", ["content_layers", "style_layers"])
def test_any_size_down_to_one_pixel(tiny, shape, layers):
    options = {layers: ("relu4_1",), "size": max(shape), "steps": (2,), "coarsest": 0}
    (picture,) = paint(tiny, noise_picture(*shape), **options).values()
    assert picture.shape[-2:] == shape
    assert torch.isfinite(picture).all()


@pytest.mark.parametrize("layers", ["content_layers", "style_layers"])
def test_an_unknown_layer_is_named_with_the_one_that_was_meant(layers):
    with pytest.raises(ConfigError, match=r"no layer 'rleu3_1' \(did you mean relu3_1\?\)"):
        reconstructions(noise_picture(32, 32), ReconstructOptions(**{layers: ("rleu3_1",)}))


def test_a_wrapped_texture_has_no_seam(weights):
    """Steps from one side to the other are like those between any two neighbors."""
    painting = read_picture(assets.find("starry-night")).image
    layers = ("relu1_1", "relu2_1", "relu3_1")
    ratios = {}
    for wrap in ("none", "both"):
        options = {"style_layers": layers, "size": (96, 80), "steps": (20,), "wrap": wrap}
        (texture,) = paint(weights, painting, **options).values()
        inside = float((texture[..., 1:] - texture[..., :-1]).abs().mean())
        across = float((texture[..., 0] - texture[..., -1]).abs().mean())
        ratios[wrap] = across / inside
    assert ratios["both"] < 1.5
    assert ratios["none"] > 1.5 * ratios["both"]
