"""Several styles in one picture, each where a region map says."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from impasto.core.events import Event
from impasto.core.shell import as_file
from impasto.io.inputs import PictureLike, Result, describe
from impasto.io.paths import is_file, is_folder
from impasto.io.regions import KEEP, Region, parse_regions, read_masks, to_masks
from impasto.networks.model import Model
from impasto.networks.options import StylizeOptions
from impasto.networks.registry import RANDOM, find_style, is_random
from impasto.recipe import Recipe, Source

SOFT = 170
"""What part of the picture's long side the half of a border is wide: 3 pixels of 512."""


@dataclass(frozen=True)
class Chosen:
    """What a map with styles has in common with the choice of one style."""

    label: str
    paintings: tuple[Path, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Read:
    """A photo that is ready, and what is painted of it."""

    content: PictureLike
    plain: Any
    size: tuple[int, int]

    @property
    def picture(self) -> Any:
        """The photo at the size of the output."""
        return self.plain.picture


class RegionsModel:
    """Networks that each paint their region; used as a `Model` is.

    Args:
        regions: the styles, and where they go.
        models: by style, without `keep`.
        source: how a recipe calls them.
    """

    def __init__(
        self, regions: tuple[Region, ...], models: Mapping[str, Model], source: Source
    ) -> None:
        self.regions, self.models, self.source = regions, dict(models), source
        paintings = [path for model in models.values() for path in model.choice.paintings]
        self.choice = Chosen(label_of(regions), tuple(paintings))
        self._known: tuple[tuple[str, int, int], np.ndarray[Any, Any]] | None = None

    def paint(self, content: PictureLike, options: StylizeOptions) -> Result:
        """Return the painted picture with its recipe."""
        return self.finish(self.run(self.read(content, options), options), options)

    def read(self, content: PictureLike, options: StylizeOptions) -> Read:
        """Return the photo: the first of three stages of `paint`."""
        first = next(iter(self.models.values()))
        plain = first.read(content, self._for(options, next(iter(self.models))))
        return Read(content, plain, plain.size)

    def run(self, photo: Read, options: StylizeOptions) -> Result:
        """Return the picture with every style in its place: nearly all of the work."""
        began = time.perf_counter()
        results: dict[str, Result] = {}
        for style, model in self.models.items():
            asked = self._for(options, style)
            plain = model.read(photo.content, asked) if results else photo.plain
            results[style] = model.finish(model.run(plain, asked), asked)
        result = next(iter(results.values()))
        width, height = result.image.size
        assert options.regions is not None
        masks = self._masks(options.regions, height, width)
        mode = result.image.mode
        kept = _at_size(photo, width, height, mode)
        total, rest = np.zeros_like(kept), np.ones((height, width, 1), np.float32)
        for region, mask in zip(self.regions, masks, strict=True):
            share = mask[..., None]
            if region.style != KEEP:
                total += share * np.asarray(results[region.style].image, np.float32)
                rest = rest - share
        total += rest.clip(0) * kept
        image = Image.fromarray(total.round().clip(0, 255).astype(np.uint8), mode)
        return replace(
            result,
            image=image,
            seconds=time.perf_counter() - began,
            recipe=self._recipe(result.recipe, options),
        )

    def _masks(self, source: str, height: int, width: int) -> np.ndarray[Any, Any]:
        """Return where each region is, (R, height, width); read once for the frames of a film."""
        key = source, height, width
        if self._known is None or self._known[0] != key:
            masks = to_masks(read_masks(source, self.regions), height, width)[:, 0].numpy()
            kept = [region.style == KEEP for region in self.regions]
            self._known = key, soften(masks, kept, max(height, width) // SOFT)
        return self._known[1]

    def finish(self, result: Result, _options: StylizeOptions) -> Result:
        """Return the picture as it was asked for: the last stage."""
        return result

    def _for(self, options: StylizeOptions, style: str) -> StylizeOptions:
        return replace(options, style=style, regions=None, seconds=None)

    def _recipe(self, recipe: Recipe, options: StylizeOptions) -> Recipe:
        assert options.regions is not None
        named = replace(options, style=self.source.name, regions=describe(options.regions).name)
        return replace(recipe, styles=(self.source,), options=named)


def soften(masks: np.ndarray[Any, Any], kept: Sequence[bool], radius: int) -> np.ndarray[Any, Any]:
    """Return masks whose borders are soft, so that no seam shows where two styles meet.

    Each style paints the whole photo without knowing of the other: their strokes do not meet.

    Args:
        masks: (R, height, width) in [0, 1], adding up to 1 at most.
        kept: which of them keep the photo; these do not get smaller.
        radius: of the borders in pixels; 0 leaves the masks as they are.

    Returns:
        (R, height, width), with the same sum at every place away from borders.
    """
    if not radius:
        return masks
    rest = 1 - masks.sum(0, keepdims=True)  # what no mask covers is kept, too
    whole = np.concatenate([masks, rest])
    held = np.array([*kept, True])
    soft = _blurred(_blurred(whole, radius, 1), radius, 2)
    soft[held] = np.maximum(soft[held], whole[held])
    room = (1 - soft[held].sum(0)).clip(0)
    others = soft[~held]
    soft[~held] = others * (room / np.maximum(others.sum(0), 1e-6))
    return soft[:-1]


def _blurred(masks: np.ndarray[Any, Any], radius: int, axis: int) -> np.ndarray[Any, Any]:
    """Return the mean over 2 * radius + 1 pixels along an axis, borders repeated."""
    widths = [(0, 0)] * 3
    widths[axis] = (radius + 1, radius)
    sums = np.pad(masks, widths, mode="edge").cumsum(axis, dtype=np.float64)
    count = 2 * radius + 1
    ends = np.arange(masks.shape[axis]) + count
    found = (sums.take(ends, axis) - sums.take(ends - count, axis)) / count
    mean: np.ndarray[Any, Any] = found.astype(np.float32).clip(0, 1)
    return mean


def _at_size(photo: Read, width: int, height: int, mode: str) -> np.ndarray[Any, Any]:
    """Return the photo itself, (height, width, channels) in 0..255."""
    from impasto.core.tensors import resize
    from impasto.io.image import Picture, to_picture
    from impasto.io.inputs import with_alpha

    picture = photo.picture
    whole = picture if isinstance(picture, Picture) else to_picture(picture)
    image = with_alpha(resize(whole.image, height, width), whole).convert(mode)
    return np.asarray(image, np.float32)


def label_of(regions: tuple[Region, ...]) -> str:
    """Return a name for files: `sky+great-wave` of the styles `sky.jpg` and `great-wave`."""
    styles = [region.style for region in regions if region.style != KEEP]
    stems = [Path(style).stem if is_file(style) else find_style(style).label for style in styles]
    return "+".join(dict.fromkeys(stems))


def label_for(options: StylizeOptions) -> str:
    """Return a name for files of what the options ask for."""
    if options.regions is not None:
        return label_of(parse_regions(options.style))
    if is_random(options.style):
        return random_label(options.style)
    return find_style(options.style, options.any_model).label


def random_label(style: str) -> str:
    """Return a name for files of what is painted in one of several styles."""
    return Path(style).resolve().name if is_folder(style) else RANDOM


def load_regions(options: StylizeOptions, load: Any) -> Generator[Event, None, RegionsModel]:
    """Yield what happens while the networks of all regions are loaded, and return them.

    Args:
        options: with `regions`.
        load: `load_events`.

    Raises:
        ConfigError: a region without a style, or a map that cannot be used.
    """
    regions = parse_regions(options.style)
    assert options.regions is not None
    read_masks(options.regions, regions)  # refuses what cannot be used, before anything costs time
    models: dict[str, Model] = {}
    for region in regions:
        if region.style != KEEP and region.style not in models:
            asked = replace(options, style=region.style, regions=None)
            models[region.style] = yield from load(asked)
    text = ",".join(f"{each.color}={_short(each.style)}" for each in regions)
    return RegionsModel(regions, models, Source(text, None))


def _short(style: str) -> str:
    """Return a style as a recipe calls it; of an absolute path only the file's name."""
    return Path(style).name if Path(style).is_absolute() else as_file(style)
