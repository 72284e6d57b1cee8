"""A trained network as an ONNX graph of any size, written node by node.

Building the graph by hand keeps it small and readable (some ten kinds of nodes), its height and
width free, and needs no tracer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from impasto.core.errors import ModelFileError
from impasto.io.temporary import write_atomically
from impasto.networks.model_file import KEY, PAINTED, ModelInfo
from impasto.networks.shape import EPSILON, MULTIPLE, Layer, NetworkOptions, layers

if TYPE_CHECKING:
    from impasto.networks.transform import TransformNet

Array = np.ndarray[Any, Any]
Weights = Mapping[str, Array]
"""A network's parameters in float32, by name."""

OPSET = 17
SHUFFLED = 12
"""Channels of 2x2 pixels of three colors."""

IR_VERSION = 8
"""Old enough for the runtimes of the last years."""


class _Graph:
    """Collects nodes and constants; every method returns the name of what it adds."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[TensorProto] = []

    def constant(self, value: object, dtype: type = np.float32) -> str:
        name = f"constant_{len(self.constants)}"
        array: np.ndarray[Any, Any] = np.asarray(value, dtype)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def numbers(self, *values: int) -> str:
        return self.constant(values, np.int64)

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name


def to_onnx(net: TransformNet, info: ModelInfo, style: Sequence[float] | None = None) -> bytes:
    """Return the network as an ONNX file, see `build_onnx`."""
    weights = {name: value.detach().cpu().float().numpy() for name, value in net.named_parameters()}
    return build_onnx(net.options, weights, info, style)


def build_onnx(
    options: NetworkOptions,
    parameters: Weights,
    info: ModelInfo,
    style: Sequence[float] | None = None,
) -> bytes:
    """Return a network as an ONNX file.

    Its input `image` is (N, 3, H, W), sRGB in [0, 1], any size from 16 pixels a side up; its
    output `painted` has the same shape and range. A network of several styles has a second input
    `style`, (1, S): how much of each, adding up to 1.

    Args:
        options: the network's shape.
        parameters: of the network, by name.
        info: what its file says about itself; kept in the metadata.
        style: how much of each style, to fix it; the input `style` is then left out.
    """
    graph = _Graph()
    styles = options.styles
    weights = None
    if style is not None:
        weights = graph.constant([list(style)])
    elif styles > 1:
        weights = "style"
    x, height, width = _padded(graph, "image")
    x = graph.add("Add", graph.add("Mul", x, graph.constant(2.0)), graph.constant(-1.0))
    if options.stem == "unshuffle":
        x = graph.add("SpaceToDepth", x, blocksize=2)
    added = _Layers(graph, parameters, weights)
    kept = x
    *others, last = layers(options)
    for layer in others:
        kept = x if layer.keeps else kept
        x = added.layer(x, layer)
        x = graph.add("Add", kept, x) if layer.adds else x
        x = graph.add("Relu", x) if layer.activates else x
    x = _convolve(graph, x, parameters[f"{last.name}.weight"], parameters[f"{last.name}.bias"])
    x = _to_picture(graph, x, options.output)
    ends = graph.add("Concat", height, width, axis=0)
    x = graph.add("Slice", x, graph.numbers(0, 0), ends, graph.numbers(2, 3))
    graph.nodes.append(
        helper.make_node("Clip", [x, graph.constant(0.0), graph.constant(1.0)], ["painted"])
    )
    return _to_file(graph, info, styles if weights == "style" else 0)


def _to_file(graph: _Graph, info: ModelInfo, styles: int) -> bytes:
    shape: list[str | int | None] = ["N", 3, "H", "W"]
    inputs = [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)]
    if styles:
        inputs.append(helper.make_tensor_value_info("style", TensorProto.FLOAT, [1, styles]))
    output = helper.make_tensor_value_info("painted", TensorProto.FLOAT, shape)
    body = helper.make_graph(graph.nodes, "impasto", inputs, [output], graph.constants)
    model = helper.make_model(
        body,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="impasto",
        producer_version=info.version,
        doc_string=f"A network that paints; {PAINTED}.",
    )
    helper.set_model_props(model, {KEY: info.to_json()})
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data


def _padded(graph: _Graph, image: str) -> tuple[str, str, str]:
    """Return the picture mirrored up to a multiple of 4, its height and its width."""
    shape = graph.add("Shape", image)
    sides, missing = [], []
    for axis in (2, 3):
        side = graph.add("Gather", shape, graph.numbers(axis), axis=0)  # (1,)
        lack = graph.add("Mod", graph.add("Neg", side), graph.numbers(MULTIPLE))
        sides.append(side)
        missing.append(lack)
    pads = graph.add("Concat", graph.numbers(0, 0, 0, 0, 0, 0), *missing, axis=0)
    return graph.add("Pad", image, pads, mode="reflect"), sides[0], sides[1]


def _mirror(graph: _Graph, x: str, border: int) -> str:
    if not border:
        return x
    pads = graph.numbers(0, 0, border, border, 0, 0, border, border)
    return graph.add("Pad", x, pads, mode="reflect")


def _convolve(
    graph: _Graph,
    x: str,
    weight: Array,
    bias: Array | None,
    *,
    stride: int = 1,
) -> str:
    kernel = weight.shape[-1]
    inputs = [_mirror(graph, x, kernel // 2), graph.constant(weight)]
    if bias is not None:
        inputs.append(graph.constant(bias))
    return graph.add("Conv", *inputs, kernel_shape=[kernel, kernel], strides=[stride, stride])


def _as_onnx_shuffles(weight: Array) -> Array:
    """Return weights for pixels that ONNX has rearranged.

    torch puts the 2x2 pixels of a color together, ONNX the colors of a pixel.
    """
    order = [color * 4 + pixel for pixel in range(4) for color in range(3)]
    return np.ascontiguousarray(weight[:, order])


class _Layers:
    """Adds layers to a graph, each with its instance normalization.

    Args:
        graph: what they are added to.
        parameters: of the network.
        styles: name of the styles' weights, None for the first style.
    """

    def __init__(self, graph: _Graph, parameters: Weights, styles: str | None) -> None:
        self.graph, self.parameters, self.styles = graph, parameters, styles

    def layer(self, x: str, layer: Layer) -> str:
        if layer.enlarges == "transposed":
            return self.transposed(x, layer.name)
        if layer.enlarges == "nearest":
            x = self._doubled(x)
        weight = self.parameters[f"{layer.name}.conv.weight"]
        if layer.inputs == SHUFFLED:
            weight = _as_onnx_shuffles(weight)
        x = _convolve(self.graph, x, weight, None, stride=layer.stride)
        return self._normalize(x, layer.name)

    def _doubled(self, x: str) -> str:
        return self.graph.add(
            "Resize",
            x,
            "",
            self.graph.constant([1.0, 1.0, 2.0, 2.0]),
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )

    def transposed(self, x: str, name: str) -> str:
        graph = self.graph
        x = graph.add(
            "ConvTranspose",
            _mirror(graph, x, 1),
            graph.constant(self.parameters[f"{name}.conv.weight"]),
            kernel_shape=[3, 3],
            strides=[2, 2],
            pads=[1, 1, 1, 1],
            output_padding=[1, 1],
        )
        x = graph.add("Slice", x, graph.numbers(2, 2), graph.numbers(-2, -2), graph.numbers(2, 3))
        return self._normalize(x, name)

    def _normalize(self, x: str, name: str) -> str:
        graph = self.graph
        scales = self.parameters[f"{name}.norm.weight"]  # (S, C)
        shifts = self.parameters[f"{name}.norm.bias"]
        channels = scales.shape[1]
        if self.styles is None:
            one, other = graph.constant(scales[0]), graph.constant(shifts[0])
            return graph.add("InstanceNormalization", x, one, other, epsilon=EPSILON)
        ones, zeros = graph.constant(np.ones(channels)), graph.constant(np.zeros(channels))
        x = graph.add("InstanceNormalization", x, ones, zeros, epsilon=EPSILON)
        shape = graph.numbers(1, channels, 1, 1)
        for kind, rows in (("Mul", scales), ("Add", shifts)):
            row = graph.add("MatMul", self.styles, graph.constant(rows))  # (1, C)
            x = graph.add(kind, x, graph.add("Reshape", row, shape))
        return x


def _to_picture(graph: _Graph, x: str, output: str) -> str:
    if output == "sigmoid":
        return graph.add("Sigmoid", x)
    if output == "tanh":
        x = graph.add("Tanh", x)
    half = graph.constant(0.5)
    return graph.add("Add", graph.add("Mul", x, half), half)


def write_onnx(
    path: Path, net: TransformNet, info: ModelInfo, style: Sequence[float] | None = None
) -> int:
    """Write the network as an ONNX file under a temporary name that is then renamed.

    Returns:
        Its size in bytes.

    Raises:
        ModelFileError: it cannot be written.
    """
    data = to_onnx(net, info, style)
    try:
        write_atomically(path, data)
    except OSError as error:
        raise ModelFileError(f"cannot write {path}: {error}") from error
    return len(data)


LEVELS = 127
"""Of a weight of 8 bits, on either side of zero."""


def with_small_weights(model: bytes) -> bytes:
    """Return an ONNX file with the weights of its convolutions in 8 bits: a quarter of the size.

    Every output channel has a scale of its own. Runtimes turn them back into floating numbers when
    they load the file, so that it paints as fast as before, and in hardly another way: a weight is
    off by at most a 254th of the largest of its channel.
    """
    loaded = onnx.load_model_from_string(model)
    graph = loaded.graph
    widened = []
    for tensor in list(graph.initializer):
        weight = numpy_helper.to_array(tensor)
        if weight.ndim != 4:
            continue
        scale = np.abs(weight).max(axis=(1, 2, 3)).clip(1e-12) / LEVELS
        levels = np.rint(weight / scale[:, None, None, None]).astype(np.int8)
        graph.initializer.remove(tensor)
        graph.initializer.extend(
            [
                numpy_helper.from_array(levels, f"{tensor.name}_levels"),
                numpy_helper.from_array(scale.astype(np.float32), f"{tensor.name}_scale"),
            ]
        )
        inputs = [f"{tensor.name}_levels", f"{tensor.name}_scale"]
        widened.append(helper.make_node("DequantizeLinear", inputs, [tensor.name], axis=0))
    for node in reversed(widened):
        graph.node.insert(0, node)
    onnx.checker.check_model(loaded)
    data: bytes = loaded.SerializeToString()
    return data
