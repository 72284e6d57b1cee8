"""What runs a trained network: torch, or one of the faster runtimes that may be installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from platformdirs import user_cache_path
from torch import Tensor

from impasto.core.device import autocast, pick_device, pick_dtype
from impasto.core.errors import ConfigError, MissingError
from impasto.core.tensors import size_of
from impasto.models.file import ModelInfo
from impasto.models.onnx_graph import to_onnx
from impasto.models.strips import StripRunner
from impasto.models.transform import SMALLEST_SIDE, TransformNet, pad_to_multiple

ENGINES = ("torch", "onnxruntime", "openvino")

LARGE = 3_000_000
"""Pixels above which a picture is painted layer by layer in strips, in bounded memory."""

COMPILED = 4
"""Sizes for which OpenVINO keeps a compiled network in memory."""


class Engine(Protocol):
    """Runs one network."""

    name: str

    def run(self, image: Tensor, style: Tensor | None) -> Tensor:
        """Return painted pictures.

        Args:
            image: (B, 3, H, W), sRGB in [0, 1], any size.
            style: (1, S) weights of the network's styles; None for its first. torch also takes
                (1, S, h, w), for every place.

        Returns:
            (B, 3, H, W) float32 in [0, 1], on the CPU.
        """


class TorchEngine:
    """The network as it is."""

    name = "torch"

    def __init__(self, net: TransformNet, device: str, dtype: str) -> None:
        self.device = pick_device(device)
        self.dtype = pick_dtype(dtype, self.device)
        self.net = net.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.inference_mode()
    def run(self, image: Tensor, style: Tensor | None) -> Tensor:
        """Return painted pictures, see `Engine`."""
        if self._is_large(image, style):
            return StripRunner(self.net, style, self.dtype).run(image).clamp_(0, 1)
        image = image.to(self.device).contiguous(memory_format=torch.channels_last)
        style = None if style is None else style.to(self.device)
        with autocast(self.device, self.dtype):
            painted: Tensor = self.net(image, style)
        return painted.float().clamp(0, 1).cpu()

    def _is_large(self, image: Tensor, style: Tensor | None) -> bool:
        one_style = style is None or style.ndim == 2
        pixels = image.shape[-2] * image.shape[-1]
        return self.device.type == "cpu" and len(image) == 1 and one_style and pixels > LARGE


class _OnnxEngine:
    """What the runtimes for ONNX graphs have in common."""

    def run(self, image: Tensor, style: Tensor | None) -> Tensor:
        """Return painted pictures, see `Engine`."""
        height, width = size_of(image)
        if min(height, width) < SMALLEST_SIDE:
            image = pad_to_multiple(image)
        inputs = [np.ascontiguousarray(image.cpu().numpy())]
        if style is not None:
            if style.ndim != 2:
                raise ConfigError("a style for every place needs --engine torch")
            inputs.append(np.ascontiguousarray(style.cpu().numpy()))
        return torch.from_numpy(self._run(inputs))[..., :height, :width].clamp(0, 1)

    def _run(self, inputs: list[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
        raise NotImplementedError


class OnnxRuntimeEngine(_OnnxEngine):
    """ONNX Runtime, in float32."""

    name = "onnxruntime"

    def __init__(self, net: TransformNet, info: ModelInfo) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(
            to_onnx(net, info), options, providers=["CPUExecutionProvider"]
        )

    def _run(self, inputs: list[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
        names = [each.name for each in self.session.get_inputs()]
        painted: np.ndarray[Any, Any] = self.session.run(
            None, dict(zip(names, inputs, strict=True))
        )[0]
        return painted


class OpenVinoEngine(_OnnxEngine):
    """OpenVINO, compiled for every size; what was compiled is kept in the user's cache."""

    name = "openvino"

    def __init__(self, net: TransformNet, info: ModelInfo, dtype: str) -> None:
        import openvino

        self.core = openvino.Core()
        self.config = {
            "CACHE_DIR": str(user_cache_path("impasto") / "openvino"),
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": {torch.bfloat16: "bf16"}.get(
                pick_dtype(dtype, torch.device("cpu")), "f32"
            ),
        }
        self.graph = to_onnx(net, info)
        self.compiled: dict[tuple[int, ...], Callable[..., Any]] = {}

    def _run(self, inputs: list[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
        shape = inputs[0].shape
        if shape not in self.compiled:
            model = self.core.read_model(self.graph, b"")
            model.reshape({model.inputs[0]: list(shape)})
            while len(self.compiled) >= COMPILED:
                self.compiled.pop(next(iter(self.compiled)))
            self.compiled[shape] = self.core.compile_model(model, "CPU", self.config)
        painted: np.ndarray[Any, Any] = self.compiled[shape](inputs)[0].copy()
        return painted


def make_engine(
    name: str, net: TransformNet, info: ModelInfo, *, device: str, dtype: str, by_place: bool
) -> Engine:
    """Return what runs a network.

    Args:
        name: one of `ENGINES`, or `auto`: the fastest that is installed.
        net: the network.
        info: its description.
        device: where torch runs; the others know only the CPU.
        dtype: `auto`, `float32` or `bfloat16`.
        by_place: whether the style will be one for every place.

    Raises:
        ConfigError: no such engine, or one that cannot do this.
        MissingError: it is not installed.
    """
    chosen = pick_engine(device, by_place=by_place) if name == "auto" else name
    if chosen not in ENGINES:
        raise ConfigError(f"--engine {name!r} is not one of auto, {', '.join(ENGINES)}")
    if chosen == "torch":
        return TorchEngine(net, device, dtype)
    if not is_installed(chosen):
        raise MissingError(
            f"--engine {chosen} is not installed; install it with: pip install 'impasto[{chosen}]'"
        )
    if by_place:
        raise ConfigError(f"--style-map needs --engine torch; {chosen} has one style per picture")
    if pick_device(device).type != "cpu":
        raise ConfigError(f"--engine {chosen} runs on the CPU; leave out --device {device}")
    net = net.to("cpu")
    if chosen == "onnxruntime":
        return OnnxRuntimeEngine(net, info)
    return OpenVinoEngine(net, info, dtype)


def pick_engine(device: str, *, by_place: bool) -> str:
    """Return the fastest engine that is installed (docs/benchmarks.md)."""
    place = pick_device(device)
    if by_place or place.type != "cpu":
        return "torch"
    if is_installed("openvino"):
        return "openvino"
    has_bfloat16 = pick_dtype("auto", place) == torch.bfloat16
    return "onnxruntime" if is_installed("onnxruntime") and not has_bfloat16 else "torch"


def is_installed(engine: str) -> bool:
    """Return whether an engine can be imported."""
    return importlib.util.find_spec(engine) is not None
