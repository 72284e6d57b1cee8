"""One pass through VGG, features by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.core.errors import ConfigError, ShapeError
from impasto.core.tensors import check_picture
from impasto.perception.vgg import VGG16, Topology

Pooling = Literal["max", "average"]
Border = Literal["replicate", "zeros"]

LAYOUT = torch.channels_last
"""Of features in memory: the channels of a place beside each other. A sixth faster on CPUs than one
channel after the other (docs/benchmarks.md)."""

AVERAGE_POOLING_GAIN = 1.5
"""Average pooling gives smaller numbers than maximum pooling. This factor keeps the root mean
square of relu2_1 .. relu5_1 within about 15 % of maximum pooling's on the bundled pictures; the
2.0 that is common for VGG-19 makes relu5_1 of the original VGG-16 three times too large."""


class Extractor(nn.Module):
    """A frozen VGG that returns the named layers of one pass, and runs no deeper than needed.

    Args:
        weights: `conv1_1.weight`, `conv1_1.bias` and so on, RGB order.
        layers: names such as `relu4_2` (after the ReLU) or `conv4_2` (before it).
        topology: which VGG.
        pooling: `max` as trained, or `average`, rescaled.
        border: what the first convolution sees outside the picture. `zeros` is the original;
            `replicate` keeps the frame that optimization otherwise paints around the picture away.
        dtype: of the convolutions and the features.

    Raises:
        ConfigError: no layer, an unknown layer, or weights that lack one.

    Source:
        simonyan2015, table 1. gatys2016 writes conv4_2 for what is called relu4_2 here: its
        gradients are zero where the response is not positive, so it means the rectified one.
    """

    def __init__(
        self,
        weights: Mapping[str, Tensor],
        layers: Iterable[str],
        *,
        topology: Topology = VGG16,
        pooling: Pooling = "max",
        border: Border = "replicate",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.topology = topology
        self.layers = tuple(dict.fromkeys(layers))
        self.pooling = pooling
        self.border = border
        if not self.layers:
            raise ConfigError("an extractor needs at least one layer, such as relu4_2")
        wanted = [topology.split(layer)[1] for layer in self.layers]
        depth = max(topology.convolutions.index(name) for name in wanted)
        self.convolutions = topology.convolutions[: depth + 1]
        for name in self.convolutions:
            for part in (f"{name}.weight", f"{name}.bias"):
                if part not in weights:
                    raise ConfigError(f"these weights are not {topology.name}: {part} is missing")
                self.register_buffer(part.replace(".", "_"), weights[part].to(dtype))

    @property
    def minimum_size(self) -> int:
        """The smallest side, in pixels, that survives the pools of this depth."""
        return stride_of(int(self.convolutions[-1][4]))

    @property
    def dtype(self) -> torch.dtype:
        """The type of the features."""
        return self.get_buffer("conv1_1_weight").dtype

    def channels(self, layer: str) -> int:
        """Return how many channels a layer has."""
        return int(self.get_buffer(f"{self.topology.split(layer)[1]}_weight").shape[0])

    def forward(self, image: Tensor, layers: Iterable[str] | None = None) -> dict[str, Tensor]:
        """Return the features of `image` by layer name.

        Args:
            image: (B, 3, H, W), sRGB in [0, 1], any floating type.
            layers: some of `self.layers`, to run no deeper than these; None for all.

        Returns:
            (B, C, H / 2^(block-1), W / 2^(block-1)) per layer, in `dtype`.

        Raises:
            ShapeError: not a picture, or a side under `minimum_size`.
        """
        check_picture(image)
        if min(image.shape[-2:]) < self.minimum_size:
            raise ShapeError(
                f"a picture of {image.shape[-1]}x{image.shape[-2]} is too small for "
                f"{self.convolutions[-1]}; it needs {self.minimum_size} pixels a side"
            )
        wanted = self.layers if layers is None else tuple(layers)
        found, _ = self.run(image, self.blocks(wanted), wanted)
        return {layer: found[layer] for layer in wanted}

    def blocks(self, layers: Iterable[str]) -> range:
        """Return the numbers of the blocks that `layers` need, from 1; none for no layers."""
        deepest = max((int(self.topology.split(layer)[1][4]) for layer in layers), default=0)
        return range(1, 1 + deepest)

    def run(
        self, x: Tensor, blocks: range, layers: Collection[str], *, pool: bool = False
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Run some blocks of the network, no deeper than needed.

        Args:
            x: what the first of them sees: for block 1 a picture as in `forward`, for the others
                (B, C, h, w) as the pool after the block before left it.
            blocks: numbers of consecutive blocks.
            layers: to return, if they are in these blocks; the deepest says where to end.
            pool: whether to go on through the pool after the last of them.

        Returns:
            Features by layer name, and what comes out at the end.
        """
        if not layers:
            return {}, x
        depth = max(self.convolutions.index(self.topology.split(layer)[1]) for layer in layers)
        names = [name for name in self.convolutions[: depth + 1] if int(name[4]) in blocks]
        found: dict[str, Tensor] = {}
        if blocks[0] == 1:
            x = self.topology.normalize(x).to(self.dtype)
        x = x.contiguous(memory_format=LAYOUT)
        for name in names:
            if name.endswith("_1") and name != names[0]:
                x = self._pool(x)
            x = self._convolve(x, name)
            if name in layers:
                found[name] = x
            x = F.relu(x)
            rectified = name.replace("conv", "relu")
            if rectified in layers:
                found[rectified] = x
        return found, self._pool(x) if pool else x

    def _convolve(self, x: Tensor, name: str) -> Tensor:
        weight, bias = self.get_buffer(f"{name}_weight"), self.get_buffer(f"{name}_bias")
        if name == "conv1_1" and self.border == "replicate":
            return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), weight, bias)
        return F.conv2d(x, weight, bias, padding=1)

    def _pool(self, x: Tensor) -> Tensor:
        if self.pooling == "average":
            return F.avg_pool2d(x, 2) * AVERAGE_POOLING_GAIN
        return F.max_pool2d(x, 2)


def stride_of(block: int) -> int:
    """Return how many pixels lie between the features of a block, counted from 1."""
    return int(2 ** (block - 1))
