"""Painting by optimisation for some seconds: what `seconds` asks of `impasto.stylize`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from impasto import assets
from impasto.api.pictures import PictureLike, locate, read
from impasto.apply.options import StylizeOptions
from impasto.core.errors import ConfigError
from impasto.io.image import size_in_file
from impasto.models.file import read_info
from impasto.models.registry import StyleChoice, find_style
from impasto.optimization.options import OptimizeOptions

LARGEST = 1024
"""Long side in pixels up to which a pass that goes on keeps the photo's own size."""


def refinement(
    photo: PictureLike, options: StylizeOptions, seconds: float
) -> tuple[tuple[str, ...], OptimizeOptions]:
    """Return the paintings and the options of an optimisation that takes so long.

    A painting of one's own begins with a sketch: small, and as large as there is time for. A
    bundled style goes on from its pass.

    Raises:
        ConfigError: the painting that the style has learnt is not at hand.
        ImageError: no such photo.
    """
    choice = find_style(options.style, options.any_model)
    if choice.paintings:
        styles = tuple(str(painting) for painting in choice.paintings)
        return styles, sketch_options(photo, options, seconds, choice.weights)
    styles, shares = _bundled_paintings(options.style, choice)
    asked = sketch_options(photo, options, seconds, shares)
    size = options.size or min(LARGEST, asked.size)
    return styles, replace(asked, init="auto", size=size)


def sketch_options(
    photo: PictureLike, options: StylizeOptions, seconds: float, shares: tuple[float, ...]
) -> OptimizeOptions:
    """Return the options of an optimisation that begins small and takes so long.

    Args:
        photo: whose size it has if `options` name none.
        options: of the painting that is asked for.
        seconds: at most.
        shares: how much of each painting.

    Raises:
        ImageError: no such photo.
    """
    return OptimizeOptions(
        seconds=seconds,
        size=options.size or _long_side(photo),
        style_scale=options.style_scale if options.stroke is None else options.stroke,
        strength=options.strength,
        preserve_color=options.preserve_color,
        keep_place=options.keep_place,
        memory=options.memory,
        device=options.device,
        dtype=options.dtype,
        weights=options.weights,
        style_weights=shares if len(shares) > 1 else None,
    )


def _bundled_paintings(
    style: str, choice: StyleChoice
) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Return the paintings behind a bundled style, and how much of each."""
    if not choice.bundled or any(assets.find(name) is None for name in choice.names):
        raise ConfigError(
            f"--seconds needs the painting itself, which is not bundled for {style}; "
            "use impasto optimize PHOTO PAINTING --init RESULT --coarsest 0"
        )
    names = (style.name for style in read_info(choice.path).styles)
    shares = {name: share for name, share in zip(names, choice.weights, strict=True) if share > 0}
    return tuple(shares), tuple(shares.values())


def _long_side(photo: PictureLike) -> int:
    found = locate(photo)
    told = size_in_file(Path(found)) if isinstance(found, str | Path) else (0, 0)
    return max(told) or max(read(found).image.shape[-2:])
