"""What runs a trained network: torch, or one of the faster runtimes that may be installed."""

from __future__ import annotations

import copy
import logging
from typing import Protocol

import torch
from torch import Tensor, nn

from impasto.core.device import autocast, pick_device, pick_dtype
from impasto.core.errors import ConfigError, MissingError, ResourceError, how_to_install
from impasto.core.memory import available_memory, format_size, parse_size
from impasto.core.tensors import size_of
from impasto.networks.model_file import ModelInfo
from impasto.networks.onnx_graph import to_onnx
from impasto.networks.options import LARGE
from impasto.networks.runtimes import fits, is_installed, make_runtime
from impasto.networks.shape import STRIP_PIXELS, NetworkOptions
from impasto.networks.strips import StripRunner
from impasto.networks.transform import TransformNet, pad_to_multiple

FIXED = 300e6
"""Bytes of the program itself."""

WHOLE = {"float32": 570.0, "bfloat16": 320.0}
"""Bytes per pixel of the networks with names, whole, in torch; measured."""

PICTURES = 45.0
"""Bytes per pixel of the picture in its stages, on the way from file to file."""

MARGIN = 1.1

SHARE = 0.7
"""Of the available memory, what is taken if nothing is said."""


def budget(memory: str | None) -> float:
    """Return the bytes that may be taken, from what was asked for or what is free."""
    return SHARE * available_memory() if memory is None else parse_size(memory)


def needs_strips(
    height: int, width: int, network: NetworkOptions, dtype: str, *, memory: str | None
) -> bool:
    """Return whether a picture is painted layer by layer in strips, which is exact but slower.

    Args:
        height: of the picture.
        width: of the picture.
        network: the network's shape.
        dtype: `float32`, or `bfloat16`.
        memory: as in `StylizeOptions`.

    Raises:
        ResourceError: too little even for strips.
    """
    pixels, allowed = height * width, budget(memory)
    if pixels <= LARGE and FIXED + pixels * WHOLE[dtype] <= allowed:
        return False
    full, half, _ = network.channels
    layers = 2 * full + 2 * half / 4  # the two largest, in half precision
    temporary = STRIP_PIXELS * 12 * max(full, half)
    needed = MARGIN * (FIXED + temporary + pixels * (PICTURES + layers))
    if needed > allowed:
        share = max(allowed / MARGIN - FIXED - temporary, 0) / (PICTURES + layers) / pixels
        fitting = int(max(height, width) * share**0.5)
        advice = f", or use --size {fitting}" if fitting else ""
        raise ResourceError(
            f"{width}x{height} pixels need {format_size(needed)} in one pass, and --memory allows "
            f"{format_size(allowed)}; allow more{advice}"
        )
    return True


log = logging.getLogger(__name__)

ENGINES = ("torch", "onnxruntime", "openvino")


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

    def __init__(
        self, net: TransformNet, device: str, dtype: str, memory: str | None = None
    ) -> None:
        self.memory = memory
        self.device = pick_device(device)
        self.dtype = pick_dtype(dtype, self.device)
        self.net = net.to(self.device)
        on_cpu = self.device.type == "cpu"
        self.half = (
            _with_half_convolutions(net) if on_cpu and self.dtype == torch.bfloat16 else None
        )

    @torch.inference_mode()
    def run(self, image: Tensor, style: Tensor | None) -> Tensor:
        """Return painted pictures, see `Engine`."""
        if self._is_large(image, style):
            return StripRunner(self.net, style, self.dtype).run(image).clamp_(0, 1)
        if self.half is not None:
            halved: Tensor = self.half(image.bfloat16(), style)
            return halved.float().clamp_(0, 1)
        style = None if style is None else style.to(self.device)
        with autocast(self.device, self.dtype):
            painted: Tensor = self.net(image.to(self.device), style)
        return painted.float().clamp(0, 1).cpu()

    def _is_large(self, image: Tensor, style: Tensor | None) -> bool:
        one_style = style is None or style.ndim == 2
        if self.device.type != "cpu" or len(image) > 1 or not one_style:
            return False
        dtype = "float32" if self.dtype == torch.float32 else "bfloat16"
        return needs_strips(*size_of(image), self.net.options, dtype, memory=self.memory)


def _with_half_convolutions(net: TransformNet) -> TransformNet:
    """Return a copy that works in bfloat16, but for the numbers of its normalization.

    Everything between the convolutions then moves half the bytes, which autocast leaves in
    float32: a third less time on a CPU (docs/benchmarks.md).
    """
    halved = copy.deepcopy(net)
    for module in halved.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.to(torch.bfloat16)
    return halved


class RuntimeEngine:
    """The network as an ONNX graph in one of the runtimes."""

    def __init__(self, name: str, net: TransformNet, info: ModelInfo, dtype: str) -> None:
        self.name = name
        self.runtime = make_runtime(name, to_onnx(net, info), dtype)

    def run(self, image: Tensor, style: Tensor | None) -> Tensor:
        """Return painted pictures, see `Engine`."""
        if style is not None and style.ndim != 2:
            raise ConfigError("a style for every place needs --engine torch")
        height, width = size_of(image)
        if not fits(height, width):
            image = pad_to_multiple(image)
        painted = self.runtime.run(image.cpu().numpy(), None if style is None else style.numpy())
        return torch.from_numpy(painted)[..., :height, :width].clamp(0, 1)


def make_engine(
    name: str,
    net: TransformNet,
    info: ModelInfo,
    *,
    device: str,
    dtype: str,
    by_place: bool,
    memory: str | None = None,
) -> Engine:
    """Return what runs a network.

    Args:
        name: one of `ENGINES`, or `auto`: the fastest that is installed.
        net: the network.
        info: its description.
        device: where torch runs; the others know only the CPU.
        dtype: `auto`, `float32` or `bfloat16`.
        by_place: whether the style will be one for every place.
        memory: how much torch may take on the CPU; 70 % of what is free if None.

    Raises:
        ConfigError: no such engine, or one that cannot do this.
        MissingError: it is not installed.
    """
    chosen = pick_engine(device, by_place=by_place) if name == "auto" else name
    if chosen not in ENGINES:
        raise ConfigError(f"--engine {name!r} is not one of auto, {', '.join(ENGINES)}")
    if chosen == "torch":
        log.info("engine: torch")
        return TorchEngine(net, device, dtype, memory)
    if not is_installed(chosen):
        raise MissingError(f"--engine {chosen} is not installed: {how_to_install(chosen)}")
    if by_place:
        raise ConfigError(f"--style-map needs --engine torch; {chosen} has one style per picture")
    if pick_device(device).type != "cpu":
        raise ConfigError(f"--engine {chosen} runs on the CPU; leave out --device {device}")
    net = net.to("cpu")
    pick_dtype(dtype, torch.device("cpu"))
    return RuntimeEngine(chosen, net, info, dtype)


def pick_engine(device: str, *, by_place: bool) -> str:
    """Return the fastest engine that is installed (docs/benchmarks.md)."""
    place = pick_device(device)
    if by_place or place.type != "cpu":
        return "torch"
    if is_installed("openvino"):
        return "openvino"
    has_bfloat16 = pick_dtype("auto", place) == torch.bfloat16
    return "onnxruntime" if is_installed("onnxruntime") and not has_bfloat16 else "torch"
