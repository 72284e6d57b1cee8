"""Instance normalisation whose scales and shifts depend on the style."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.core.errors import ShapeError
from impasto.core.tensors import size_of


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
        """Return normalised features.

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
