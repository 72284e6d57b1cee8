"""`impasto.measure`: what a painted picture is worth."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from impasto import assets
from impasto.analysis.metrics import (
    Distances,
    Metrics,
    at_size_of,
    check_memory,
    lpips_heads,
    structural_similarity,
)
from impasto.analysis.options import MeasureOptions
from impasto.analysis.origins import Origin, content_of, find_origin
from impasto.analysis.reference import equivalent_steps, find_curve
from impasto.analysis.region_metrics import RegionDistances, RegionMetrics
from impasto.core.device import explain_out_of_memory
from impasto.core.errors import ConfigError, ImageError, ImpastoError, MissingError, how_to_install
from impasto.core.events import Advanced, Event, Failed, Note, StopEarly, outcome
from impasto.core.tensors import fit_long_side, resize, round_to_bits, size_of
from impasto.io.folder import find_pictures
from impasto.io.inputs import PictureLike, as_list, enough_for, locate, read, remarks
from impasto.io.paths import is_folder
from impasto.io.regions import KEEP, Region, parse_region, read_masks, to_masks
from impasto.perception.weights import Weights, find_weights, load_weights

SMALLEST = 16
"""Pixels a side that survive the pools of VGG-16."""

ASPECT = 0.02
"""By how much, of its side, a picture may have another shape than its photo."""


@dataclass(frozen=True, kw_only=True)
class Measurement(Distances):
    """What a picture is worth. All distances: less is closer; see docs/measure.md."""

    output: str
    """The picture that was measured."""

    content: str
    """The photo it is compared with."""

    styles: tuple[str, ...]
    """The paintings it is compared with."""

    width: int
    """At which it was measured."""

    height: int
    ssim: float | None
    """Structural similarity to the photo, 1 if equal; None without torchmetrics."""

    equivalent_steps: float | None
    """Steps of L-BFGS from noise that reach its fast loss; None if not asked for."""

    reference_steps: int | None
    """How many were tried: `equivalent_steps` as large as this means at least that many."""

    photo: Distances
    """The same distances of the photo itself, unpainted: what 0 % of the style looks like."""

    regions: tuple[RegionDistances, ...] = ()
    """Of each region, if there is a map."""


@dataclass(frozen=True, slots=True)
class Measured(Event):
    """One picture is measured."""

    measurement: Measurement


def measure(
    output: PictureLike,
    content: PictureLike | None = None,
    styles: PictureLike | Sequence[PictureLike] = (),
    **options: Any,
) -> Measurement:
    """Return how far a painted picture is from its photo and from its painting.

    Args:
        output: the picture: a path, a PIL image, an array, or the bytes of a file.
        content: the photo; None if `output` is a file whose recipe tells.
        styles: one painting or several; likewise.
        **options: fields of `MeasureOptions`, such as `size=512`.

    Raises:
        InputError: a picture or an option that cannot be used.
        MissingError: the VGG weights are neither here nor to be had.
        ResourceError: the picture is too large to be measured in the memory there is.

    Example:
        >>> same = measure("castle", "castle", "great-wave", size=64)
        >>> same.content_distance < 0.001 < same.style_distance
        True
    """
    chosen = MeasureOptions(**options)
    pair = _Pair.read(output, content, as_list(styles), chosen)
    weights = load_weights(file=chosen.weights)
    return outcome(_measure(output, pair, weights, chosen))


def measure_events(
    output: str | Path,
    content: str | Path | None = None,
    styles: Sequence[str | Path] = (),
    options: MeasureOptions | None = None,
) -> Generator[Event, None, None]:
    """Yield what happens while a picture, or a folder of them, is measured.

    A picture that fails does not stop the others. Throw `StopEarly` in to end after the
    current one.

    Args:
        output: a file, or a folder, which is searched with all folders in it.
        content: the photo of all; or a folder of photos, whose names the results' begin with; None
            to ask the recipes inside the results.
        styles: the paintings of all; none to ask the recipes.
        options: None for the defaults.

    Yields:
        `Note`, `Transfer`, `ReferenceStep`, `Advanced`; `Measured` or `Failed` for each picture.

    Raises:
        InputError: an option, a folder without pictures, or a lone picture that cannot be measured.
        MissingError: the VGG weights are neither here nor to be had.
    """
    options = options or MeasureOptions()
    outputs = _pictures_of(Path(output))
    weights = yield from find_weights(file=options.weights)
    note = _note_without_torchmetrics()
    if note is not None:
        yield note
    began = time.perf_counter()
    for done, path in enumerate(outputs, 1):
        try:
            photo = content
            if photo is not None and is_folder(photo):
                photo = content_of(path, Path(output), Path(photo))
            pair = _Pair.read(path, photo, styles, options)
            yield from pair.remarks
            measurement = yield from _measure(path, pair, weights, options)
        except ImpastoError as error:
            if path == Path(output):
                raise
            told: Event = Failed(path, str(error), done, len(outputs))
        else:
            told = Measured(measurement)
        try:
            yield told
        except StopEarly:
            return
        if len(outputs) == 1:
            continue
        left = (time.perf_counter() - began) / done * (len(outputs) - done)
        yield Advanced("measuring", done / len(outputs), left)


def _pictures_of(output: Path) -> list[Path]:
    """Return a file, or the pictures in a folder."""
    if not is_folder(output):
        return [output]
    found = find_pictures(output)
    if not found:
        raise ImageError(f"there are no pictures in the folder {output}")
    return found


def _note_without_torchmetrics() -> Note | None:
    """Return one line that says why SSIM and LPIPS are missing, if they will be."""
    if lpips_heads() is not None:
        return None
    return Note(f"SSIM and LPIPS are left out; they need torchmetrics: {how_to_install('measure')}")


@dataclass(frozen=True)
class _Pair:
    """A picture and what it is compared with, all at the size that is measured."""

    image: Tensor
    content: Tensor
    styles: tuple[Tensor, ...]
    style_weights: tuple[float, ...] | None
    names: tuple[str, ...]
    """Of the photo and the paintings."""

    remarks: tuple[Note, ...]
    regions: tuple[Region, ...] = ()
    masks: Tensor | None = None
    """(R, 1, H, W), if there is a map."""

    @classmethod
    def read(
        cls,
        output: PictureLike,
        content: PictureLike | None,
        paintings: Sequence[PictureLike],
        options: MeasureOptions,
    ) -> _Pair:
        painted = read(output)
        image = painted.image
        sources: list[PictureLike] = list(paintings)
        shares, scale = options.style_weights, options.style_scale or 1.0
        region_map: PictureLike | None = options.regions
        words = [str(source) for source in sources] if region_map is not None else []
        if words:
            sources = [r.style for r in map(parse_region, words) if r.style != KEEP]
        if content is None or not sources:
            origin = _origin(output, content, sources)
            content = content if content is not None else origin.content
            sources = sources or list(origin.styles)
            shares = shares or origin.style_weights
            scale = options.style_scale or origin.style_scale
            if not words:
                words, region_map = list(origin.words), origin.regions
        if shares is not None and len(shares) != len(sources):
            raise ConfigError(f"--style-weights: {len(sources)} paintings, {len(shares)} numbers")
        if options.size is not None:
            image = resize(image, *fit_long_side(*size_of(image), options.size))
        height, width = size_of(image)
        if min(height, width) < SMALLEST:
            raise ImageError(
                f"{_name(output)} is {width}x{height}: too small to be measured, which takes "
                f"{SMALLEST} pixels a side"
            )
        check_memory(height, width)
        size = max(height, width)
        pictures = [
            read(content, at_least=enough_for(size)),
            *(read(source, at_least=enough_for(size, scale)) for source in sources),
        ]
        photo = pictures[0].image
        _check_shape(_name(output), image, _name(content), photo)
        styles = tuple(at_size_of(each.image, height, width, scale) for each in pictures[1:])
        names = tuple(_name(source) for source in (content, *sources))
        seen = zip((output, content, *sources), (painted, *pictures), strict=True)
        notes = tuple(remarks(*seen))
        photo = resize(photo, height, width)
        if not words or region_map is None:
            return cls(image, photo, styles, shares, names, notes)
        regions = tuple(map(parse_region, words))
        masks = to_masks(read_masks(region_map, regions), height, width)
        painted_shares = [
            float(mask.mean()) + 1e-9
            for mask, region in zip(masks, regions, strict=True)
            if region.style != KEEP
        ]
        return cls(image, photo, styles, tuple(painted_shares), names, notes, regions, masks)


def _origin(
    output: PictureLike, content: PictureLike | None, paintings: Sequence[PictureLike]
) -> Origin:
    """Return what the recipe says, of what was not given."""
    file = locate(output) if isinstance(output, str | Path) else None
    if not isinstance(file, str | Path):
        raise ConfigError("name the photo and the painting; only a file can tell them itself")
    given = Path("-")  # not looked at: it only says that there is no need to ask
    return find_origin(Path(file), None if content is None else given, [given] if paintings else [])


def _name(source: PictureLike) -> str:
    """Return a path or the name of a bundled picture, for people."""
    if not isinstance(source, str | Path):
        return "the picture"
    stem = Path(source).stem
    return stem if assets.find(stem) == Path(source) else str(source)


def _check_shape(name: str, image: Tensor, photo_name: str, photo: Tensor) -> None:
    """Refuse a picture that has not the photo's shape."""
    height, width = size_of(image)
    rows, columns = fit_long_side(*size_of(photo), max(height, width))
    if max(abs(rows - height), abs(columns - width)) > max(2, ASPECT * max(height, width)):
        raise ImageError(
            f"{name} is {width}x{height}, but {photo_name} has the shape of {columns}x{rows}; name "
            "the photo that it was painted from: --content"
        )


def _measure(
    output: PictureLike, pair: _Pair, weights: Weights, options: MeasureOptions
) -> Generator[Event, None, Measurement]:
    """Measure one picture; the events are those of its reference curve."""
    height, width = size_of(pair.image)
    with explain_out_of_memory(lambda: f"at {width}x{height}; try a smaller --size"):
        metrics = Metrics(weights, pair.content, pair.styles, pair.style_weights)
        distances, photo = metrics(pair.image), metrics(pair.content)
        worth = None
        if options.steps is not None:
            until = distances.fast_loss
            curve = yield from find_curve(weights, metrics, steps=options.steps, until=until)
            worth = min(equivalent_steps(until, curve), float(options.steps))
        regions = _regions_of(pair, weights)
    try:
        ssim = structural_similarity(round_to_bits(pair.image), pair.content)
    except MissingError:
        ssim = None
    return Measurement(
        **vars(distances),
        output=_name(output),
        content=pair.names[0],
        styles=pair.names[1:],
        width=width,
        height=height,
        ssim=ssim,
        equivalent_steps=worth,
        reference_steps=options.steps,
        photo=photo,
        regions=regions,
    )


def _regions_of(pair: _Pair, weights: Weights) -> tuple[RegionDistances, ...]:
    if pair.masks is None:
        return ()
    styles = iter(pair.styles)
    given = [None if region.style == KEEP else next(styles) for region in pair.regions]
    return RegionMetrics(weights, pair.content, pair.regions, given, pair.masks)(pair.image)
