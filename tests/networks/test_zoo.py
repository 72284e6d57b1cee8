"""The bundled styles: what they say of themselves, and that they paint."""

import io

import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from impasto import assets
from impasto.core.tensors import fit_long_side, resize, size_of
from impasto.io.color import to_luminance
from impasto.io.image import read_picture
from impasto.losses.content import relative_distance
from impasto.losses.evenness import lattice
from impasto.losses.style import gram_matrix
from impasto.networks.any_style import STATISTICS_LAYERS, encode_style
from impasto.networks.model_file import load_any_style, load_model, read_info
from impasto.networks.registry import (
    BASE,
    LEAN,
    NETWORKS,
    ZOO,
    find_any_model,
    styles,
)
from impasto.perception.extractor import Extractor
from impasto.perception.weights import load_weights

STYLES = styles()
LEAST_SEEN = 1.5 / 255
"""Root of the mean square of a pattern that nobody sees: one and a half of 256 steps."""

ON_A_WALL = 3.2 / 255

LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_2")


def test_the_styles_of_the_readme_are_there():
    assert {"starry-night", "great-wave"} <= set(STYLES)


@pytest.mark.parametrize("name", STYLES)
def test_a_bundled_style_explains_itself(name):
    info = read_info(STYLES[name])
    style = next(style for style in info.styles if style.name == name)
    assert "public domain" in style.credit
    assert info.license
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
    number = [style.name for style in info.styles].index(name)
    painting = read_picture(info.styles[number].thumbnail).image
    weights = torch.eye(len(info.styles))[[number]]
    with torch.no_grad():
        painted = net(photo, weights).clamp(0, 1)
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


@pytest.mark.parametrize("name", ["summertime", "great-wave", "composition-viii"])
def test_the_network_for_any_painting_takes_each_ones_style(name, extractor):
    photo, painting = (read_picture(assets.find(each)).image for each in ("astronaut", name))
    look = Extractor(load_weights(), STATISTICS_LAYERS)
    net, info = load_any_style(find_any_model())
    assert {"options", "steps", "seconds", "photos", "paintings"} <= set(info.recipe)
    photo = at(256, photo)
    with torch.no_grad():
        painted = net.with_styles(encode_style(look, painting))(photo)
        seen = {key: extractor(x) for key, x in (("photo", photo), ("painted", painted))}
        wanted = extractor(at(256, painting))
    content = relative_distance(seen["painted"]["relu4_2"], seen["photo"]["relu4_2"])
    assert 0.2 < float(content) < 1.5
    left = []
    for layer in ("relu1_2", "relu2_2", "relu3_3"):
        target = gram_matrix(wanted[layer])
        before, after = (
            float(relative_distance(gram_matrix(seen[key][layer]), target))
            for key in ("photo", "painted")
        )
        assert after < before, layer
        left.append(after / before)
    assert sum(left) / 3 < 0.7


def test_many_styles_share_one_network():
    names = [style.name for style in read_info(ZOO / "sixteen.safetensors").styles]
    assert len(names) == 16
    assert set(names) == set(styles())


def test_the_base_is_the_mean_of_the_networks_of_its_shape():
    base, info = load_model(BASE)
    nets = [load_model(path)[0] for path in set(STYLES.values())]
    alike = [net for net in nets if net.options == base.options]
    assert len(alike) == 14
    assert info.styles[0].credit.count(",") == 13
    for name, weight in base.named_parameters():
        mean = torch.stack([net.get_parameter(name) for net in alike]).mean(0)
        assert torch.allclose(weight, mean, atol=2e-3, rtol=2e-3)
    assert "base" not in styles()


@pytest.mark.parametrize("name", STYLES)
def test_flat_places_show_no_lattice(name):
    """The sky of the castle, and an empty wall: no pattern of the network's own grid.

    The wall has the grain of a camera. Strokes that lie on it anywhere count for about two steps.
    """
    hold_to_even_places(*network_of(name))


@pytest.mark.parametrize("name", STYLES)
def test_fine_lines_are_light_and_dark_before_they_are_colored(name):
    """Woods once became green and magenta lines: fine steps of color larger than those of light."""
    net, weights = network_of(name)
    photo = at(512, read_picture(assets.find("castle")).image)
    with torch.no_grad():
        woods = net(photo, weights).clamp(0, 1)[..., 200:, :]
    light = to_luminance(woods)
    fine = [
        (part - F.avg_pool2d(part, 5, 1, 2)).square().mean().sqrt()
        for part in (woods - light, light)
    ]
    assert fine[0] < 0.7 * fine[1], float(fine[0] / fine[1])


@pytest.mark.parametrize("path", sorted(LEAN.glob("*.safetensors")), ids=lambda path: path.stem)
def test_browsers_get_lighter_networks_of_heavy_styles(path):
    net, info = load_model(path)
    assert [style.name for style in info.styles] == [path.stem]
    assert info.network_name == "multi"
    assert read_info(STYLES[path.stem]).network_name == "johnson"
    hold_to_even_places(net, None)


def test_every_heavy_style_has_a_lighter_network():
    heavy = {name for name, path in STYLES.items() if read_info(path).network_name == "johnson"}
    assert {path.stem for path in LEAN.glob("*")} == heavy


def network_of(name):
    """Return a bundled style's network, and the weights that choose the style in it."""
    net, info = load_model(STYLES[name])
    return net, torch.eye(len(info.styles))[[[style.name for style in info.styles].index(name)]]


def hold_to_even_places(net, weights):
    """Look at a sky and at walls in two directions."""
    sky = at(512, read_picture(assets.find("castle")).image)[..., :128, :]
    grain = torch.randn(1, 3, 256, 256, generator=torch.Generator().manual_seed(0)) / 255
    wall = torch.linspace(0.35, 0.65, 256).expand(1, 3, 256, 256) + grain
    for photo, limit in ((sky, LEAST_SEEN), (wall, ON_A_WALL), (wall.mT, ON_A_WALL)):
        with torch.no_grad():
            found = float(lattice(net(photo, weights), photo))
        assert found**0.5 < limit, found**0.5


@pytest.mark.parametrize("painting", ["cafe-terrace", "great-wave", "harvest"])
def test_nor_does_the_network_for_any_painting(painting, extractor):
    network, _ = load_any_style(find_any_model())
    statistics = encode_style(extractor, read_picture(assets.find(painting)).image)
    sky = at(512, read_picture(assets.find("castle")).image)[..., :128, :]
    with torch.no_grad():
        found = float(lattice(network(sky, statistics).clamp(0, 1), sky))
    assert found**0.5 < LEAST_SEEN, found**0.5


def at(size, image):
    return resize(image, *fit_long_side(*size_of(image), size))
