"""`impasto.reconstruct`: what a layer keeps of a picture, content or a texture."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Generator, Mapping
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from impasto._version import __version__
from impasto.analysis.figure import Figure, FigureDone, Row, as_input, picture_table
from impasto.analysis.options import CONTENT_LAYERS, ReconstructOptions
from impasto.analysis.series import Task, paint_series
from impasto.core.events import Drawn, Event, last_of
from impasto.core.memory import check_room
from impasto.core.tensors import check_picture, fit_long_side, size_of
from impasto.io.image import Picture, to_pil
from impasto.io.inputs import PictureLike, describe, read, remarks, with_alpha
from impasto.optimization.options import STYLE_LAYERS, OptimizeOptions
from impasto.perception.vgg import TOPOLOGIES
from impasto.perception.weights import find_weights
from impasto.recipe import Recipe, Source

CONTENT_STEPS, CONTENT_COARSEST = (50,), 64
STYLE_STEPS, STYLE_COARSEST = (40,), 128
"""At full size, twice as many steps at every coarser scale. A style on smaller pictures would be
the painting itself again: the few places of their deep layers leave no other arrangement."""

GRAIN_STEPS = (100,)
"""Of a texture from the first block alone. It sees five pixels a side at most: from a smaller scale
it would keep the blocks of the enlarging, and from gray it makes a few lonely spots."""

WEIGHT = 1000.0
"""Of the one term there is. Relative distances fall below 1e-4 here; L-BFGS does not trust what it
learns from numbers that small."""


def reconstructions(image: Tensor, options: ReconstructOptions) -> list[Task]:
    """Return the pictures to paint: one, or the paper's figure (content first, then style).

    Args:
        image: (1, 3, H, W), sRGB in [0, 1].
        options: which layers, and how.

    Raises:
        ConfigError: a layer that the network does not have.
        ShapeError: `image` breaks the picture contract.

    Source:
        gatys2016, fig. 1, sec. 2.2. Differs: coarse to fine, from gray with a trace of noise
        instead of white noise, which leaves specks in what a layer does not hold; a trace of
        total variation in contents.
    """
    check_picture(image)
    for layer in (*options.content_layers, *options.style_layers):
        TOPOLOGIES[options.backbone].split(layer)
    if options.all:
        contents = [_content(image, (layer,), options) for layer in CONTENT_LAYERS]
        counts = range(1, len(STYLE_LAYERS) + 1)
        return contents + [_style(image, STYLE_LAYERS[:count], options) for count in counts]
    if options.style_layers:
        return [_style(image, options.style_layers, options)]
    return [_content(image, options.content_layers or ("relu4_2",), options)]


def _content(image: Tensor, layers: tuple[str, ...], options: ReconstructOptions) -> Task:
    size = options.size if isinstance(options.size, int) else max(options.size)
    chosen = _common(
        options,
        size=size,
        steps=options.steps or CONTENT_STEPS,
        coarsest=CONTENT_COARSEST if options.coarsest is None else options.coarsest,
        content_layers=layers,
        content_weight=WEIGHT,
        style_layers=(),
        style_weight=0.0,
        tv_weight=WEIGHT * options.tv_weight,
    )
    return Task("content " + _short(layers), image, (), chosen)


def _style(image: Tensor, layers: tuple[str, ...], options: ReconstructOptions) -> Task:
    if isinstance(options.size, int):
        height, width = fit_long_side(*size_of(image), options.size)
    else:
        width, height = options.size
    longest = max(height, width)
    seen = min(max(size_of(image)), longest) * options.style_scale
    is_grain = all(TOPOLOGIES[options.backbone].split(layer)[1][4] == "1" for layer in layers)
    coarsest = 0 if is_grain else STYLE_COARSEST
    chosen = _common(
        options,
        init="noise" if is_grain else "gray",
        size=longest,
        steps=options.steps or (GRAIN_STEPS if is_grain else STYLE_STEPS),
        coarsest=coarsest if options.coarsest is None else options.coarsest,
        content_layers=(),
        content_weight=0.0,
        style_layers=layers,
        style_weight=WEIGHT,
        style_scale=max(0.01, min(seen, max(size_of(image))) / longest),
        tv_weight=0.0,
    )
    check_room(height, width)
    canvas = torch.full((1, 3, height, width), 0.5)
    return Task("style " + _short(layers), canvas, (image,), chosen)


def _common(options: ReconstructOptions, **chosen: object) -> OptimizeOptions:
    """Return the options of one optimization, from a trace of noise if nothing else is chosen."""
    names = ("pooling", "backbone", "seed", "memory", "device", "dtype", "wrap")
    same = {name: getattr(options, name) for name in names}
    return OptimizeOptions(**{"init": "gray", **same, **chosen})


def _short(layers: tuple[str, ...]) -> str:
    """Return `relu1_1` or `relu1_1 .. relu3_1`, if the layers are the first of the paper's.

    >>> _short(("relu1_1", "relu2_1")), _short(("relu1_1", "relu3_1"))
    ('relu1_1 .. relu2_1', 'relu1_1+relu3_1')
    """
    if len(layers) > 1 and layers == STYLE_LAYERS[: len(layers)]:
        return f"{layers[0]} .. {layers[-1]}"
    return "+".join(layers)


def reconstruct(image: PictureLike, **options: Any) -> Figure:
    """Return a picture painted from noise out of what some layers keep of `image`.

    Args:
        image: a path, a PIL image, an array, or the name of a bundled picture.
        **options: fields of `ReconstructOptions`: `content_layers=("relu4_2",)`,
            `style_layers=("relu1_1", "relu2_1")`, or `all=True` for the paper's figure.

    Raises:
        InputError: the picture or an option cannot be used.
        MissingError: the VGG weights are neither here nor to be had.
        ResourceError: out of memory.

    Example:
        >>> reconstruct("castle", content_layers=("relu1_2",), size=64, steps=(2,)).image.size
        (64, 43)
    """
    return last_of(reconstruct_events(image, ReconstructOptions(**options)), FigureDone).result


def reconstruct_events(
    image: PictureLike, options: ReconstructOptions | None = None
) -> Generator[Event, None, None]:
    """Yield what happens while `reconstruct` works; the last event is `FigureDone`.

    Throw `StopEarly` in to end after the current step, with what there is so far.

    Args:
        image: as for `reconstruct`.
        options: None for the defaults.

    Yields:
        `Note`, `Transfer`, `Planned`, `Step`, `Drawn` after each picture, then `FigureDone`.

    Raises:
        InputError: the picture or an option cannot be used.
        MissingError: the VGG weights are neither here nor to be had.
        ResourceError: out of memory.
    """
    options = options or ReconstructOptions()
    began = time.perf_counter()
    picture, source = read(image), describe(image)
    yield from remarks((image, picture))
    tasks = reconstructions(picture.image, options)
    weights = yield from find_weights(TOPOLOGIES[options.backbone], options.weights)
    series = yield from paint_series(tasks, weights)
    drawn = {done.name: done for done in series}
    pictures = {name: _to_image(done, picture) for name, done in drawn.items()}
    resolved = options
    if len(tasks) == 1:
        resolved = dataclasses.replace(options, steps=drawn[tasks[0].name].steps)
    sheet = pictures[tasks[0].name] if len(tasks) == 1 else _sheet(source, picture, tasks, pictures)
    result = Figure(
        image=sheet,
        seconds=time.perf_counter() - began,
        recipe=Recipe(__version__, source, (), resolved),
        pictures=pictures,
        losses={name: done.losses for name, done in drawn.items()},
        painted=len(drawn),
        stopped=len(drawn) < len(tasks) or any(done.stopped for done in drawn.values()),
    )
    yield FigureDone(result)


def _to_image(done: Drawn, picture: Picture) -> Image.Image:
    """Return a PIL image; a content is as transparent as the picture."""
    return (
        with_alpha(done.image, picture) if done.name.startswith("content") else to_pil(done.image)
    )


def _sheet(
    source: Source,
    picture: Picture,
    tasks: list[Task],
    pictures: Mapping[str, Image.Image],
) -> Image.Image:
    """Return the paper's figure: a row of contents, a row of styles, the picture beside them."""
    size = next(iter(pictures.values())).size
    rows = [
        Row(
            kind,
            [
                (task.name.removeprefix(f"{kind} "), _or_blank(pictures, task.name))
                for task in tasks
                if task.name.startswith(kind)
            ],
        )
        for kind in ("content", "style")
    ]
    return picture_table([as_input(source, picture, *size)], rows)


def _or_blank(pictures: Mapping[str, Image.Image], name: str) -> Image.Image:
    """Return the picture, or white paper of its size if it was not painted."""
    size = next(iter(pictures.values())).size
    return pictures.get(name) or Image.new("RGB", size, "white")
