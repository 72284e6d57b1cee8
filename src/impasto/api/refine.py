"""A pass that goes on by optimisation: what `seconds` asks of `impasto.stylize`."""

from __future__ import annotations

from pathlib import Path

from impasto import assets
from impasto.api.optimize import OptimizeResult, optimize
from impasto.api.pictures import PictureLike, locate, read
from impasto.apply.options import StylizeOptions
from impasto.core.errors import ConfigError
from impasto.core.options import changed
from impasto.io.image import size_in_file
from impasto.models.file import read_info
from impasto.models.registry import find_style
from impasto.optimization.options import OptimizeOptions

LARGEST = 1024
"""Long side in pixels up to which the photo's own size is kept."""


def refine(photo: PictureLike, options: StylizeOptions) -> OptimizeResult:
    """Return `photo` painted in one pass and refined for `options.seconds`.

    Raises:
        InputError: a picture or a style that cannot be used, or the painting is not at hand.
        MissingError: the VGG weights are neither here nor to be had.
        ResourceError: out of memory.
    """
    styles, asked = refinement(photo, options)
    return optimize(photo, styles, **changed(asked))


def refinement(
    photo: PictureLike, options: StylizeOptions
) -> tuple[tuple[str, ...], OptimizeOptions]:
    """Return the paintings and the options with which an optimisation refines the pass.

    Raises:
        ConfigError: the painting that the style has learnt is not at hand.
        ImageError: no such photo.
    """
    styles, shares = _paintings_of(options)
    size = options.size or min(LARGEST, _long_side(photo))
    return styles, OptimizeOptions(
        init="auto",
        seconds=options.seconds,
        size=size,
        style_scale=options.style_scale if options.stroke is None else options.stroke,
        preserve_color=options.preserve_color,
        keep_place=options.keep_place,
        memory=options.memory,
        device=options.device,
        dtype=options.dtype,
        weights=options.weights,
        style_weights=shares if len(styles) > 1 else None,
    )


def _paintings_of(options: StylizeOptions) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Return the paintings behind a style, and how much of each."""
    choice = find_style(options.style, options.any_model)
    if choice.paintings:
        return tuple(str(painting) for painting in choice.paintings), choice.weights
    if not choice.bundled or any(assets.find(name) is None for name in choice.names):
        raise ConfigError(
            f"--seconds needs the painting itself, which is not bundled for {options.style}; "
            "use impasto optimize PHOTO PAINTING --init RESULT --coarsest 0"
        )
    names = (style.name for style in read_info(choice.path).styles)
    shares = {name: share for name, share in zip(names, choice.weights, strict=True) if share > 0}
    return tuple(shares), tuple(shares.values())


def _long_side(photo: PictureLike) -> int:
    found = locate(photo)
    told = size_in_file(Path(found)) if isinstance(found, str | Path) else (0, 0)
    return max(told) or max(read(found).image.shape[-2:])
