"""`impasto.stylize`: one pass, or what `seconds` of optimization make of it."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from impasto import assets
from impasto.core.errors import ConfigError, ResourceError
from impasto.core.events import Event, Note, Opened, Planned, outcome, relayed
from impasto.io.image import size_in_file
from impasto.io.inputs import PictureLike, Result, locate, read, remarks
from impasto.io.regions import KEEP, parse_regions
from impasto.networks.model import note_on_map
from impasto.networks.options import StylizeOptions
from impasto.networks.random_styles import style_for
from impasto.networks.registry import StyleChoice, find_style
from impasto.networks.stylize import load_events
from impasto.optimization.options import OptimizeOptions

SKETCH_SECONDS = 2.0
"""For how long one photo is painted in the style of a painting if nothing is said."""

LEAST_SKETCH = 224
"""Long side in pixels from which a sketch is nearer to the painting than one pass is."""

LARGEST = 1024
"""Long side in pixels up to which a pass that goes on keeps the photo's own size."""


def stylize(content: PictureLike, style: str | Path | Mapping[str, str], **options: Any) -> Result:
    """Return `content` painted in the style of `style`.

    For more than one photo, `load` the style once and call the model.

    A painting of your own is painted by optimization for `seconds`, 2 if not given and the machine
    is fast enough; the result is then an `OptimizeResult`. So it is for a bundled style with
    `seconds`, from its pass on.

    Args:
        content: a path, a bundled name, the bytes of a file, a PIL image or an array.
        style: the name of a bundled style, a painting, or a model file; with `regions`, which of
            these goes where: `{"blue": "a.jpg", "white": "great-wave", "red": "keep"}`.
        **options: fields of `StylizeOptions`, such as `strength=0.5` or `size=1024`.

    Raises:
        InputError: a picture, a style or an option that cannot be used.
        ResourceError: out of memory.

    Example:
        >>> stylize("castle", "starry-night", size=96).image.size
        (96, 64)
    """
    if isinstance(style, Mapping):
        style = ",".join(f"{color}={each}" for color, each in style.items())
    return outcome(paint_events(content, StylizeOptions(style=str(style), **options)))


def paint_events(content: PictureLike, options: StylizeOptions) -> Generator[Event, None, Result]:
    """Yield what happens while one photo is painted: in one pass, or for `options.seconds`.

    Throw `StopEarly` in to end after the current step with the best picture so far.

    Yields:
        `Note`, `Transfer`; then `Opened`, or, by optimization, `Planned`, `Step` and the like.

    Returns:
        The painted picture.

    Raises:
        InputError: a picture, a style or an option that cannot be used.
        MissingError: the VGG weights are neither here nor to be had.
        ResourceError: out of memory.
    """
    options = style_for(content, options)
    seconds = options.seconds
    if seconds is None:
        is_own = _has_only_paintings(options) and not options.names_a_network
        seconds = SKETCH_SECONDS if is_own else 0.0
    if seconds:
        from impasto.optimization.run import Done, optimize_events  # which needs torch

        styles, asked = refinement(content, options, seconds)
        optimize = sketch_events if options.seconds is None else optimize_events
        done: list[Result] = []

        def keep(event: Event) -> Event | None:
            if not isinstance(event, Done):
                return event
            done.append(event.result)
            return None

        try:
            yield from relayed(optimize(content, styles, asked), keep)
        except ResourceError as error:
            if options.seconds is not None:
                raise
            yield Note(f"{error}; painting in one pass instead")
        else:
            return done[0]
    model: Any = yield from load_events(options)  # of either kind, whose stages fit one another
    if (note := note_on_map(content, options)) is not None:
        yield Note(note)
    ready = model.read(content, options)
    yield from remarks((content, ready.picture))
    yield Opened(*ready.size)
    result: Result = model.finish(model.run(ready, options), options)
    return result


def sketch_events(
    content: PictureLike, styles: Sequence[PictureLike], options: OptimizeOptions
) -> Generator[Event, None, None]:
    """Yield what `optimize_events` does, unless the machine is too slow for a picture so soon.

    Raises:
        ResourceError: before anything is painted, if it would be smaller than `LEAST_SKETCH`.
    """
    from impasto.optimization.run import optimize_events

    def refuse(event: Event) -> Event:
        if isinstance(event, Planned):
            side = max(event.sizes[-1])
            if side < min(LEAST_SKETCH, max(event.width, event.height)):
                raise ResourceError(
                    f"{options.seconds:g} s are too little for a sketch on this machine "
                    "(--seconds 10 paints one)"
                )
        return event

    yield from relayed(optimize_events(content, styles, options), refuse)


def refinement(
    content: PictureLike, options: StylizeOptions, seconds: float
) -> tuple[tuple[str, ...], OptimizeOptions]:
    """Return the paintings and the options of an optimization that takes so long.

    A painting of one's own begins with a sketch: small, and as large as there is time for. A
    bundled style goes on from its pass.

    Raises:
        ConfigError: the painting that the style has learned is not at hand.
        ImageError: no such photo.
    """
    if options.regions is not None:
        return _region_words(options), replace(
            sketch_options(content, options, seconds, ()), regions=options.regions
        )
    choice = find_style(options.style, options.any_model)
    if choice.paintings:
        styles = tuple(str(painting) for painting in choice.paintings)
        return styles, sketch_options(content, options, seconds, choice.weights)
    styles, shares = _bundled_paintings(options.style, choice)
    asked = sketch_options(content, options, seconds, shares)
    size = options.size or min(LARGEST, asked.size)
    return styles, replace(asked, init="auto", size=size)


def _has_only_paintings(options: StylizeOptions) -> bool:
    """Return whether all styles are paintings of one's own."""
    if options.regions is None:
        return bool(find_style(options.style, options.any_model).paintings)
    regions = parse_regions(options.style)
    return all(find_style(each.style).paintings for each in regions if each.style != KEEP)


def _region_words(options: StylizeOptions) -> tuple[str, ...]:
    """Return `color=painting` for every region.

    Raises:
        ConfigError: a style whose painting is not at hand, or a blend.
    """
    words = []
    for region in parse_regions(options.style):
        style = region.style
        if style != KEEP:
            choice = find_style(style, options.any_model)
            if len(choice.names) > 1:
                raise ConfigError(f"--style {region.color}={style}: a region takes no blend here")
            if choice.paintings:
                style = str(choice.paintings[0])
            else:
                style = _bundled_paintings(style, choice)[0][0]
        words.append(f"{region.color}={style}")
    return tuple(words)


def sketch_options(
    content: PictureLike, options: StylizeOptions, seconds: float, shares: tuple[float, ...]
) -> OptimizeOptions:
    """Return the options of an optimization that begins small and takes so long.

    Args:
        content: whose size it has if `options` name none.
        options: of the painting that is asked for.
        seconds: at most.
        shares: how much of each painting.

    Raises:
        ImageError: no such photo.
    """
    return OptimizeOptions(
        seconds=seconds,
        size=options.size or _long_side(content),
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
    return choice.names, choice.shares


def _long_side(photo: PictureLike) -> int:
    found = locate(photo)
    told = size_in_file(Path(found)) if isinstance(found, str | Path) else (0, 0)
    return max(told) or max(read(found).image.shape[-2:])
