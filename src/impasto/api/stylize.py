"""`impasto.load` and `impasto.stylize`: paint with a trained network, in one pass."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

from impasto.api.model import Model, note_on_map, one_pass_only
from impasto.api.pictures import PictureLike, Result, describe, read, remarks
from impasto.apply.batch import plan
from impasto.apply.options import StylizeOptions
from impasto.apply.pipeline import Ready, Stages, paint_batch
from impasto.core.errors import ResourceError
from impasto.core.events import Event, Note, Opened, StopEarly, outcome
from impasto.core.tensors import fit_long_side
from impasto.io.image import size_in_file
from impasto.models.file import StyleInfo, load_any_style, load_model, read_info
from impasto.models.registry import StyleChoice, find_any_model, find_style
from impasto.recipe import Source, describe_source

log = logging.getLogger(__name__)

SKETCH_SECONDS = 2.0
"""For how long one photo is painted in the style of a painting if nothing is said."""


def load(
    style: str | Path,
    *,
    style_scale: float = 1.0,
    any_model: str | Path | None = None,
    weights: str | None = None,
    tell: Callable[[Event], None] | None = None,
) -> Model:
    """Return a trained network, ready to paint any number of pictures.

    Args:
        style: the name of a bundled style (`impasto.styles()` lists them), a painting
            (`my.jpg`), a model file, a style of one (`FILE.safetensors/NAME`), or a blend
            (`wave:0.6,poppies:0.4`).
        style_scale: above 1 paintings are looked at enlarged, for broader strokes.
        any_model: file of the network for paintings, None for the bundled one.
        weights: file of the VGG weights with which paintings are looked at, None for impasto's.
        tell: called with what happens while those are fetched.

    Raises:
        ModelFileError: no such style, or a file that is damaged, foreign or of a newer version.
        ImageError: a painting that cannot be read.
        MissingError: the VGG weights are neither here nor to be had.

    Example:
        >>> model = load("starry-night")
        >>> model("castle", strength=0.5, size=96).size
        (96, 64)
    """
    choice = find_style(style, any_model)
    log.info("network: %s", choice.path)
    if choice.paintings:
        return _look_at_paintings(choice, choice.paintings, style_scale, weights, tell)
    info = read_info(choice.path)
    if info.any_style:
        load_model(choice.path)  # says what is missing
    source = describe_source(choice.path)
    if choice.bundled or str(style) != str(choice.path):
        source = Source(str(style), source.sha256)
    return Model(None, info, choice, source)


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
    choice = StyleChoice(find_any_model(), tuple(shares), names, bundled=True)
    return _look_at_paintings(choice, paintings, 1.0, weights, None)


def _look_at_paintings(
    choice: StyleChoice,
    sources: Sequence[PictureLike],
    scale: float,
    weights: str | None,
    tell: Callable[[Event], None] | None,
) -> Model:
    """Return the network for any painting as one that has learnt these."""
    import torch

    from impasto.core.device import pick_dtype
    from impasto.models.any_style import STATISTICS_LAYERS, look_at
    from impasto.perception.extractor import Extractor
    from impasto.perception.weights import find_weights

    paintings = [read(source) for source in sources]
    if tell is not None:
        for note in remarks(*zip(sources, paintings, strict=True)):
            tell(note)
    network, info = load_any_style(choice.path)
    found: dict[str, torch.Tensor] = {}
    for event in find_weights(file=weights):
        if not isinstance(event, Event):
            found = event
        elif tell is not None:
            tell(event)
    dtype = pick_dtype("auto", torch.device("cpu"))
    extractor = Extractor(found, STATISTICS_LAYERS, dtype=dtype)
    looks = [look_at(extractor, painting.image, scale) for painting in paintings]
    learnt = tuple(StyleInfo(name) for name in choice.names)
    net = network.with_styles(torch.cat(looks))
    described = [describe(source) for source in sources]
    source = described[0]
    if len(described) > 1:
        parts = zip(described, choice.weights, strict=True)
        source = Source(",".join(f"{part.name}:{share:.4g}" for part, share in parts), None)
    return Model(net, dataclasses.replace(info, styles=learnt, network=net.options), choice, source)


def stylize(photo: PictureLike, style: str | Path, **options: Any) -> Result:
    """Return `photo` painted in the style of `style`.

    For more than one photo, `load` the style once and call the model.

    A painting of your own is painted by optimisation for `seconds`, 2 if not given; the result is
    then an `OptimizeResult`. So it is for a bundled style with `seconds`, from its pass on.

    Args:
        photo: a path, the name of a bundled picture, the bytes of a file, a PIL image or an array.
        style: the name of a bundled style, a painting, or a model file.
        **options: fields of `StylizeOptions`, such as `strength=0.5` or `size=1024`.

    Raises:
        InputError: a picture, a style or an option that cannot be used.
        ResourceError: out of memory.

    Example:
        >>> stylize("castle", "starry-night", size=96).image.size
        (96, 64)
    """
    return outcome(paint_events(photo, StylizeOptions(style=str(style), **options)))


def paint_events(photo: PictureLike, options: StylizeOptions) -> Generator[Event, None, Result]:
    """Yield what happens while one photo is painted: in one pass, or for `options.seconds`.

    Throw `StopEarly` in to end after the current step with the best picture so far.

    Yields:
        `Note`, `Transfer`; then `Opened`, or, by optimisation, `Planned`, `Step` and the like.

    Returns:
        The painted picture.

    Raises:
        InputError: a picture, a style or an option that cannot be used.
        MissingError: the VGG weights are neither here nor to be had.
        ResourceError: out of memory.
    """
    choice = find_style(options.style, options.any_model)
    seconds = options.seconds
    if seconds is None:
        seconds = SKETCH_SECONDS if choice.paintings and not options.names_a_network else 0.0
    if seconds:
        from impasto.api.optimize import Done, optimize_events  # which needs torch
        from impasto.api.refine import refinement

        styles, asked = refinement(photo, options, seconds)
        steps = optimize_events(photo, styles, asked)
        try:
            event = next(steps)
            while not isinstance(event, Done):
                try:
                    yield event
                except StopEarly:
                    event = steps.throw(StopEarly)
                else:
                    event = next(steps)
        except ResourceError as error:
            if options.seconds is not None:
                raise
            yield Note(f"{error}; painting in one pass instead")
        else:
            return event.result
    events: list[Event] = []
    model = load_for(options, events.append)
    yield from events
    if (note := note_on_map(photo, options)) is not None:
        yield Note(note)
    ready = model.read(photo, options)
    yield from remarks((photo, ready.picture))
    yield Opened(*ready.size)
    return model.finish(model.run(ready, options), options)


def load_for(options: StylizeOptions, tell: Callable[[Event], None] | None = None) -> Model:
    """Return the network that the options ask for. Arguments and errors as `load`."""
    return load(
        options.style,
        style_scale=options.style_scale,
        any_model=options.any_model,
        weights=options.weights,
        tell=tell,
    )


def stylize_events(
    photos: Sequence[str | Path],
    options: StylizeOptions,
    *,
    output: str | Path | None = None,
    force: bool = False,
) -> Generator[Event, None, None]:
    """Yield one event for each of many photos: painted into its file, skipped or failed.

    While one is painted, the next are read and the last are written. To end early, throw
    `StopEarly` in: what is painted is told of. Every file is whole, and the same call paints the
    rest.

    Args:
        photos: files and folders; folders are searched with all folders in them, and mirrored.
        options: for all of them.
        output: folder for the results; None: a folder DIR goes to DIR_STYLE and a file to
            NAME_STYLE.png, both in the current folder.
        force: replace existing results instead of skipping them.

    Yields:
        `Painted`, `Skipped` or `Failed`.

    Raises:
        InputError: the style, a folder without pictures, or an output that cannot be written.
    """
    one_pass_only(options)
    events: list[Event] = []
    model = load_for(options, events.append)
    yield from events
    if model.choice.paintings and options.seconds is None:
        yield Note(
            "many photos are painted in one pass of the network for any painting; impasto learn "
            "PAINTING makes a network that paints nearer to it, as fast"
        )
    folder = None if output is None else Path(output)
    jobs = plan([Path(photo) for photo in photos], model.choice.label, folder)

    stages = Stages(
        pixels=lambda path: _pixels(path, options.size),
        read=lambda path: model.read(path, options),
        paint=lambda photo: model.run(photo, options),
        finish=lambda painting: _ready(model.finish(painting, options)),
        size=lambda photo: photo.size,
    )
    yield from paint_batch(jobs, stages, force=force)


def _pixels(path: Path, size: int | None) -> int:
    """Return the pixels of a photo or of what it becomes, whichever are more."""
    height, width = size_in_file(path)
    if size is None or not height:
        return height * width
    rows, columns = fit_long_side(height, width, size)
    return max(height * width, rows * columns)


def _ready(result: Result) -> Ready:
    return Ready(result.image, result.recipe.to_json(), result.metadata)
