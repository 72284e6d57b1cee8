"""`impasto.reconstruct`: what a layer keeps of a picture."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Generator, Mapping
from typing import Any

from PIL import Image

from impasto._version import __version__
from impasto.api.figure import Figure, FigureDone, as_input, fetch_weights
from impasto.api.pictures import PictureLike, describe, read, remarks, with_alpha
from impasto.core.events import Drawn, Event
from impasto.explanation.options import ReconstructOptions
from impasto.explanation.reconstruction import reconstructions
from impasto.explanation.series import Task, paint_series
from impasto.explanation.table import Row, picture_table
from impasto.io.image import Picture, to_pil
from impasto.recipe import Recipe, Source


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
    for event in reconstruct_events(image, ReconstructOptions(**options)):
        if isinstance(event, FigureDone):
            return event.result
    raise AssertionError("the events end with FigureDone")


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
    weights = yield from fetch_weights(options.backbone, options.weights)
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
