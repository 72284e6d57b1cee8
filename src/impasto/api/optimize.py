"""The public face: paths, PIL images and arrays in, PIL images out."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from impasto import assets
from impasto._version import __version__
from impasto.core.errors import ImageError
from impasto.core.events import Event, Finished
from impasto.core.tensors import resize
from impasto.io.image import Picture, read_picture, to_pil, write_picture
from impasto.optimization.options import OptimizeOptions
from impasto.optimization.stylize import stylize
from impasto.perception.vgg import TOPOLOGIES
from impasto.perception.weights import find_weights
from impasto.recipe import Recipe, Source, describe_source

PictureLike = str | Path | Image.Image | np.ndarray[Any, Any]
_NAMED_STARTS = ("content", "noise", "grey", "style")


@dataclass(frozen=True)
class Result:
    """A painted picture and how it came about."""

    image: Image.Image
    """RGB, or RGBA if the photo was transparent."""

    losses: Mapping[str, float]
    """Weighted terms by name and their `total`, of this very picture, in float32."""

    seconds: float
    """Wall time of the optimisation."""

    steps: tuple[int, ...]
    """Steps taken at each scale, coarsest first."""

    stopped: bool
    """True if a time limit or the person ended it before the planned steps."""

    recipe: Recipe
    """What it takes to paint it again."""

    def save(self, path: str | Path, *, force: bool = False) -> Path:
        """Write the picture, with its recipe inside, and return the path.

        Args:
            path: PNG, JPEG, WebP, AVIF or TIFF by its ending.
            force: replace an existing file.

        Raises:
            ImageError: the file exists or cannot be written.
        """
        write_picture(self.image, Path(path), note=self.recipe.to_json(), force=force)
        return Path(path)


@dataclass(frozen=True, slots=True)
class Done(Event):
    """The last event: everything is done."""

    result: Result


def optimize(
    content: PictureLike,
    styles: PictureLike | Sequence[PictureLike],
    **options: Any,
) -> Result:
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
        [styles] if isinstance(styles, str | Path | Image.Image | np.ndarray) else list(styles)
    )
    photo = _read(content)
    paintings = [_read(style) for style in sources]
    start = None if options.init in _NAMED_STARTS else _read(options.init)
    weights: dict[str, Tensor] = {}
    for found in find_weights(TOPOLOGIES[options.backbone], options.weights):
        if isinstance(found, Event):
            yield found
        else:
            weights = found
    recipe = Recipe(
        version=__version__,
        content=_describe(content),
        styles=tuple(_describe(style) for style in sources),
        options=options.resolved(),
        init=None if start is None else _describe(options.init),
    )
    finished = yield from stylize(
        photo.image,
        [painting.image for painting in paintings],
        weights,
        options,
        start=None if start is None else start.image,
    )
    yield Done(_result(finished, photo, recipe))


def _read(source: PictureLike) -> Picture:
    return read_picture(_locate(source))


def _locate(source: PictureLike) -> PictureLike:
    """Return the file of a bundled picture if `source` is its name and no file of the user's."""
    if not isinstance(source, str | Path) or Path(source).exists():
        return source
    bundled = assets.find(str(source))
    if bundled is None:
        names = ", ".join(assets.names())
        raise ImageError(f"{source} does not exist; check the name (bundled pictures: {names})")
    return bundled


def _describe(source: PictureLike) -> Source:
    described = describe_source(_locate(source))
    if isinstance(source, str) and not Path(source).exists():
        return dataclasses.replace(described, name=source)
    return described


def _result(finished: Finished, photo: Picture, recipe: Recipe) -> Result:
    alpha = photo.alpha
    if alpha is not None:
        alpha = resize(alpha, *finished.image.shape[-2:])
    options = dataclasses.replace(recipe.options, steps=finished.steps, seconds=None)
    return Result(
        image=to_pil(finished.image, alpha),
        losses=finished.losses,
        seconds=finished.seconds,
        steps=finished.steps,
        stopped=finished.stopped,
        recipe=dataclasses.replace(recipe, options=options),
    )
