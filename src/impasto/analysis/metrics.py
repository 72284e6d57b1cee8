"""The metrics: distances of a picture to its photo and its painting, whoever painted it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.core.errors import MissingError, ResourceError, how_to_install
from impasto.core.memory import available_memory, format_size
from impasto.core.tensors import fit_long_side, resize, round_to_bits, size_of
from impasto.io.color import recolor
from impasto.losses.content import mean_squared_error, relative_distance
from impasto.losses.perceptual import LossWeights
from impasto.losses.smoothness import total_variation
from impasto.losses.style import gram_matrix, mix_grams
from impasto.perception.extractor import Extractor
from impasto.perception.weights import Weights

LPIPS_LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")

_EPSILON = 1e-8


@cache
def lpips_heads() -> dict[str, Tensor] | None:
    """Return how much each channel counts, (C,) by layer; None if torchmetrics is not installed.

    Source:
        zhang2018, w_l, fitted to what people call similar; the file comes with torchmetrics.
    """
    spec = find_spec("torchmetrics")
    if spec is None or spec.origin is None:
        return None
    file = Path(spec.origin).parent / "functional" / "image" / "lpips_models" / "vgg.pth"
    found = torch.load(file, map_location="cpu", weights_only=True)
    weights = (found[f"lin{number}.model.1.weight"] for number in range(len(LPIPS_LAYERS)))
    return dict(zip(LPIPS_LAYERS, (weight.flatten() for weight in weights), strict=True))


def lpips(
    features: Mapping[str, Tensor], target: Mapping[str, Tensor], heads: Mapping[str, Tensor]
) -> Tensor:
    """Return how unlike two pictures look. 0 for equal pictures.

    At each place, features are scaled to length 1; the squares of their differences are weighed by
    channel, and averaged over places and images.

    Args:
        features: (B, C, H, W) by name, at least those of `heads`.
        target: the same of the other picture.
        heads: (C,) by layer.

    Source:
        zhang2018, eq. 1. Differs: the VGG-16 here is the original one, the heads were fitted to
        torchvision's; values are not those of the package lpips (docs/measure.md).
    """
    return lpips_of_tiles(features, target, heads, (1, 1)).mean()


def lpips_of_tiles(
    features: Mapping[str, Tensor],
    target: Mapping[str, Tensor],
    heads: Mapping[str, Tensor],
    tiles: tuple[int, int],
) -> Tensor:
    """Return how unlike two pictures look, part by part: (B, rows, columns).

    Args:
        features: as for `lpips`.
        target: as for `lpips`.
        heads: as for `lpips`.
        tiles: rows and columns of equal parts.
    """
    total = next(iter(features.values())).new_zeros(())
    for layer, head in heads.items():
        squares = (_unit(features[layer]) - _unit(target[layer])).square()
        unlike = torch.einsum("bchw,c->bhw", squares, head.to(squares))
        total = total + F.adaptive_avg_pool2d(unlike.unsqueeze(1), tiles)[:, 0]
    return total


def _unit(features: Tensor) -> Tensor:
    return features / (features.square().sum(1, keepdim=True) + _EPSILON).sqrt()


def structural_similarity(image: Tensor, content: Tensor) -> float:
    """Return SSIM: how alike two pictures are in light, contrast and structure. 1 if equal.

    Args:
        image: (1, 3, H, W) in [0, 1].
        content: the same.

    Raises:
        MissingError: torchmetrics is not installed.

    Source:
        wang2004, with its Gaussian window of 11 pixels, mean over the three channels; computed by
        torchmetrics.
    """
    try:
        from torchmetrics.functional.image import structural_similarity_index_measure
    except ImportError as error:
        raise MissingError(f"SSIM needs torchmetrics: {how_to_install('measure')}") from error
    found = structural_similarity_index_measure(image, content, data_range=1.0)
    assert isinstance(found, Tensor)
    return float(found)


CONTENT_LAYER = "relu4_2"
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")

CLASSIC = LossWeights({CONTENT_LAYER: 1.0}, dict.fromkeys(STYLE_LAYERS, 1.0), 5.0, 100.0)
"""neural-style's objective and weights."""

FAST_LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")
FAST = LossWeights({"relu3_3": 1.0}, dict.fromkeys(FAST_LAYERS, 1.0), 1.0, 5.0)
"""What networks that paint in one pass are trained on (johnson2016)."""

LAYERS = tuple(dict.fromkeys([*CLASSIC.layers, *FAST.layers, *LPIPS_LAYERS]))

TILE = 64
"""Pixels a side of the parts of which coverage is the lowest tenth."""

LEAST = 0.1

PER_PIXEL = 3000.0
"""Bytes per pixel that a measurement takes, measured."""


@dataclass(frozen=True, kw_only=True)
class Distances:
    """How far a picture is from its photo and its painting. Less is closer, 0 is equal."""

    content_distance: float
    """|F - P|^2 / |P|^2 at relu4_2."""

    style_distance: float
    """Mean of `style_layers`."""

    style_layers: Mapping[str, float]
    """|G - A|^2 / |A|^2 of the Gram matrices at relu1_1, 2_1, 3_1, 4_1 and 5_1."""

    classic_loss: float
    """5 * MSE(relu4_2) + 100 * sum of MSE(Gram / (C * H * W)) over the style layers."""

    fast_loss: float
    """MSE(relu3_3) + 5 * sum of MSE(Gram / (C * H * W)) over relu1_2, 2_2, 3_3 and 4_3."""

    lpips: float | None
    """To the photo: LPIPS of the original VGG-16; None without torchmetrics."""

    coverage: float | None
    """LPIPS to the photo in the paintings' colors, of the tenth of the picture that is painted
    least, by tiles of 64 pixels: low where places stay photo. None without torchmetrics."""

    coverage_median: float | None
    """The same of the tile in the middle."""

    total_variation: float
    """Mean squared difference of neighboring pixels: of the picture alone."""


class Metrics:
    """Measures pictures of one photo in one style, all the same way.

    By the original VGG-16 as it was trained, zeros outside the picture, in float32, and of the 8
    bits that a file holds.

    Args:
        weights: of VGG-16.
        content: (1, 3, H, W) in [0, 1], at the size of the pictures.
        styles: (1, 3, h, w) each, at the size at which they are looked at.
        style_shares: one per style, for their mixture; None for equal parts.
    """

    def __init__(
        self,
        weights: Weights,
        content: Tensor,
        styles: Sequence[Tensor],
        style_shares: Sequence[float] | None = None,
    ) -> None:
        self._extractor = Extractor(weights, LAYERS, border="zeros")
        self.content, self.styles = content, tuple(styles)
        self.style_shares = tuple(style_shares or (1.0,) * len(styles))
        with torch.no_grad():
            photo = self._extractor(content)
            seen = [self._grams(self._extractor(style)) for style in styles]
        self._photo = {layer: photo[layer] for layer in (*LPIPS_LAYERS, CONTENT_LAYER)}
        self._style = {
            layer: mix_grams([grams[layer] for grams in seen], self.style_shares)
            for layer in seen[0]
        }

    @torch.no_grad()
    def __call__(self, image: Tensor) -> Distances:
        """Return the distances of a picture.

        Args:
            image: (1, 3, H, W), nominally in [0, 1], at the photo's size.
        """
        image = round_to_bits(image)
        features = self._extractor(image)
        grams = self._grams(features)
        layers = {
            layer: float(relative_distance(grams[layer], self._style[layer]))
            for layer in STYLE_LAYERS
        }
        photo, heads = self._photo, lpips_heads()
        least, middle = self._coverage(features)
        return Distances(
            content_distance=float(
                relative_distance(features[CONTENT_LAYER], photo[CONTENT_LAYER])
            ),
            style_distance=sum(layers.values()) / len(layers),
            style_layers=layers,
            classic_loss=self._loss(CLASSIC, features, grams),
            fast_loss=self._loss(FAST, features, grams),
            lpips=None if heads is None else float(lpips(features, photo, heads)),
            coverage=least,
            coverage_median=middle,
            total_variation=float(total_variation(image)),
        )

    def _coverage(self, features: Mapping[str, Tensor]) -> tuple[float | None, float | None]:
        """Return how far the lowest tenth and the middle of the tiles are painted."""
        heads = lpips_heads()
        if heads is None:
            return None, None
        rows, columns = (max(1, round(side / TILE)) for side in size_of(self.content))
        tiles = lpips_of_tiles(features, self._recolored, heads, (rows, columns)).flatten()
        least, middle = tiles.quantile(torch.tensor([LEAST, 0.5])).tolist()
        return least, middle

    @cached_property
    def _recolored(self) -> dict[str, Tensor]:
        """Features of the photo in the paintings' colors: nothing painted but those."""
        image = recolor(self.content, self.styles, self.style_shares).clamp(0, 1)
        features = self._extractor(image, LPIPS_LAYERS)
        return {layer: features[layer] for layer in LPIPS_LAYERS}

    @staticmethod
    def _grams(features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {layer: gram_matrix(features[layer]) for layer in (*STYLE_LAYERS, *FAST_LAYERS)}

    def _loss(
        self, weights: LossWeights, features: Mapping[str, Tensor], grams: Mapping[str, Tensor]
    ) -> float:
        """Return a weighted sum of mean squared errors, as formula `classic` has it."""
        content = sum(
            share * float(mean_squared_error(features[layer], self._photo[layer]))
            for layer, share in weights.content.items()
        )
        style = sum(
            share * float(mean_squared_error(grams[layer], self._style[layer]))
            for layer, share in weights.style.items()
        )
        return weights.content_weight * content + weights.style_weight * style


def at_size_of(style: Tensor, height: int, width: int, scale: float = 1.0) -> Tensor:
    """Return a painting as it is looked at beside a picture: its long side is the picture's.

    As for the optimization, it is not enlarged beyond its own pixels.

    Args:
        style: (1, 3, h, w) in [0, 1].
        height: rows of the picture.
        width: columns of the picture.
        scale: 0.5 for half as large, for strokes half as large.
    """
    long_side = max(1, round(min(max(height, width), max(size_of(style))) * scale))
    return resize(style, *fit_long_side(*size_of(style), long_side))


def check_memory(height: int, width: int) -> None:
    """Refuse a picture whose measurement would not fit into memory.

    Raises:
        ResourceError: with the size that would fit.
    """
    needed, there = PER_PIXEL * height * width, float(available_memory())
    if needed > there:
        fits = int(max(height, width) * (there / needed) ** 0.5) // 64 * 64
        raise ResourceError(
            f"measuring {width}x{height} takes {format_size(needed)} of memory, and "
            f"{format_size(there)} are free; try --size {max(fits, 64)}"
        )
