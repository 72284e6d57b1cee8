"""The bundled styles: what they say of themselves, and that they paint."""

import io

import pytest
import torch
from PIL import Image

from impasto import assets
from impasto.core.tensors import fit_long_side, resize, size_of
from impasto.io.image import read_picture
from impasto.losses.content import relative_distance
from impasto.losses.style import gram_matrix
from impasto.models.file import load_model, read_info
from impasto.models.registry import NETWORKS, styles
from impasto.perception.extractor import Extractor

STYLES = styles()
LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_2")


def test_the_styles_of_the_readme_are_there():
    assert {"starry-night", "great-wave"} <= set(STYLES)


@pytest.mark.parametrize("name", STYLES)
def test_a_bundled_style_explains_itself(name):
    info = read_info(STYLES[name])
    (style,) = info.styles
    assert style.name == name
    assert "public domain" in style.credit
    assert info.licence
    assert Image.open(io.BytesIO(style.thumbnail)).size >= (32, 32)
    assert info.network_name in NETWORKS
    assert {"options", "steps", "seconds", "photos", "styles"} <= set(info.recipe)
    limit = 1e6 if info.network_name == "small" else 3.5e6
    assert STYLES[name].stat().st_size < limit


@pytest.fixture(scope="module")
def extractor(weights):
    return Extractor(weights, LAYERS)


@pytest.mark.parametrize("name", STYLES)
def test_a_bundled_style_keeps_the_photo_and_takes_the_style(name, extractor):
    """Nearer to the painting than the photo is, in every layer; the photo is still there."""
    net, info = load_model(STYLES[name])
    photo = at(256, read_picture(assets.find("astronaut")).image)
    painting = read_picture(io.BytesIO(info.styles[0].thumbnail).getvalue()).image
    with torch.no_grad():
        painted = net(photo).clamp(0, 1)
        seen = {key: extractor(x) for key, x in (("photo", photo), ("painted", painted))}
        wanted = extractor(at(256, painting))
    content = relative_distance(seen["painted"]["relu4_2"], seen["photo"]["relu4_2"])
    assert 0.2 < float(content) < 1.8
    target = gram_matrix(wanted["relu1_2"])
    before, after = (
        float(relative_distance(gram_matrix(seen[key]["relu1_2"]), target))
        for key in ("photo", "painted")
    )
    assert after < before


def at(size, image):
    return resize(image, *fit_long_side(*size_of(image), size))
