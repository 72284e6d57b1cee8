"""`impasto.optimize`: paint one picture by optimization."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from impasto import assets
from impasto._version import __version__
from impasto.core.errors import ConfigError
from impasto.core.events import Event, Finished, Note, last_of
from impasto.core.memory import parse_size
from impasto.io.checkpoints import Checkpoints
from impasto.io.image import Picture
from impasto.io.inputs import (
    PictureLike,
    Result,
    as_list,
    describe,
    enough_for,
    locate,
    read,
    remarks,
    unrounded,
    with_alpha,
)
from impasto.io.regions import KEEP, Array, Region, parse_region, parse_regions, read_masks
from impasto.networks.model import Model
from impasto.networks.registry import has_any_model, style_of_painting
from impasto.networks.registry import styles as styles_by_name
from impasto.networks.stylize import load, load_for_paintings
from impasto.optimization.options import OptimizeOptions, Start
from impasto.optimization.picture import optimize_picture
from impasto.optimization.run_folder import OptimizeRun
from impasto.perception.vgg import TOPOLOGIES
from impasto.perception.weights import find_weights
from impasto.recipe import Recipe, Source

_NAMED_STARTS = get_args(Start)


@dataclass(frozen=True, kw_only=True)
class OptimizeResult(Result):
    """A picture painted by optimization."""

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
    styles: PictureLike | Sequence[PictureLike] | Mapping[str, str | Path],
    **options: Any,
) -> OptimizeResult:
    """Return `content` painted in the style of `styles`, by optimization.

    Args:
        content: the photo: a path, a PIL image, an array, or the name of a bundled picture.
        styles: one painting or several; with `regions`, which goes where, by color:
            `{"blue": "a.jpg", "red": "keep"}`, or `["blue=a.jpg", "red=keep"]`.
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
    return last_of(optimize_events(content, styles, OptimizeOptions(**options)), Done).result


def optimize_events(
    content: PictureLike,
    styles: PictureLike | Sequence[PictureLike] | Mapping[str, str | Path],
    options: OptimizeOptions | None = None,
    *,
    run: str | Path | None = None,
    output: str | Path = "",
) -> Generator[Event, None, None]:
    """Yield what happens while `optimize` works; the last event is `Done`.

    Throw `StopEarly` in to end after the current step with the best picture so far.

    Args:
        content: as for `optimize`.
        styles: as for `optimize`.
        options: None for the defaults.
        run: folder to keep the state in, so that `resume_optimize_events` can go on from there;
            the pictures are then files or bundled names.
        output: where the caller is going to write the result; kept in `run`.

    Yields:
        `Note`, `Transfer`, `Planned`, `Step`, `Preview`, then `Finished` (tensors) and `Done` (the
        result).

    Raises:
        InputError: a picture or an option that cannot be used.
        MissingError: the VGG weights are neither here nor to be had.
        ResourceError: out of memory.
    """
    options = options or OptimizeOptions()
    if isinstance(styles, Mapping):
        styles = [f"{color}={style!s}" for color, style in styles.items()]
    sources = as_list(styles)
    checkpoints: Checkpoints | None = None
    if run is not None:
        if not str(run):
            raise ConfigError("--run: it is empty; name a folder for the run")
        names = [str(each) for each in (content, *sources) if isinstance(each, str | Path)]
        if len(names) <= len(sources):
            raise ConfigError("a run folder needs pictures that are files or bundled names")
        folder = OptimizeRun(Path(run))
        folder.create(names[0], tuple(names[1:]), options, str(output))
        checkpoints = folder.checkpoints
    with nullcontext() if checkpoints is None else checkpoints.held():
        yield from _paint(content, sources, options, checkpoints)


def resume_optimize_events(
    run: str | Path, moved: Sequence[str | Path] = ()
) -> Generator[Event, None, None]:
    """Yield what happens while a run goes on from its latest checkpoint; the last is `Done`.

    The picture is that of the uninterrupted run.

    Args:
        run: the folder that was named to `optimize_events`.
        moved: where pictures of the run are now, in any order, if they are not where they were.

    Raises:
        InputError: no run folder, or what it names is gone or has changed.
    """
    folder = OptimizeRun(Path(run))
    task = folder.task(moved)
    with folder.checkpoints.held():
        yield from _paint(task.content, list(task.styles), task.options, folder.checkpoints)


def _paint(
    content: PictureLike,
    sources: Sequence[PictureLike],
    options: OptimizeOptions,
    checkpoints: Checkpoints | None,
) -> Generator[Event, None, None]:
    memory = None if options.memory is None else parse_size(options.memory)
    enough = enough_for(options.size)
    photo, described = read(content, at_least=enough, memory=memory), describe(content)
    enough = enough_for(options.size, options.style_scale)
    masks: Array | None = None
    parts: tuple[Array, ...] = ()
    described_styles = tuple(_describe(style, options) for style in sources)
    if options.regions is not None:
        regions = parse_regions(",".join(map(str, sources)))
        wanted = [number for number, each in enumerate(regions) if each.style != KEEP]
        masks = read_masks(options.regions, regions)[wanted]
        if not masks.max() > 0:
            raise ConfigError(f"--regions {options.regions}: none of the colors named is in it")
        sources, parts = [regions[n].style for n in wanted], _style_parts(regions, wanted, options)
    protected = None
    if options.protect is not None:
        protected = read_masks(options.protect, [Region("white", KEEP)])
    paintings = [read(style, at_least=enough, memory=memory) for style in sources]
    yield from remarks((content, photo), *zip(sources, paintings, strict=True))
    start, source = None, None
    if options.init == "auto":
        one_pass = _one_pass_model(sources, options)
        if one_pass is None:
            yield Note("no bundled network knows this painting: starting from the photo")
            options = dataclasses.replace(options, init=None)
        else:
            yield Note(f"starting from one pass of {one_pass[0]}")
            start = read(
                one_pass[1].stylize(content, size=options.size, device=options.device).image
            ).image
    elif options.init is not None and options.init not in _NAMED_STARTS:
        start, source = read(options.init).image, describe(options.init)
    weights = yield from find_weights(TOPOLOGIES[options.backbone], options.weights)
    finished = yield from optimize_picture(
        photo.image,
        [painting.image for painting in paintings],
        weights,
        options,
        start=start,
        checkpoints=checkpoints,
        regions=masks,
        protected=protected,
        style_parts=parts,
    )
    resolved = options.resolved()
    recipe = Recipe(
        version=__version__,
        content=described,
        styles=described_styles,
        options=dataclasses.replace(
            resolved,
            steps=finished.steps,
            seconds=None,
            finest=finished.finest if finished.finest < resolved.size else None,
            init=finished.init if source is None else source.name,  # not where its maker keeps it
        ),
        init=source,
    )
    yield Done(_result(finished, photo, recipe, options))


def _style_parts(
    regions: Sequence[Region], painted: Sequence[int], options: OptimizeOptions
) -> tuple[Array, ...]:
    """Return which part of its painting each region takes; nothing if all of it."""
    maps = options.style_regions
    if maps is None:
        return ()
    if len(maps) not in (1, len(painted)):
        raise ConfigError(
            f"--style-regions: {len(maps)} maps for {len(painted)} painted regions; give one for "
            "all, or one for each"
        )
    parts = []
    for at, number in enumerate(painted):
        chosen = maps[at % len(maps)]
        part = read_masks(chosen, regions)[number : number + 1]
        if not part.max() > 0:
            raise ConfigError(
                f"--style-regions {chosen}: {regions[number].color} is not in it; paint there "
                "which part of the painting is meant"
            )
        parts.append(part)
    return tuple(parts)


def _describe(style: PictureLike, options: OptimizeOptions) -> Source:
    """Return how a recipe calls a painting; with regions, `color=painting`."""
    if options.regions is None:
        return describe(style)
    region = parse_region(str(style))
    if region.style == KEEP:
        return Source(f"{region.color}={KEEP}", None)
    found = describe(region.style)
    return Source(f"{region.color}={found.name}", found.sha256)


def _one_pass_model(
    paintings: Sequence[PictureLike], options: OptimizeOptions
) -> tuple[str, Model] | None:
    """Return the best network at hand for these paintings and what to call it, if there is one."""
    shares = options.style_weights or (1.0,) * len(paintings)
    shares = tuple(share / sum(shares) for share in shares)
    names = [name for name in map(_learned_style, paintings) if name is not None]
    if len(names) == len(paintings):
        blend = ",".join(f"{name}:{share:g}" for name, share in zip(names, shares, strict=True))
        text = names[0] if len(names) == 1 else blend
        try:
            return text, load(text)
        except ConfigError:  # networks of different shapes: none lies between them
            if not has_any_model():
                raise
    if not has_any_model():
        return None
    own = options.weights if options.backbone == "vgg16" else None
    return "the network for any painting", load_for_paintings(paintings, shares, own)


def _learned_style(painting: PictureLike) -> str | None:
    """Return the bundled style that has learned a painting, None if there is none."""
    source = describe(painting)
    if source.name in styles_by_name() and assets.find(source.name) == locate(source.name):
        return source.name
    return style_of_painting(source.sha256)


def _result(
    finished: Finished, photo: Picture, recipe: Recipe, options: OptimizeOptions
) -> OptimizeResult:
    return OptimizeResult(
        image=with_alpha(finished.image, photo),
        pixels=unrounded(finished.image, photo) if options.bits > 8 else None,
        metadata=photo.metadata if options.keep_place else photo.metadata.without_place(),
        losses=finished.losses,
        seconds=finished.seconds,
        steps=finished.steps,
        stopped=finished.stopped,
        recipe=recipe,
    )
