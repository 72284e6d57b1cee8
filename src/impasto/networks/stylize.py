"""`impasto.load` and `impasto.stylize_events`: paint with a trained network, in one pass."""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from impasto.core.addresses import Address, Place, place
from impasto.core.errors import ConfigError, MissingError
from impasto.core.events import Event, Note, outcome
from impasto.core.tensors import fit_long_side, resize, size_of
from impasto.io.image import size_in_file
from impasto.io.inputs import PictureLike, Result, describe, read, remarks, with_alpha
from impasto.io.sheet import contact_sheet
from impasto.networks.model import Model, one_pass_only
from impasto.networks.model_file import StyleInfo, load_any_style, load_model, read_info
from impasto.networks.options import StylizeOptions
from impasto.networks.pipeline import Ready, Stages, paint_batch, plan
from impasto.networks.random_styles import RandomStyles
from impasto.networks.regions import RegionsModel, load_regions
from impasto.networks.registry import (
    StyleChoice,
    check_pair,
    find_any_model,
    find_style,
    is_random,
    styles,
)
from impasto.recipe import Source, describe_source

if TYPE_CHECKING:
    from torch import Tensor

    from impasto.io.color import Colors

log = logging.getLogger(__name__)

Painter = Model | RegionsModel | RandomStyles
"""What paints in one pass."""


def load(
    style: str | Path,
    *,
    style_scale: float = 1.0,
    any_model: str | Path | None = None,
    weights: str | None = None,
) -> Model:
    """Return a trained network, ready to paint any number of pictures.

    Args:
        style: the name of a bundled style (`impasto.styles()` lists them), a painting
            (`my.jpg`), a model file, a style of one (`FILE.safetensors/NAME`), or a blend
            (`wave:0.6,poppies:0.4`).
        style_scale: above 1 paintings are encoded enlarged, for broader strokes.
        any_model: file of the network for paintings, None for the bundled one.
        weights: file of the VGG weights that encode paintings, None for impasto's.

    Raises:
        ModelFileError: no such style, or a file that is damaged, foreign or of a newer version.
        ImageError: a painting that cannot be read.
        MissingError: the VGG weights are neither here nor to be had.

    Example:
        >>> model = load("starry-night")
        >>> model("castle", strength=0.5, size=96).size
        (96, 64)
    """
    asked = StylizeOptions(
        style=str(style),
        style_scale=style_scale,
        any_model=None if any_model is None else str(any_model),
        weights=weights,
    )
    if is_random(asked.style):
        raise ConfigError(f"{style} names several styles; load one of them")
    return _load_quietly(asked)


def load_events(options: StylizeOptions) -> Generator[Event, None, Painter]:
    """Yield what happens while the network that the options ask for is loaded, and return it.

    Yields:
        `Note` and `Transfer`, while paintings are read and encoded.

    Raises:
        As `load`.
    """
    if options.regions is not None:
        return (yield from load_regions(options, load_events))
    if is_random(options.style):
        return RandomStyles(options.style, _load_quietly)
    style = options.style
    choice = find_style(style, options.any_model)
    log.info("network: %s", choice.path)
    if choice.paintings:
        return (
            yield from _encode_paintings(
                choice, choice.paintings, options.style_scale, options.weights
            )
        )
    info = read_info(choice.path)
    if info.any_style:
        load_model(choice.path)  # says what is missing
    source = describe_source(choice.path)
    if choice.bundled or style != str(choice.path):
        source = Source(style, source.sha256)
    if options.style_map is not None and len(choice.names) > 1:
        check_pair(choice.names)
    return Model(None, info, choice, source)


def _load_quietly(options: StylizeOptions) -> Model:
    model = outcome(load_events(options))
    assert isinstance(model, Model)
    return model


def load_for_paintings(
    paintings: Sequence[PictureLike], shares: Sequence[float], weights: str | None = None
) -> Model:
    """Return the network for any painting, ready to paint like a blend of these.

    Args:
        paintings: at least one.
        shares: how much of each, adding up to 1.
        weights: file of the VGG weights, None for impasto's.

    Raises:
        ModelFileError: none is bundled.
        ImageError: a painting that cannot be read.
    """
    names = tuple(f"painting-{number}" for number, _ in enumerate(paintings, 1))
    choice = StyleChoice(find_any_model(), tuple(shares), names, tuple(shares), bundled=True)
    return outcome(_encode_paintings(choice, paintings, 1.0, weights))


def _encode_paintings(
    choice: StyleChoice, sources: Sequence[PictureLike], scale: float, weights: str | None
) -> Generator[Event, None, Model]:
    """Return the network for any painting as one that has learned these."""
    import torch

    described = [describe(source) for source in sources]
    seen_by = scale, weights or os.environ.get("IMPASTO_VGG16"), os.environ.get("IMPASTO_DTYPE")
    keys = [(source.sha256, *seen_by) for source in described]
    if any(source.sha256 is None for source in described) or not set(keys) <= set(_STATISTICS):
        seen = yield from _statistics_of(sources, scale, weights)
        _STATISTICS.update(zip(keys, seen, strict=True))
        for key in list(_STATISTICS)[:-MOST_STATISTICS]:
            del _STATISTICS[key]
    else:
        seen = [_STATISTICS[key] for key in keys]
    network, info = load_any_style(choice.path)
    net = network.with_styles(torch.cat([statistics for statistics, _ in seen]))
    source = described[0]
    if len(described) > 1:
        parts = zip(described, choice.weights, strict=True)
        source = Source(",".join(f"{part.name}:{share:.4g}" for part, share in parts), None)
    styles = tuple(StyleInfo(name) for name in choice.names)
    info = dataclasses.replace(info, styles=styles, network=net.options)
    return Model(net, info, choice, source, [colors for _, colors in seen])


MOST_STATISTICS = 4096
"""Of paintings, that are kept: some kilobytes each."""

_STATISTICS: dict[tuple[object, ...], tuple[Tensor, Colors]] = {}
"""What VGG has seen in a painting, and its colors, by the painting's SHA-256 and what else counts:
of a folder of styles, whose networks do not all stay in memory, each is read once."""


def _statistics_of(
    sources: Sequence[PictureLike], scale: float, weights: str | None
) -> Generator[Event, None, list[tuple[Tensor, Colors]]]:
    """Return what the network for any painting is shown, (1, D) per painting, and their colors."""
    import torch

    from impasto.core.device import pick_dtype
    from impasto.io.color import colors_of
    from impasto.networks.any_style import STATISTICS_LAYERS, encode_style
    from impasto.perception.extractor import Extractor
    from impasto.perception.weights import find_weights

    paintings = [read(source) for source in sources]
    yield from remarks(*zip(sources, paintings, strict=True))
    vgg = yield from find_weights(file=weights)
    dtype = pick_dtype("auto", torch.device("cpu"))
    extractor = Extractor(vgg, STATISTICS_LAYERS, dtype=dtype)
    images = [painting.image for painting in paintings]
    return [(encode_style(extractor, image, scale), colors_of(image)) for image in images]


def stylize_events(
    contents: Sequence[str | Path | Address],
    options: StylizeOptions,
    *,
    output: str | Path | Address | None = None,
    force: bool = False,
) -> Generator[Event, None, None]:
    """Yield one event for each of many photos: painted into its file, skipped or failed.

    While one is painted, the next are read and the last are written. To end early, throw
    `StopEarly` in: what is painted is told of. Every file is whole, and the same call paints the
    rest.

    Args:
        contents: files and folders; folders are searched with all folders in them, and mirrored.
            Addresses such as s3://bucket/photos too, as far as fsspec knows them.
        options: for all of them.
        output: folder for the results, here or at an address; None: a folder DIR goes to
            DIR_STYLE and a file to NAME_STYLE.png, both in the current folder.
        force: replace existing results instead of skipping them.

    Yields:
        `Painted`, `Skipped` or `Failed`.

    Raises:
        InputError: the style, a folder without pictures, or an output that cannot be written.
    """
    one_pass_only(options)
    model = yield from load_events(options)
    if model.choice.paintings and options.seconds is None:
        yield Note(
            "many photos are painted in one pass of the network for any painting; impasto learn "
            "PAINTING makes a network that paints nearer to it, as fast"
        )
    folder = None if output is None else place(output)
    jobs = plan([place(photo) for photo in contents], model.choice.label, folder)
    yield from paint_batch(jobs, stages_of(model, options), force=force)


def stages_of(model: Painter, options: StylizeOptions) -> Stages[Any, Any]:
    """Return what a network does with each of many photos."""
    painter: Any = model  # of either kind, whose stages fit one another
    return Stages(
        pixels=lambda name: _pixels(name, options.size),
        read=lambda name: painter.read(name.read() if isinstance(name, Address) else name, options),
        paint=lambda photo: painter.run(photo, options),
        finish=lambda painting: _ready(painter.finish(painting, options)),
        size=lambda photo: photo.size,
    )


def _pixels(name: Place, size: int | None) -> int:
    """Return the pixels of a photo or of what it becomes, whichever are more."""
    if isinstance(name, Address):
        return 0
    height, width = size_in_file(name)
    if size is None or not height:
        return height * width
    rows, columns = fit_long_side(height, width, size)
    return max(height * width, rows * columns)


def _ready(result: Result) -> Ready:
    (style,) = result.recipe.styles[:1] or (None,)
    named = "" if style is None else style.name
    return Ready(result.image, result.recipe.to_json(), result.metadata, named)


LARGEST = 4096
"""Long side of each picture in pixels: there are many on a sheet."""


def style_sheet(content: PictureLike, *, size: int = 256) -> Image.Image:
    """Return the photo and what every bundled style makes of it, named, in a grid.

    Arguments and errors as `sheet_pictures`.
    """
    return contact_sheet(list(sheet_pictures(content, size=size)))


def sheet_pictures(content: PictureLike, *, size: int = 256) -> Iterator[tuple[str, Image.Image]]:
    """Yield the pictures of the sheet with their names, one after the other: first the photo.

    Args:
        content: a path, a bundled name, the bytes of a file, a PIL image or an array.
        size: long side of each picture.

    Raises:
        InputError: the photo or the size cannot be used.
        MissingError: no styles are bundled.
    """
    if not 1 <= size <= LARGEST:
        raise ConfigError(f"--size {size}: it must be a whole number from 1 to {LARGEST}")
    names = styles()
    if not names:
        raise MissingError("no styles are bundled here; make one with impasto train")
    picture = read(content, at_least=size)
    small = resize(picture.image, *fit_long_side(*size_of(picture.image), size))
    original = with_alpha(small, picture)
    yield (Path(content).stem if isinstance(content, str | Path) else "photo"), original
    for name in names:
        yield name, load(name)(original)
