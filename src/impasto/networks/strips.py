"""One pass over a picture of any size, layer by layer and strip by strip.

Instance normalization needs the mean and deviation of the whole picture in every layer, so tiles
that run through the network alone would each have colors of their own. Here a layer is done with
for the whole picture before the next begins: its convolution runs over strips of rows, which sees
exactly what it sees in the whole picture, and the statistics add up. Only two or three layers'
outputs are in memory at a time, in half precision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.core import stopping
from impasto.core.tensors import size_of
from impasto.networks.shape import EPSILON, STRIP_PIXELS, Layer
from impasto.networks.transform import ConditionalInstanceNorm, TransformNet, pad_to_multiple

Read = Callable[[Tensor], Tensor]
"""From row numbers to these rows of a layer's input, (1, C, rows, W) in the computing type."""


class _Stored:
    """A layer's output in half precision; normalized and activated when it is read.

    Args:
        values: (1, C, H, W) float16.
        scale: (1, C, 1, 1), what the values are multiplied by.
        shift: (1, C, 1, 1), what is then added.
        activate: whether what is negative then becomes 0.
        dtype: of what is read.
    """

    def __init__(
        self, values: Tensor, scale: Tensor, shift: Tensor, *, activate: bool, dtype: torch.dtype
    ) -> None:
        self.values, self.scale, self.shift = values, scale, shift
        self.activate, self.dtype = activate, dtype

    def __call__(self, rows: Tensor) -> Tensor:
        """Return rows by number."""
        x = torch.addcmul(self.shift, self.values[:, :, rows].float(), self.scale)
        return (x.relu_() if self.activate else x).to(self.dtype)


class StripRunner:
    """Runs a network over one picture in little memory; the result is that of the whole.

    Args:
        net: on the CPU.
        style: (1, S) weights of the network's styles, None for its first.
        dtype: in which is computed.
    """

    def __init__(self, net: TransformNet, style: Tensor | None, dtype: torch.dtype) -> None:
        self.net, self.style, self.dtype = net, style, dtype

    @torch.inference_mode()
    def run(self, image: Tensor) -> Tensor:
        """Return the painted picture.

        Args:
            image: (1, 3, H, W), sRGB in [0, 1], any size.

        Returns:
            (1, 3, H, W) float32, as the network itself would return it.
        """
        height, width = size_of(image)
        padded = pad_to_multiple(image)
        full_height, full_width = size_of(padded)
        x: Read = self._first_rows(padded)
        size = full_height, full_width
        if self.net.options.stem == "unshuffle":
            size = full_height // 2, full_width // 2
        kept: Read | None = None
        for layer in self.net.layers[:-1]:
            kept = x if layer.keeps else kept
            found, size = self._layer(x, size, layer)
            if layer.adds and kept is not None:
                found, kept = self._add(kept, found, size, layer), None
            x = found
        return self._last(x, size)[..., :height, :width]

    def _first_rows(self, image: Tensor) -> Read:
        if self.net.options.stem == "conv":
            return lambda rows: (image[:, :, rows] * 2 - 1).to(self.dtype)

        def unshuffled(rows: Tensor) -> Tensor:
            both = torch.stack([2 * rows, 2 * rows + 1], 1).flatten()
            return F.pixel_unshuffle(image[:, :, both] * 2 - 1, 2).to(self.dtype)

        return unshuffled

    def _strips(self, height: int, width: int) -> Iterator[tuple[int, int]]:
        """Yield first and last row, exclusive, of strips of an even height."""
        rows = max(2, STRIP_PIXELS // width // 2 * 2)
        for first in range(0, height, rows):
            stopping.check()
            yield first, min(height, first + rows)

    def _convolve(self, x: Read, size: tuple[int, int], conv: Any, first: int, last: int) -> Tensor:
        """Return rows first..last of a convolution with a mirrored border."""
        border, stride = conv.kernel_size[0] // 2, conv.stride[0]
        rows = torch.arange(first * stride - border, (last - 1) * stride + border + 1)
        strip = _mirror_columns(x(_mirrored(rows, size[0])), border)
        bias = None if conv.bias is None else conv.bias.to(self.dtype)
        return F.conv2d(strip, conv.weight.to(self.dtype), bias, stride).float()

    def _layer(
        self, x: Read, size: tuple[int, int], layer: Layer
    ) -> tuple[_Stored, tuple[int, int]]:
        """Return a whole layer's output and its size."""
        module: Any = self.net.get_submodule(layer.name)
        if layer.enlarges:
            found = size[0] * 2, size[1] * 2
        else:
            found = -(-size[0] // layer.stride), -(-size[1] // layer.stride)

        def plain(first: int, last: int) -> Tensor:
            return self._convolve(x, size, module.conv, first, last)

        def nearest(first: int, last: int) -> Tensor:
            rows = _mirrored(torch.arange(first - 1, last + 1), found[0]) // 2
            strip = x(rows).repeat_interleave(2, dim=3)
            return F.conv2d(_mirror_columns(strip, 1), module.conv.weight.to(self.dtype)).float()

        def transposed(first: int, last: int) -> Tensor:
            rows = _mirrored(torch.arange(first // 2 - 1, last // 2 + 1), size[0])
            strip = _mirror_columns(x(rows), 1)
            weight = module.conv.weight.to(self.dtype)
            enlarged = F.conv_transpose2d(strip, weight, None, 2, 1, 1)
            return enlarged[..., 2:-2, 2:-2].float()

        compute = {"": plain, "nearest": nearest, "transposed": transposed}[layer.enlarges]
        activates = layer.activates and not layer.adds
        return self._normalized(found, module.norm, compute, activate=activates), found

    def _normalized(
        self,
        size: tuple[int, int],
        norm: ConditionalInstanceNorm,
        compute: Callable[[int, int], Tensor],
        *,
        activate: bool,
    ) -> _Stored:
        """Return a whole layer: computed strip by strip, with the statistics of all."""
        channels = norm.weight.shape[1]
        values = torch.empty((1, channels, *size), dtype=torch.float16)
        total = torch.zeros(channels, dtype=torch.float64)
        squares = torch.zeros(channels, dtype=torch.float64)
        for first, last in self._strips(*size):
            found = compute(first, last)
            total += found.sum((0, 2, 3)).double()
            squares += found.square().sum((0, 2, 3)).double()
            values[:, :, first:last] = found.to(torch.float16)
        count = size[0] * size[1]
        mean = total / count
        variance = (squares / count - mean.square()).clamp_min(0)
        scale, shift = norm.weight[:1], norm.bias[:1]
        if self.style is not None:
            scale, shift = self.style @ norm.weight, self.style @ norm.bias
        factor = scale[0].double() / (variance + EPSILON).sqrt()
        offset = shift[0].double() - mean * factor
        return _Stored(
            values,
            factor.float().view(1, -1, 1, 1),
            offset.float().view(1, -1, 1, 1),
            activate=activate,
            dtype=self.dtype,
        )

    def _add(self, kept: Read, y: _Stored, size: tuple[int, int], layer: Layer) -> _Stored:
        """Return the end of a residual block: what went into it, added."""
        values = y.values
        for first, last in self._strips(*size):
            rows = torch.arange(first, last)
            total = kept(rows).float() + y(rows).float()
            values[:, :, first:last] = (total.relu_() if layer.activates else total).half()
        one, nothing = torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 1, 1)
        return _Stored(values, one, nothing, activate=False, dtype=self.dtype)

    def _last(self, x: Read, size: tuple[int, int]) -> Tensor:
        painted = torch.empty((1, 3, *size))
        for first, last in self._strips(*size):
            strip = self._convolve(x, size, self.net.get_submodule("last"), first, last)
            painted[:, :, first:last] = self.net.to_picture(strip)
        return painted


def _mirrored(rows: Tensor, height: int) -> Tensor:
    """Return row numbers, those outside the picture mirrored at its edge."""
    rows = rows.abs()
    return torch.where(rows >= height, 2 * (height - 1) - rows, rows)


def _mirror_columns(x: Tensor, border: int) -> Tensor:
    return F.pad(x, (border, border, 0, 0), mode="reflect") if border else x
