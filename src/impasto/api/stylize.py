"""`impasto.load` and `impasto.stylize`: paint with a trained network, in one pass."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from impasto._version import __version__
from impasto.api.pictures import PictureLike, Result, describe, read, with_alpha
from impasto.apply.batch import paint_batch, plan
from impasto.apply.engines import LARGE, Engine, make_engine
from impasto.apply.image import paint
from impasto.apply.options import StylizeOptions
from impasto.apply.style_map import GRADIENTS, gradient, mask, paint_where, weights_by_place
from impasto.core.device import pick_dtype
from impasto.core.events import Event
from impasto.core.tensors import fit_long_side, size_of
from impasto.models.any_style import STATISTICS_LAYERS, look_at
from impasto.models.file import ModelInfo, StyleInfo, load_any_style, load_model
from impasto.models.registry import StyleChoice, find_any_model, find_style
from impasto.models.transform import TransformNet
from impasto.perception.extractor import Extractor
from impasto.perception.weights import find_weights
from impasto.recipe import Recipe, Source, describe_source


class Model:
    """A trained network, ready to paint; `impasto.load` gives one.

    Args:
        net: the network.
        info: what its file says about itself.
        choice: which of its styles are painted with, and how much of each.
        source: how a recipe calls it: what was asked for, and the SHA-256 of the file.
    """

    def __init__(
        self, net: TransformNet, info: ModelInfo, choice: StyleChoice, source: Source
    ) -> None:
        self.net = net
        self.info = info
        self.choice = choice
        self.source = source
        self._engines: dict[tuple[str, str, str, bool], Engine] = {}

    @property
    def styles(self) -> tuple[str, ...]:
        """Names of all that it has learnt."""
        return tuple(style.name for style in self.info.styles)

    def __call__(self, photo: PictureLike, **options: Any) -> Image.Image:
        """Return the painted picture, RGB, or RGBA if the photo is transparent.

        Args:
            photo: a path, the name of a bundled picture, the bytes of a file, a PIL image or an
                array.
            **options: fields of `StylizeOptions` but `style`, such as `strength=0.5`.

        Raises:
            InputError: a picture or an option that cannot be used.
            ResourceError: out of memory.
        """
        return self.stylize(photo, **options).image

    def stylize(self, photo: PictureLike, **options: Any) -> Result:
        """Return the painted picture with its recipe. Arguments and errors as when calling."""
        return self.paint(photo, StylizeOptions(style=self.source.name, **options))

    def paint(self, photo: PictureLike, options: StylizeOptions) -> Result:
        """Return the painted picture with its recipe; `options.style` is not looked at."""
        picture = read(photo, at_least=options.size)
        share = _share(options.style_map)
        style = self._weights(share)
        began = time.perf_counter()
        engine = self._engine(options, picture.image, by_place=style is not None and style.ndim > 2)
        painted = paint(picture.image, engine, options, style)
        if share is not None and not self._spreads_styles:
            painted = paint_where(share, picture.image, painted)
        return Result(
            image=with_alpha(painted, picture),
            seconds=time.perf_counter() - began,
            recipe=Recipe(
                version=__version__,
                content=describe(photo),
                styles=(self.source,),
                options=dataclasses.replace(
                    options, style=self.source.name, any_model=_short(options.any_model)
                ),
            ),
        )

    @property
    def _spreads_styles(self) -> bool:
        """Whether a map says where which style goes; of one style, it says where that goes."""
        return len(self.choice.names) > 1

    def _engine(self, options: StylizeOptions, photo: Tensor, *, by_place: bool) -> Engine:
        height, width = size_of(photo)
        if options.size is not None:
            height, width = fit_long_side(height, width, options.size)
        large = height * width > LARGE and options.stroke is None
        name = "torch" if options.engine == "auto" and large else options.engine
        key = name, options.device, options.dtype, by_place
        if key not in self._engines:
            self._engines[key] = make_engine(
                name,
                self.net,
                self.info,
                device=options.device,
                dtype=options.dtype,
                by_place=by_place,
            )
        return self._engines[key]

    def _weights(self, share: Tensor | None) -> Tensor | None:
        """Return the weights of the network's styles, None if there is only one."""
        weights = self.choice.weights
        if share is not None and self._spreads_styles:
            names = [style.name for style in self.info.styles]
            chosen = [names.index(name) for name in self.choice.names]
            return weights_by_place(share, chosen, len(weights))
        return None if len(weights) == 1 else torch.tensor([weights])


def _share(style_map: str | None) -> Tensor | None:
    """Return the (1, 1, h, w) map that was asked for, None if none was."""
    if style_map is None:
        return None
    return gradient(style_map) if style_map in GRADIENTS else mask(read(style_map).image)


def note_on_map(photo: PictureLike, options: StylizeOptions) -> str | None:
    """Return what to tell a person whose mask has not the photo's size, None if it has."""
    if options.style_map is None or options.style_map in GRADIENTS:
        return None
    ours, theirs = (read(source).image for source in (photo, options.style_map))
    if size_of(ours) == size_of(theirs):
        return None
    height, width = size_of(theirs)
    return f"--style-map {options.style_map} is {width}x{height}: stretched over the photo"


def _short(path: str | None) -> str | None:
    """Return the name of a file whose absolute path would tell where its maker keeps files."""
    return Path(path).name if path is not None and Path(path).is_absolute() else path


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
    if choice.paintings:
        return _look_at_paintings(choice, choice.paintings, style_scale, weights, tell)
    net, info = load_model(choice.path)
    source = describe_source(choice.path)
    if choice.bundled or str(style) != str(choice.path):
        source = Source(str(style), source.sha256)
    return Model(net, info, choice, source)


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
    paintings = [read(source) for source in sources]
    network, info = load_any_style(choice.path)
    found: dict[str, Tensor] = {}
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
    """Return `photo` painted in one pass by the network that has learnt `style`.

    For more than one photo, `load` the style once and call the model.

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
    chosen = StylizeOptions(style=str(style), **options)
    return load_for(chosen).paint(photo, chosen)


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

    To end early, stop reading: every file is whole, and the same call paints the rest.

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
    events: list[Event] = []
    model = load_for(options, events.append)
    yield from events
    folder = None if output is None else Path(output)
    jobs = plan([Path(photo) for photo in photos], model.choice.label, folder)

    def paint_file(path: Path) -> tuple[Image.Image, str]:
        result = model.paint(path, options)
        return result.image, result.recipe.to_json()

    yield from paint_batch(jobs, paint_file, force=force)
