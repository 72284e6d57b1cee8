"""The image transformation network: a photo in, a painted photo out, in one pass."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.core.tensors import check_picture, size_of
from impasto.networks.norm import ConditionalInstanceNorm
from impasto.networks.shape import MULTIPLE, SMALLEST_SIDE, NetworkOptions


class TransformNet(nn.Module):
    """A fully convolutional network: down twice, residual blocks, up twice.

    Every convolution pads by reflection, the strided and the transposed ones too, so that no
    frame appears; every convolution but the last is followed by instance normalisation, whose
    scales and shifts are those of the styles asked for.

    Args:
        options: None for the paper's network.

    Source:
        johnson2016, sec. 3.1 and its supplement; instance normalisation: ulyanov2016; one set of
        scales and shifts per style: dumoulin2017, sec. 2.1. Differs:
        mirrored borders everywhere instead of one wide mirrored frame around the picture; the
        sum of a residual block is activated unless `residual_activation` is off.
    """

    def __init__(self, options: NetworkOptions | None = None) -> None:
        super().__init__()
        self.options = options = options or NetworkOptions()
        full, half, quarter = options.channels
        styles = options.styles
        if options.stem == "conv":
            down = [
                _Convolution(3, full, options.kernel, styles),
                _Convolution(full, half, 3, styles, stride=2),
            ]
        else:
            down = [_Convolution(12, half, 3, styles)]
        self.down = nn.ModuleList([*down, _Convolution(half, quarter, 3, styles, stride=2)])
        self.blocks = nn.ModuleList(
            _Residual(quarter, styles, activate=options.residual_activation)
            for _ in range(options.blocks)
        )
        enlarge = _Transposed if options.upsample == "transposed" else _Enlarged
        self.up = nn.ModuleList([enlarge(quarter, half, styles), enlarge(half, full, styles)])
        self.last = nn.Conv2d(full, 3, options.kernel)

    def forward(self, image: Tensor, style: Tensor | None = None) -> Tensor:
        """Return the painted pictures.

        Args:
            image: (B, 3, H, W), sRGB in [0, 1], any size.
            style: (B, S), or (1, S) for all: how much of each style, usually adding up to 1; or
                (B, S, h, w), the same for every place, stretched over the picture. None for the
                first style.

        Returns:
            (B, 3, H, W), in [0, 1] unless `options.output` is linear.

        Raises:
            ShapeError: `image` breaks the picture contract.
        """
        check_picture(image)
        height, width = size_of(image)
        x = pad_to_multiple(image) * 2 - 1
        if self.options.stem == "unshuffle":
            x = F.pixel_unshuffle(x, 2)  # (B, 12, H/2, W/2)
        for layer in self.down:
            x = F.relu(layer(x, style))  # last: (B, quarter, H/4, W/4)
        for block in self.blocks:
            x = block(x, style)
        for layer in self.up:
            x = F.relu(layer(x, style))  # last: (B, full, H, W)
        x = self.last(_mirror(x, self.options.kernel // 2)).float()
        return self.to_picture(x)[..., :height, :width]

    def to_picture(self, x: Tensor) -> Tensor:
        """Return the last convolution's output as a picture, nominally in [0, 1]."""
        if self.options.output == "tanh":
            return 0.5 + 0.5 * torch.tanh(x)
        if self.options.output == "sigmoid":
            return torch.sigmoid(x)
        return 0.5 + 0.5 * x


class _Convolution(nn.Module):
    """Mirrored border, convolution, instance normalisation."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, styles: int, stride: int = 1
    ) -> None:
        super().__init__()
        # No bias: the normalisation subtracts the mean anyway.
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, bias=False)
        self.norm = ConditionalInstanceNorm(styles, outputs)

    def forward(self, x: Tensor, style: Tensor | None) -> Tensor:
        normalized: Tensor = self.norm(self.conv(_mirror(x, self.conv.kernel_size[0] // 2)), style)
        return normalized


class _Enlarged(_Convolution):
    """Each pixel doubled both ways, then a convolution."""

    def __init__(self, inputs: int, outputs: int, styles: int) -> None:
        super().__init__(inputs, outputs, 3, styles)

    def forward(self, x: Tensor, style: Tensor | None) -> Tensor:
        return super().forward(F.interpolate(x, scale_factor=2.0, mode="nearest"), style)


class _Transposed(nn.Module):
    """A transposed convolution that doubles the sides, mirrored border and all."""

    def __init__(self, inputs: int, outputs: int, styles: int) -> None:
        super().__init__()
        self.conv = nn.ConvTranspose2d(
            inputs, outputs, 3, stride=2, padding=1, output_padding=1, bias=False
        )
        self.norm = ConditionalInstanceNorm(styles, outputs)
        with torch.no_grad():  # begins as bilinear enlarging, which shows no checkerboard
            tent = torch.tensor([0.5, 1.0, 0.5])
            self.conv.weight.copy_(self.conv.weight[..., 1:2, 1:2] * torch.outer(tent, tent))

    def forward(self, x: Tensor, style: Tensor | None) -> Tensor:
        enlarged = self.conv(_mirror(x, 1))[..., 2:-2, 2:-2]  # (B, outputs, 2H, 2W)
        normalized: Tensor = self.norm(enlarged, style)
        return normalized


class _Residual(nn.Module):
    """Two convolutions whose result is added to what went in."""

    def __init__(self, channels: int, styles: int, *, activate: bool) -> None:
        super().__init__()
        self.first = _Convolution(channels, channels, 3, styles)
        self.second = _Convolution(channels, channels, 3, styles)
        self.activate = activate

    def forward(self, x: Tensor, style: Tensor | None) -> Tensor:
        total: Tensor = x + self.second(F.relu(self.first(x, style)), style)
        return F.relu(total) if self.activate else total


def _mirror(x: Tensor, border: int) -> Tensor:
    return F.pad(x, (border,) * 4, mode="reflect")


def pad_to_multiple(image: Tensor) -> Tensor:
    """Return the picture, mirrored at its right and lower edge up to a size the network can take.

    Args:
        image: (B, 3, H, W).

    Returns:
        (B, 3, H', W'), sides multiples of 4 and at least 16.
    """
    height, width = size_of(image)
    below = max(SMALLEST_SIDE, -(-height // MULTIPLE) * MULTIPLE) - height
    right = max(SMALLEST_SIDE, -(-width // MULTIPLE) * MULTIPLE) - width
    if not below and not right:
        return image
    mode = "reflect" if below < height and right < width else "replicate"
    return F.pad(image, (0, right, 0, below), mode=mode)


def multiply_adds(options: NetworkOptions) -> float:
    """Return the multiplications of all convolutions per pixel of the picture.

    >>> round(multiply_adds(NetworkOptions()))
    126144
    """
    full, half, quarter = options.channels
    outer = options.kernel**2 * full * 3
    stem = outer + 9 * full * half / 4 if options.stem == "conv" else 9 * 12 * half / 4
    narrowest = 9 * half * quarter / 16
    blocks = options.blocks * 2 * 9 * quarter**2 / 16
    if options.upsample == "transposed":  # a ninth of the kernel per output pixel and input pixel
        up = 9 * quarter * half / 16 + 9 * half * full / 4
    else:
        up = 9 * quarter * half / 4 + 9 * half * full
    return stem + narrowest + blocks + up + outer
