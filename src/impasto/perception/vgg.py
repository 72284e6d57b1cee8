"""The shape of the VGG networks, their layer names and what they want to be fed.

This is the one place that knows an input convention. Everywhere else a picture is sRGB in [0, 1].
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.core.errors import ConfigError

_LAYER = re.compile(r"(conv|relu)([1-5])_([1-4])")


@dataclass(frozen=True)
class Topology:
    """A VGG network: blocks of 3x3 convolutions, each followed by a ReLU, each block by a pool.

    Source: simonyan2015, table 1, columns D (VGG-16) and E (VGG-19).
    """

    name: str
    blocks: tuple[int, ...]
    """Convolutions per block."""

    channels: tuple[int, ...]
    """Channels of each block's convolutions."""

    mean: tuple[float, float, float]
    """Subtracted from the picture (R, G, B), in units of the picture times `white`."""

    std: tuple[float, float, float]
    """Divided by after that."""

    white: float
    """What the value 1.0 becomes before the mean is subtracted."""

    @property
    def convolutions(self) -> tuple[str, ...]:
        """Names of all convolutions in order: `conv1_1`, `conv1_2`, `conv2_1` and so on."""
        return tuple(
            f"conv{block}_{index}"
            for block, count in enumerate(self.blocks, start=1)
            for index in range(1, count + 1)
        )

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of every weight and bias, by names such as `conv1_1.weight`."""
        shapes: dict[str, tuple[int, ...]] = {}
        incoming = 3
        for name in self.convolutions:
            outgoing = self.channels[int(name[4]) - 1]
            shapes[f"{name}.weight"] = (outgoing, incoming, 3, 3)
            shapes[f"{name}.bias"] = (outgoing,)
            incoming = outgoing
        return shapes

    def split(self, layer: str) -> tuple[str, str]:
        """Return (`conv` or `relu`, the convolution's name) of a layer such as `relu4_2`.

        Raises:
            ConfigError: this network has no such layer.
        """
        match = _LAYER.fullmatch(layer)
        name = f"conv{match[2]}_{match[3]}" if match else ""
        if not match or name not in self.convolutions:
            raise ConfigError(
                f"{self.name} has no layer {layer!r}{self._nearest(layer)}; layers are "
                f"conv1_1 .. {self.convolutions[-1]} and relu1_1 .. relu{self.convolutions[-1][4:]}"
            )
        return match[1], name

    def _nearest(self, layer: str) -> str:
        """Return a question for the layer that was meant, empty if none is near."""
        names = [
            name.replace("conv", kind) for kind in ("relu", "conv") for name in self.convolutions
        ]
        near = difflib.get_close_matches(layer.lower(), names, n=1)
        return f" (did you mean {near[0]}?)" if near else ""

    def work(self, layers: Iterable[str]) -> float:
        """Return the multiplications per pixel of one pass as deep as `layers`.

        Args:
            layers: names such as `relu4_2`; at least one.

        >>> VGG16.work(["relu1_1"])
        1728.0
        """
        convolutions = [self.split(layer)[1] for layer in layers]
        depth = max(self.convolutions.index(name) for name in convolutions)
        shapes = self.shapes()
        return sum(
            math.prod(shapes[f"{name}.weight"]) / 4.0 ** (int(name[4]) - 1)
            for name in self.convolutions[: depth + 1]
        )

    def normalize(self, image: Tensor) -> Tensor:
        """Return the picture as this network was trained to see it.

        Args:
            image: (B, 3, H, W), sRGB in [0, 1].
        """
        mean = torch.tensor(self.mean, dtype=image.dtype, device=image.device).view(1, 3, 1, 1)
        std = torch.tensor(self.std, dtype=image.dtype, device=image.device).view(1, 3, 1, 1)
        return (image * self.white - mean) / std


VGG16 = Topology(
    name="vgg16",
    blocks=(2, 2, 3, 3, 3),
    channels=(64, 128, 256, 512, 512),
    mean=(123.68, 116.779, 103.939),
    std=(1.0, 1.0, 1.0),
    white=255.0,
)
"""The papers' network in the original (Caffe) convention: 0-255, mean subtracted."""

VGG19 = Topology(
    name="vgg19",
    blocks=(2, 2, 4, 4, 4),
    channels=(64, 128, 256, 512, 512),
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
    white=1.0,
)
"""torchvision's VGG-19, which was trained on [0, 1] with mean and deviation normalized."""

TOPOLOGIES = {topology.name: topology for topology in (VGG16, VGG19)}
