"""What became of each region of a picture: its own style, what was kept, and the seams between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.analysis.metrics import CONTENT_LAYER, STYLE_LAYERS
from impasto.core.tensors import round_to_bits, size_of
from impasto.io.regions import Region
from impasto.losses.content import relative_distance
from impasto.losses.style import gram_matrix, region_gram_sums
from impasto.perception.extractor import Extractor
from impasto.perception.weights import Weights

SOLID = 0.99
"""Of a mask: more is no soft border."""

BESIDE = 6
"""Pixels on either side of a border that are its surroundings."""


@dataclass(frozen=True, kw_only=True)
class RegionDistances:
    """How far one region of a picture is from its painting and from the photo."""

    color: str
    """Of the map."""

    style: str
    """What is painted there, or `keep`."""

    share: float
    """Of the picture."""

    style_distance: float | None
    """|G - A|^2 / |A|^2 of the region's own Gram matrices, mean over relu1_1 to relu5_1; None if
    nothing is painted there."""

    content_distance: float
    """|F - P|^2 / |P|^2 at relu4_2, in the region alone."""

    change: float
    """Root of the mean square by which its pixels differ from the photo's, 0..1, soft borders left
    out. 0 where the photo is kept."""

    seam: float | None
    """Steps across its border beside those around it, where the photo has none larger: 1 is no
    seam. None without a border."""


class RegionMetrics:
    """Measures pictures of one photo, region by region.

    Args:
        weights: of VGG-16.
        content: (1, 3, H, W) in [0, 1], at the size of the pictures.
        regions: what goes where.
        styles: (1, 3, h, w) for each region that is painted, None where the photo is kept.
        masks: (R, 1, H, W) in [0, 1].
    """

    def __init__(
        self,
        weights: Weights,
        content: Tensor,
        regions: Sequence[Region],
        styles: Sequence[Tensor | None],
        masks: Tensor,
    ) -> None:
        self._extractor = Extractor(weights, (CONTENT_LAYER, *STYLE_LAYERS), border="zeros")
        self.content, self.regions, self.masks = content, tuple(regions), masks
        with torch.no_grad():
            self._photo = self._extractor(content)[CONTENT_LAYER]
            self._targets = [None if style is None else self._grams(style) for style in styles]

    def _grams(self, style: Tensor) -> dict[str, Tensor]:
        features = self._extractor(style)
        return {layer: gram_matrix(features[layer]) for layer in STYLE_LAYERS}

    @torch.no_grad()
    def __call__(self, image: Tensor) -> tuple[RegionDistances, ...]:
        """Return the distances of every region of a picture, (1, 3, H, W)."""
        image = round_to_bits(image)
        features = self._extractor(image)
        found = []
        for number, region in enumerate(self.regions):
            mask, target = self.masks[number : number + 1], self._targets[number]
            style = None
            if target is not None and float(mask.sum()):
                style = sum(self._style(features, mask, target)) / len(STYLE_LAYERS)
            found.append(
                RegionDistances(
                    color=region.color,
                    style=region.style,
                    share=float(mask.mean()),
                    style_distance=style,
                    content_distance=self._content(features[CONTENT_LAYER], mask),
                    change=_rms(image - round_to_bits(self.content), (mask > SOLID).float()),
                    seam=seam(image, self.content, mask),
                )
            )
        return tuple(found)

    @staticmethod
    def _style(features: dict[str, Tensor], mask: Tensor, target: dict[str, Tensor]) -> list[float]:
        distances = []
        for layer in STYLE_LAYERS:
            small = F.adaptive_avg_pool2d(mask, size_of(features[layer]))
            area = float(small.sum()) * features[layer].shape[1]
            gram = region_gram_sums(features[layer], small) / max(area, 1e-9)
            distances.append(float(relative_distance(gram, target[layer])))
        return distances

    def _content(self, features: Tensor, mask: Tensor) -> float:
        small = F.adaptive_avg_pool2d(mask, size_of(features))
        difference = (small * (features - self._photo).square()).sum()
        return float(difference / (small * self._photo.square()).sum().clamp_min(1e-12))


def _rms(difference: Tensor, mask: Tensor) -> float:
    return float(((mask * difference.square()).sum() / (3 * mask.sum()).clamp_min(1e-9)).sqrt())


def seam(image: Tensor, content: Tensor, mask: Tensor) -> float | None:
    """Return how much larger the steps across a region's border are than those around it.

    Args:
        image: (1, 3, H, W).
        content: the photo, likewise: where it has an edge of its own along the border, as large a
            one is no seam.
        mask: (1, 1, H, W) in [0, 1].

    Returns:
        1 where nobody sees a border; None if there is none.
    """
    inside = (mask[0, 0] > 0.5).numpy()
    ratios = []
    for each in (image, content):
        across, around = [], []
        pixels = each[0].numpy()
        for axis in (0, 1):
            border = np.diff(inside, axis=axis)
            near = _widened(border, axis)
            steps = np.abs(np.diff(pixels, axis=axis + 1)).mean(0)
            across.append(steps[border])
            around.append(steps[near & ~border])
        if not sum(map(len, across)) or not sum(map(len, around)):
            return None
        beside = max(float(np.concatenate(around).mean()), 1e-3)
        ratios.append(float(np.concatenate(across).mean()) / beside)
    return ratios[0] / max(1.0, ratios[1])


def _widened(
    border: np.ndarray[tuple[int, int], np.dtype[np.bool_]], axis: int
) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Return what lies so many pixels beside a border, across it."""
    found = border.copy()
    for shift in range(1, BESIDE + 1):
        for way in (shift, -shift):
            moved = np.roll(border, way, axis)
            rows = slice(None, way) if way > 0 else slice(way, None)
            moved[(rows, slice(None)) if axis == 0 else (slice(None), rows)] = False
            found |= moved
    return found
