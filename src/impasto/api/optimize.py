"""`impasto.optimize`: paint one picture by optimisation."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from impasto._version import __version__
from impasto.api.pictures import PictureLike, Result, describe, read, with_alpha
from impasto.core.events import Event, Finished
from impasto.io.image import Picture
from impasto.optimization.options import OptimizeOptions
from impasto.optimization.stylize import stylize
from impasto.perception.vgg import TOPOLOGIES
from impasto.perception.weights import find_weights
from impasto.recipe import Recipe

_NAMED_STARTS = ("content", "noise", "grey", "style")


@dataclass(frozen=True)
class OptimizeResult(Result):
    """A picture painted by optimisation."""

    losses: Mapping[str, float]
    """Weighted terms by name and their `total`, of this very picture, in float32."""

    steps: tuple[int, ...]
    """Steps taken at each scale, coarsest first."""

    stopped: bool
    """True if a time limit or the person ended it before the planned steps."""


@dataclass(frozen=True, slots=True)
class Done(Event):
    """The last event: everything is done."""

    result: OptimizeResult


def optimize(
    content: PictureLike,
    styles: PictureLike | Sequence[PictureLike],
    **options: Any,
) -> OptimizeResult:
    """Return `content` painted in the style of `styles`, by optimisation.

    Args:
        content: the photo: a path, a PIL image, an array, or the name of a bundled picture.
        styles: one painting or several.
        **options: fields of `OptimizeOptions`, such as `size=512`.

    Raises:
        InputError: a picture or an option that cannot be used.
        MissingError: the VGG weights are neither here nor to be had.
        ResourceError: out of memory.

    Example:
        >>> result = optimize("castle", "great-wave", size=64, steps=(2,))
        >>> result.image.size
        (64, 43)
    """
    for event in optimize_events(content, styles, OptimizeOptions(**options)):
        if isinstance(event, Done):
            return event.result
    raise AssertionError("the events end with Done")


def optimize_events(
    content: PictureLike,
    styles: PictureLike | Sequence[PictureLike],
    options: OptimizeOptions | None = None,
) -> Generator[Event, None, None]:
    """Yield what happens while `optimize` works; the last event is `Done`.

    Throw `StopEarly` in to end after the current step with the best picture so far.

    Args:
        content: as for `optimize`.
        styles: as for `optimize`.
        options: None for the defaults.

    Yields:
        `Note`, `Transfer`, `Step`, `Preview`, then `Finished` (tensors) and `Done` (the result).

    Raises:
        InputError: a picture or an option that cannot be used.
        MissingError: the VGG weights are neither here nor to be had.
        ResourceError: out of memory.
    """
    options = options or OptimizeOptions()
    sources: list[PictureLike] = (
        [styles]
        if isinstance(styles, str | Path | bytes | Image.Image | np.ndarray)
        else list(styles)
    )
    photo = read(content)
    paintings = [read(style) for style in sources]
    start = None if options.init in _NAMED_STARTS else read(options.init)
    weights: dict[str, Tensor] = {}
    for found in find_weights(TOPOLOGIES[options.backbone], options.weights):
        if isinstance(found, Event):
            yield found
        else:
            weights = found
    finished = yield from stylize(
        photo.image,
        [painting.image for painting in paintings],
        weights,
        options,
        start=None if start is None else start.image,
    )
    resolved = options.resolved()
    recipe = Recipe(
        version=__version__,
        content=describe(content),
        styles=tuple(describe(style) for style in sources),
        options=dataclasses.replace(resolved, steps=finished.steps, seconds=None),
        init=None if start is None else describe(options.init),
    )
    yield Done(_result(finished, photo, recipe))


def _result(finished: Finished, photo: Picture, recipe: Recipe) -> OptimizeResult:
    return OptimizeResult(
        image=with_alpha(finished.image, photo),
        losses=finished.losses,
        seconds=finished.seconds,
        steps=finished.steps,
        stopped=finished.stopped,
        recipe=recipe,
    )
