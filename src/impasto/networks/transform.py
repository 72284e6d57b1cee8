"""The image transformation network: a photo in, a painted photo out, in one pass."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.core.errors import ShapeError
from impasto.core.tensors import check_picture, size_of
from impasto.networks.shape import MULTIPLE, SMALLEST_SIDE, Layer, NetworkOptions, layers


class ConditionalInstanceNorm(nn.Module):
    """Every channel to mean 0 and deviation 1, then to the scale and shift of the style.

    Args:
        styles: how many sets of scales and shifts.
        channels: of the features.

    Source:
        dumoulin2017, sec. 2.1; with one style it is ulyanov2016.
    """

    def __init__(self, styles: int, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x: Tensor, style: Tensor | None = None) -> Tensor:
        """Return normalized features.

        Args:
            x: (B, C, H, W).
            style: (B, S), (1, S) or (B, S, h, w) weights of the styles, stretched over the
                picture; None for the first style.

        Returns:
            (B, C, H, W), in the type of `x`.

        Raises:
            ShapeError: weights for another number of styles.
        """
        if style is None:
            return F.instance_norm(x, weight=self.weight[0], bias=self.bias[0])
        if style.ndim not in (2, 4) or style.shape[1] != len(self.weight):
            raise ShapeError(
                f"style: expected (B, {len(self.weight)}) or (B, {len(self.weight)}, h, w) "
                f"weights, got shape {tuple(style.shape)}"
            )
        if style.ndim == 4:
            style = F.interpolate(style, size_of(x), mode="bilinear", align_corners=False)
            scale = torch.einsum("bshw,sc->bchw", style, self.weight)
            shift = torch.einsum("bshw,sc->bchw", style, self.bias)
        else:
            scale = (style @ self.weight)[..., None, None]  # (B, C, 1, 1)
            shift = (style @ self.bias)[..., None, None]
        return F.instance_norm(x) * scale.to(x.dtype) + shift.to(x.dtype)


class TransformNet(nn.Module):
    """A fully convolutional network: down twice, residual blocks, up twice.

    Every convolution pads by reflection, the strided and the transposed ones too, so that no
    frame appears; every convolution but the last is followed by instance normalization, whose
    scales and shifts are those of the styles asked for.

    Args:
        options: None for the paper's network.

    Source:
        johnson2016, sec. 3.1 and its supplement; instance normalization: ulyanov2016; one set of
        scales and shifts per style: dumoulin2017, sec. 2.1. Differs:
        mirrored borders everywhere instead of one wide mirrored frame around the picture; the
        sum of a residual block is activated unless `residual_activation` is off.
    """

    def __init__(self, options: NetworkOptions | None = None) -> None:
        super().__init__()
        self.options = options = options or NetworkOptions()
        self.layers = layers(options)
        for layer in self.layers:
            self._place(layer.name, _module(layer, options.styles))

    def _place(self, name: str, module: nn.Module) -> None:
        """Add a layer under its dotted name."""
        parent: nn.Module = self
        *path, last = name.split(".")
        for part in path:
            if part not in dict(parent.named_children()):
                parent.add_module(part, nn.Module())
            parent = parent.get_submodule(part)
        parent.add_module(last, module)

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
        kept = None
        for layer in self.layers[:-1]:
            kept = x if layer.keeps else kept
            x = self.get_submodule(layer.name)(x, style)
            if layer.adds and kept is not None:
                x, kept = kept + x, None
            x = F.relu(x) if layer.activates else x
        x = self.get_submodule("last")(_mirror(x, self.options.kernel // 2)).float()
        return self.to_picture(x)[..., :height, :width]

    def to_picture(self, x: Tensor) -> Tensor:
        """Return the last convolution's output as a picture, nominally in [0, 1]."""
        if self.options.output == "tanh":
            return 0.5 + 0.5 * torch.tanh(x)
        if self.options.output == "sigmoid":
            return torch.sigmoid(x)
        return 0.5 + 0.5 * x


def _module(layer: Layer, styles: int) -> nn.Module:
    """Return a layer, with its normalization if it is not the last."""
    if layer.is_last:
        return nn.Conv2d(layer.inputs, layer.outputs, layer.kernel)
    kinds = {"": _Convolution, "nearest": _Enlarged, "transposed": _Transposed}
    return kinds[layer.enlarges](layer, styles)


class _Convolution(nn.Module):
    """Mirrored border, convolution, instance normalization."""

    def __init__(self, layer: Layer, styles: int) -> None:
        super().__init__()
        # No bias: the normalization subtracts the mean anyway.
        self.conv = nn.Conv2d(layer.inputs, layer.outputs, layer.kernel, layer.stride, bias=False)
        self.norm = ConditionalInstanceNorm(styles, layer.outputs)

    def forward(self, x: Tensor, style: Tensor | None) -> Tensor:
        normalized: Tensor = self.norm(self.conv(_mirror(x, self.conv.kernel_size[0] // 2)), style)
        return normalized


class _Enlarged(_Convolution):
    """Each pixel doubled both ways, then a convolution."""

    def forward(self, x: Tensor, style: Tensor | None) -> Tensor:
        return super().forward(F.interpolate(x, scale_factor=2.0, mode="nearest"), style)


class _Transposed(nn.Module):
    """A transposed convolution that doubles the sides, mirrored border and all."""

    def __init__(self, layer: Layer, styles: int) -> None:
        super().__init__()
        self.conv = nn.ConvTranspose2d(
            layer.inputs, layer.outputs, 3, stride=2, padding=1, output_padding=1, bias=False
        )
        self.norm = ConditionalInstanceNorm(styles, layer.outputs)
        with torch.no_grad():  # begins as bilinear enlarging, which shows no checkerboard
            tent = torch.tensor([0.5, 1.0, 0.5])
            self.conv.weight.copy_(self.conv.weight[..., 1:2, 1:2] * torch.outer(tent, tent))

    def forward(self, x: Tensor, style: Tensor | None) -> Tensor:
        enlarged = self.conv(_mirror(x, 1))[..., 2:-2, 2:-2]  # (B, outputs, 2H, 2W)
        normalized: Tensor = self.norm(enlarged, style)
        return normalized


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
    return sum(layer.multiply_adds for layer in layers(options))
