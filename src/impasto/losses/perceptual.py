"""The weighted sum that is minimized, term by term, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.core.errors import ConfigError
from impasto.core.tensors import size_of, wide
from impasto.losses.content import content_loss, mean_squared_error, relative_distance
from impasto.losses.nearest import NEAREST_LAYER, NearestPlaces, limits, some_places
from impasto.losses.smoothness import out_of_range, total_variation
from impasto.losses.style import GRAM, Statistic, mix_grams, places, style_loss
from impasto.perception.extractor import Extractor

Distance = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Formula:
    """How distances are measured: one way of writing the same idea."""

    name: str
    content: Distance
    """Between features (B, C, H, W)."""

    style: Distance
    """Between statistics of features: for `GRAM`, normalized Gram matrices (B, C, C)."""

    content_unit: Callable[[float, int], float]
    """What `content` multiplies the sum of squared differences by, from the target's sum of squares
    and how many numbers it has; for a picture that is seen in parts."""

    averages_layers: bool
    """Whether the layer weights are divided by their sum, as w_l = 1/5 does, or only multiply."""

    range_weight: float = 0.0
    """Weight of the penalty on pixels outside [0, 1]."""

    statistic: Statistic = GRAM
    """What the style is compared by."""


FORMULAS = {
    formula.name: formula
    for formula in (
        Formula(
            "impasto",
            relative_distance,
            relative_distance,
            content_unit=lambda squares, _: 1 / max(squares, 1e-12),
            averages_layers=True,
            range_weight=1.0,
        ),
        Formula(
            "paper",
            content_loss,
            style_loss,
            content_unit=lambda _squares, _count: 0.5,
            averages_layers=True,
        ),
        Formula(
            "classic",
            mean_squared_error,
            mean_squared_error,
            content_unit=lambda _, count: 1 / count,
            averages_layers=False,
        ),
    )
}
"""`impasto`: relative distances. `paper`: gatys2016, eq. 1, 4 and 5, with w_l = 1/5.
`classic`: neural-style's mean squared errors, style layers added up."""


@dataclass(frozen=True)
class LossWeights:
    """What counts how much."""

    content: Mapping[str, float]
    """Weight per content layer."""

    style: Mapping[str, float]
    """Weight per style layer."""

    content_weight: float
    """Alpha: of all content terms."""

    style_weight: float
    """Beta: of all style terms."""

    tv_weight: float = 0.0
    """Of the total variation."""

    nearest_weight: float = 0.0
    """Of every place's distance to the most similar one of the paintings, times beta."""

    @property
    def layers(self) -> tuple[str, ...]:
        """All layers that are needed, content first."""
        return tuple(dict.fromkeys([*self.content, *self.style_layers]))

    @property
    def style_layers(self) -> tuple[str, ...]:
        """All layers in which paintings are looked at."""
        return tuple(dict.fromkeys([*self.style, *([NEAREST_LAYER] * bool(self.nearest_weight))]))


class RegionMasks:
    """Where each style goes, at the size of any layer.

    Args:
        masks: (R, 1, H, W) in [0, 1], at the size of the picture.
    """

    def __init__(self, masks: Tensor) -> None:
        self.masks = masks
        shares = masks.mean((1, 2, 3))
        self.shares = [float(share) for share in shares / shares.sum().clamp_min(1e-12)]
        """How much of the picture that has a style each region is."""
        self._known: dict[tuple[int, int], Tensor] = {}

    def at(self, height: int, width: int) -> Tensor:
        """Return the masks, shrunk by area, (R, 1, height, width)."""
        if (height, width) not in self._known:
            self._known[height, width] = F.adaptive_avg_pool2d(self.masks, (height, width))
        return self._known[height, width]


def masks_at(regions: RegionMasks | None, size: tuple[int, int]) -> Tensor | None:
    """Return the masks of regions at a layer's height and width, None if there are no regions."""
    return None if regions is None else regions.at(*size)


class Emphasis:
    """How many times the content counts at each place, at the size of any layer.

    Args:
        times: (1, 1, H, W), at the size of the picture.
    """

    def __init__(self, times: Tensor) -> None:
        self.times = times
        self._known: dict[tuple[int, int], Tensor] = {}

    def at(self, height: int, width: int) -> Tensor:
        """Return it shrunk by area, (1, 1, height, width)."""
        if (height, width) not in self._known:
            self._known[height, width] = F.adaptive_avg_pool2d(self.times, (height, width))
        return self._known[height, width]


class PerceptualLoss:
    """Content, style and smoothness of a picture, measured by one pass through VGG.

    Args:
        extractor: returns at least the layers in `weights`.
        formula: which distances, a name in `FORMULAS`.
        weights: of layers and terms.
        content: (1, 3, H, W) in [0, 1], at the size of the pictures that are measured; None if
            every call brings its own.
        styles: (1, 3, h, w) in [0, 1], any sizes.
        style_shares: one per style, to pull towards their mixture; only their ratio matters. None
            if every picture has one style, which the call tells.
        regions: (R, 1, H, W) in [0, 1], where each of the styles goes; their shares then do not
            count.
        emphasis: (1, 1, H, W), how many times the content counts at each place; None: once.
        style_parts: (1, 1, h, w) in [0, 1] per style, which part of it counts; None: all of it.
            An empty sequence: all of every style.

    Raises:
        ConfigError: an unknown formula, or another number of shares than of styles.
    """

    def __init__(
        self,
        extractor: Extractor,
        formula: str,
        weights: LossWeights,
        content: Tensor | None,
        styles: Sequence[Tensor],
        style_shares: Sequence[float] | None,
        regions: Tensor | None = None,
        emphasis: Tensor | None = None,
        style_parts: Sequence[Tensor | None] = (),
    ) -> None:
        if formula not in FORMULAS:
            raise ConfigError(f"loss {formula!r} is not one of {', '.join(FORMULAS)}")
        if style_shares is not None and len(styles) != len(style_shares):
            raise ConfigError(f"{len(styles)} styles need as many weights, got {len(style_shares)}")
        self.extractor = extractor
        self.formula = FORMULAS[formula]
        self.weights = weights
        self.emphasis = None if emphasis is None else Emphasis(emphasis)
        self.regions = None if regions is None else RegionMasks(regions)
        if self.regions is not None:
            style_shares = None
        self._content = {} if content is None else self._see(content)
        self.nearest: NearestPlaces | None = None
        found: list[Tensor] = []
        with torch.no_grad():
            grams: dict[str, list[Tensor]] = {layer: [] for layer in weights.style}
            parts = style_parts or [None] * len(styles)
            chosen = zip(styles, parts, limits(style_shares, len(styles)), strict=True)
            for style, part, limit in chosen:
                features = extractor(style, weights.style_layers)
                masks = None if part is None else RegionMasks(part)
                for layer in weights.style:
                    grams[layer].append(self._statistic(features[layer], masks))
                if weights.nearest_weight:
                    seen = features[NEAREST_LAYER]
                    mask = masks_at(masks, size_of(seen))
                    found.append(some_places(seen, size_of(seen), limit, mask=mask))
        self.set_styles(grams, style_shares)
        if found:
            self.set_places(found)

    def set_places(self, found: Sequence[Tensor]) -> None:
        """Set the places of the paintings that those of pictures are compared with.

        Args:
            found: (N, C) per style, from `some_places`.
        """
        if sum(map(len, found)):
            self.nearest = NearestPlaces(found, is_one_pool=self.regions is None)

    def set_styles(
        self, grams: Mapping[str, Sequence[Tensor]], shares: Sequence[float] | None
    ) -> None:
        """Set what the style is compared with.

        Args:
            grams: the statistic, such as (1, C, C) Gram matrices, per style and by layer.
            shares: one per style, to pull towards their mixture; None to keep them apart.
        """
        self._style = {
            layer: torch.cat(list(found)) if shares is None else mix_grams(found, shares)
            for layer, found in grams.items()
            if found
        }  # (1, C, C) each, or (number of styles, C, C)

    @torch.no_grad()
    def _see(self, content: Tensor) -> dict[str, Tensor]:
        if not self.weights.content:
            return {}
        features = self.extractor(content, self.weights.content)
        return {layer: wide(features[layer]) for layer in self.weights.content}

    def __call__(
        self,
        image: Tensor,
        content: Tensor | None = None,
        style: Tensor | Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Return the weighted terms by dotted name; their sum is the loss.

        Args:
            image: (B, 3, H, W), nominally in [0, 1], at the content's size.
            content: (B, 3, H, W) in [0, 1], the photos to compare with; None for the one that
                was given at the start.
            style: (B,) whole numbers, which style each picture is compared with; or the Gram
                matrices of other styles by layer, (B, C, C); None for the mixture.

        Returns:
            Scalars such as `content.relu4_2`, `style.relu1_1`, `tv` and `range`. Terms of
            weight 0 are left out.
        """
        targets = self._content if content is None else self._see(content)
        features = self.extractor(image)
        terms: dict[str, Tensor] = {}
        weights = self.weights
        for layer, share in self.shares(weights.content).items():
            distance = self._content_distance(wide(features[layer]), targets[layer])
            terms[f"content.{layer}"] = weights.content_weight * share * distance
        grams = {
            layer: self._statistic(features[layer], self.regions)
            for layer in self.shares(weights.style)
        }
        terms |= self.style_terms(grams, style)
        if self.nearest is not None:
            seen = features[NEAREST_LAYER]
            total = self.nearest.sum(seen, masks_at(self.regions, size_of(seen)))
            terms["style.nearest"] = self.nearest_factor(size_of(seen)) * total
        return {**terms, **self.pixel_terms(image)}

    def nearest_factor(self, size: tuple[int, int]) -> float:
        """Return what the sum of the distances of all places is multiplied by.

        Args:
            size: height and width of the features of `NEAREST_LAYER`.
        """
        count = float(places(size, masks_at(self.regions, size)).sum())
        return self.weights.style_weight * self.weights.nearest_weight / count

    def _statistic(self, features: Tensor, regions: RegionMasks | None) -> Tensor:
        """Return the statistic of all places, or those of each region."""
        masks = masks_at(regions, size_of(features))
        return self.formula.statistic(
            features, None if masks is None else masks.to(features.device)
        )

    def _content_distance(self, features: Tensor, target: Tensor) -> Tensor:
        if self.emphasis is None:
            return self.formula.content(features, target)
        unit = self.formula.content_unit(float(target.double().square().sum()), target.numel())
        times = self.emphasis.at(*size_of(features)).to(features.device)
        return unit * (times * (features - target).square()).sum()

    def style_terms(
        self, grams: Mapping[str, Tensor], style: Tensor | Mapping[str, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """Return the weighted style terms by name.

        Args:
            grams: (B, C, C) of the pictures, by layer.
            style: as when calling.
        """
        terms: dict[str, Tensor] = {}
        for layer, share in self.shares(self.weights.style).items():
            if isinstance(style, Tensor):
                target = self._style[layer][style]
            else:
                target = (style or self._style)[layer]
            distance = self._distance(grams[layer], target)
            terms[f"style.{layer}"] = self.weights.style_weight * share * distance
        return terms

    def _distance(self, grams: Tensor, target: Tensor) -> Tensor:
        """Return the distance to the style; of regions, each counts as much as it is large."""
        if self.regions is None:
            return self.formula.style(grams, target)
        pairs = zip(grams[:, None], target[:, None], self.regions.shares, strict=True)
        return torch.stack([share * self.formula.style(*pair) for *pair, share in pairs]).sum()

    def pixel_terms(self, image: Tensor) -> dict[str, Tensor]:
        """Return the weighted terms that need no features, by name."""
        terms: dict[str, Tensor] = {}
        if self.weights.tv_weight:
            terms["tv"] = self.weights.tv_weight * total_variation(image)
        if self.formula.range_weight:
            terms["range"] = self.formula.range_weight * out_of_range(image)
        return terms

    def shares(self, layers: Mapping[str, float]) -> dict[str, float]:
        """Return what each layer counts beside the others, without those of weight 0."""
        scale = sum(layers.values()) if self.formula.averages_layers else 1.0
        return {layer: weight / scale for layer, weight in layers.items() if weight}
