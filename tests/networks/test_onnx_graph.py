import json
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from impasto.networks.model_file import KEY, PAINTED, ModelInfo, StyleInfo
from impasto.networks.onnx_graph import OPSET, to_onnx
from impasto.networks.registry import NETWORKS
from impasto.networks.transform import NetworkOptions
from support import noise_picture, random_net

SHAPES = {
    "johnson": NETWORKS["johnson"],
    "small": NETWORKS["small"],
    "linear": NetworkOptions(channels=(4, 6, 8), blocks=1, kernel=3, output="linear"),
    "sigmoid": NetworkOptions(channels=(4, 6, 8), blocks=2, kernel=1, output="sigmoid"),
}


def make(options):
    styles = tuple(StyleInfo(f"style-{number}") for number in range(options.styles))
    return random_net(options), ModelInfo(options, styles)


def run(data, **inputs):
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    assert {each.name for each in session.get_inputs()} == inputs.keys()
    return session.run(None, {name: value.numpy() for name, value in inputs.items()})[0]


@pytest.mark.parametrize("name", SHAPES)
def test_the_graph_paints_as_torch_does_at_any_size(name):
    net, info = make(SHAPES[name])
    data = to_onnx(net, info)
    for size in ((16, 16), (33, 50), (64, 47)):
        image = noise_picture(*size)
        with torch.no_grad():
            expected = net(image).clamp(0, 1).numpy()
        assert np.abs(run(data, image=image) - expected).max() < 1e-4


def test_of_several_styles_the_weights_are_an_input_or_fixed():
    net, info = make(replace(SHAPES["linear"], styles=3, output="tanh"))
    image, weights = noise_picture(33, 50), torch.tensor([[0.2, 0.3, 0.5]])
    with torch.no_grad():
        expected = net(image, weights).numpy()
    given = run(to_onnx(net, info), image=image, style=weights)
    fixed = run(to_onnx(net, info, weights[0].tolist()), image=image)
    assert np.abs(given - expected).max() < 1e-4
    assert np.abs(fixed - expected).max() < 1e-4


def test_the_file_says_what_it_is():
    net, info = make(SHAPES["linear"])
    model = onnx.load_from_string(to_onnx(net, info))
    assert model.opset_import[0].version == OPSET
    stored = {prop.key: prop.value for prop in model.metadata_props}
    assert json.loads(stored[KEY])["styles"][0]["name"] == "style-0"
    assert PAINTED in model.doc_string
