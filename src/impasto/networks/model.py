"""A trained network, ready to paint."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from impasto._version import __version__
from impasto.core.errors import ConfigError
from impasto.core.memory import parse_size
from impasto.core.tensors import size_of
from impasto.io.image import Picture, Pixels, read_pixels, size_in_file, to_picture
from impasto.io.inputs import PictureLike, Result, describe, locate, read, told, with_alpha
from impasto.networks.model_file import ModelInfo, read_info
from impasto.networks.options import LARGE, StylizeOptions
from impasto.networks.registry import StyleChoice, check_pair, find_style
from impasto.networks.runtimes import Runtime
from impasto.networks.torch_free import fit_without_torch, load_runtime, paint_plain, pick_runtime
from impasto.recipe import Recipe, Source

if TYPE_CHECKING:
    from torch import Tensor

    from impasto.io.color import Colors
    from impasto.networks.engines import Engine
    from impasto.networks.transform import TransformNet


log = logging.getLogger(__name__)

BETWEEN = (0.0, 0.5, 1.0)
"""How much of the second of two styles is painted, to be mixed by place where a map says so."""


@dataclass(frozen=True)
class Photo:
    """A photo that is ready to be painted."""

    picture: Picture | Pixels
    """At the size of the output; pixels if they can be painted without torch."""

    source: Source
    seconds: float
    """What it took to give it that size."""

    style_map: Tensor | None = None
    """(1, 1, h, w) in [0, 1]: where the style goes, if that was asked."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        if isinstance(self.picture, Pixels):
            height, width = self.picture.array.shape[:2]
        else:
            height, width = size_of(self.picture.image)
        return width, height


@dataclass(frozen=True)
class Stylized:
    """What the network made of a photo."""

    photo: Photo
    image: Tensor | Image.Image
    """(1, 3, H, W) in [0, 1], before the photo's colors or shapes are mixed in; or, of pixels,
    the finished picture."""

    seconds: float
    """Spent so far, without reading the file."""


class Model:
    """A trained network, ready to paint; `impasto.load` gives one.

    Args:
        net: the network; None to load it from the file of `choice` when torch is needed.
        info: what its file says about itself.
        choice: which of its styles are painted with, and how much of each.
        source: how a recipe calls it: what was asked for, and the SHA-256 of the file.
        colors: of the paintings, if the network is one for any painting.
    """

    def __init__(
        self,
        net: TransformNet | None,
        info: ModelInfo,
        choice: StyleChoice,
        source: Source,
        colors: Sequence[Colors] = (),
    ) -> None:
        self._net = net
        self.info = info
        self.choice = choice
        self.source = source
        self.colors = tuple(colors)
        self._engines: dict[tuple[str, str, str, bool, str | None], Engine] = {}
        self._runtimes: dict[tuple[str, str], Runtime | None] = {}
        self._levels: dict[float, Model] = {}

    @cached_property
    def net(self) -> TransformNet:
        """The network."""
        from impasto.networks.model_file import load_model

        return load_model(self.choice.path)[0] if self._net is None else self._net

    @property
    def styles(self) -> tuple[str, ...]:
        """Names of all that it has learned."""
        return tuple(style.name for style in self.info.styles)

    def __call__(self, content: PictureLike, **options: Any) -> Image.Image:
        """Return the painted picture, RGB, or RGBA if the photo is transparent.

        Args:
            content: a path, the name of a bundled picture, the bytes of a file, a PIL image or an
                array.
            **options: fields of `StylizeOptions` but `style`, such as `strength=0.5`.

        Raises:
            InputError: a picture or an option that cannot be used.
            ResourceError: out of memory.
        """
        return self.stylize(content, **options).image

    def stylize(self, content: PictureLike, **options: Any) -> Result:
        """Return the painted picture with its recipe. Arguments and errors as when calling."""
        return self.paint(content, StylizeOptions(style=self.source.name, **options))

    def paint(self, content: PictureLike, options: StylizeOptions) -> Result:
        """Return the painted picture with its recipe; `options.style` is not looked at."""
        return self.finish(self.run(self.read(content, options), options), options)

    def read(self, content: PictureLike, options: StylizeOptions) -> Photo:
        """Return the photo at the size of the output: the first of three stages of `paint`."""
        one_pass_only(options)
        found = locate(content)
        log.info("picture: %s", told(found))
        memory = None if options.memory is None else parse_size(options.memory)
        pixels = read_pixels(found, at_least=options.size, memory=memory)
        pixels = fit_without_torch(pixels, options.size)
        began = time.perf_counter()
        if self._runtime(options, pixels) is not None:
            return Photo(pixels, describe(content), 0.0)
        from impasto.networks.feed_forward import fit

        picture = to_picture(pixels)
        picture = replace(picture, image=fit(picture.image, options.size))
        share = None if options.style_map is None else _share(options.style_map)
        return Photo(picture, describe(content), time.perf_counter() - began, share)

    def run(self, photo: Photo, options: StylizeOptions) -> Stylized:
        """Return what the network makes of the photo: the second stage, nearly all of the work."""
        began = time.perf_counter()
        if photo.style_map is not None and self._spreads_styles and not self._has_learned_all:
            return self._run_by_place(photo, options)
        painted: Tensor | Image.Image
        if isinstance(photo.picture, Pixels):
            runtime = self._runtime(options, photo.picture)
            assert runtime is not None
            several = len(self.choice.weights) > 1
            shares = np.asarray([self.choice.weights], np.float32) if several else None
            painted = paint_plain(photo.picture, runtime, shares)
        else:
            from impasto.networks.feed_forward import run, take_colors

            image = photo.picture.image
            style = self._weights(photo.style_map)
            by_place = style is not None and style.ndim > 2
            painted = run(image, self._engine(options, image, by_place=by_place), options, style)
            if self.colors and options.preserve_color == "none":
                take_colors(image, painted, self.colors, style)
        return Stylized(photo, painted, photo.seconds + time.perf_counter() - began)

    def finish(self, stylized: Stylized, options: StylizeOptions) -> Result:
        """Return the picture as it was asked for: the last stage."""
        began = time.perf_counter()
        picture, image = stylized.photo.picture, stylized.image
        if isinstance(picture, Picture) and not isinstance(image, Image.Image):
            from impasto.networks.feed_forward import blend, paint_where

            image = blend(picture.image, image, options)
            share = stylized.photo.style_map
            if share is not None and not self._spreads_styles:
                image = paint_where(share, picture.image, image)
            image = with_alpha(image, picture)
        assert isinstance(image, Image.Image)
        return Result(
            image=image,
            metadata=picture.metadata if options.keep_place else picture.metadata.without_place(),
            seconds=stylized.seconds + time.perf_counter() - began,
            recipe=Recipe(
                version=__version__,
                content=stylized.photo.source,
                styles=(self.source,),
                options=replace(
                    options, style=self.source.name, any_model=_short(options.any_model)
                ),
            ),
        )

    def _runtime(self, options: StylizeOptions, pixels: Pixels) -> Runtime | None:
        """Return what paints this photo without torch, if anything can."""
        name = None if self._net is not None else pick_runtime(options, pixels)
        if name is None:
            return None
        key = name, options.dtype
        if key not in self._runtimes:
            self._runtimes[key] = load_runtime(self.choice.path, *key)
        return self._runtimes[key]

    @property
    def _spreads_styles(self) -> bool:
        """Whether a map says where which style goes; of one style, it says where that goes."""
        return len(self.choice.names) > 1

    @property
    def _has_learned_all(self) -> bool:
        """Whether the network has scales and shifts for each style, which can differ by place."""
        return set(self.choice.names) <= set(self.styles)

    def _run_by_place(self, photo: Photo, options: StylizeOptions) -> Stylized:
        """Return two styles that have networks of their own, each where the map says.

        Both and the blend between them paint the whole picture; every place is a mixture of the
        two nearest.
        """
        from impasto.networks.feed_forward import mix_by_place

        assert photo.style_map is not None
        check_pair(self.choice.names)
        began = time.perf_counter()
        plain = replace(photo, style_map=None)

        def paint(level: float) -> Tensor:
            image = self._between(level).run(plain, options).image
            assert not isinstance(image, Image.Image), "with a map, pictures are tensors"
            return image

        image = mix_by_place(photo.style_map, BETWEEN, paint)
        return Stylized(photo, image, photo.seconds + time.perf_counter() - began)

    def _between(self, level: float) -> Model:
        """Return a network of so much of the second style, the rest the first."""
        if level not in self._levels:
            first, second = self.choice.names
            choice = find_style(f"{first}:{1 - level},{second}:{level}")
            self._levels[level] = Model(None, read_info(choice.path), choice, self.source)
        return self._levels[level]

    def _engine(self, options: StylizeOptions, photo: Tensor, *, by_place: bool) -> Engine:
        from impasto.networks.engines import make_engine

        height, width = size_of(photo)
        large = height * width > LARGE and options.stroke is None
        in_strips = large or options.memory is not None
        name = "torch" if options.engine == "auto" and in_strips else options.engine
        key = name, options.device, options.dtype, by_place, options.memory
        if key not in self._engines:
            self._engines[key] = make_engine(
                name,
                self.net,
                self.info,
                device=options.device,
                dtype=options.dtype,
                by_place=by_place,
                memory=options.memory,
            )
        return self._engines[key]

    def _weights(self, share: Tensor | None) -> Tensor | None:
        """Return the weights of the network's styles, None if there is only one."""
        import torch

        from impasto.networks.feed_forward import weights_by_place

        weights = self.choice.weights
        if share is not None and self._spreads_styles:
            names = [style.name for style in self.info.styles]
            chosen = [names.index(name) for name in self.choice.names]
            return weights_by_place(share, chosen, len(weights))
        return None if len(weights) == 1 else torch.tensor([weights])


def one_pass_only(options: StylizeOptions) -> None:
    """Refuse what no network does by itself.

    Raises:
        ConfigError: `options.seconds` is above 0.
    """
    if options.seconds:
        raise ConfigError(
            "a loaded network paints in one pass; for seconds, call impasto.stylize(photo, style, "
            "seconds=...) or impasto.optimize(photo, painting, seconds=...)"
        )


def _share(style_map: str) -> Tensor:
    """Return the (1, 1, h, w) map that was asked for."""
    from impasto.networks.feed_forward import GRADIENTS, gradient, mask

    if style_map in GRADIENTS:
        return gradient(style_map)
    picture = read(style_map)
    return mask(picture.image, picture.alpha)


def note_on_map(content: PictureLike, options: StylizeOptions) -> str | None:
    """Return what to tell a person whose mask has not the photo's size, None if it has."""
    if options.style_map is None:
        return None
    from impasto.networks.feed_forward import GRADIENTS

    if options.style_map in GRADIENTS:
        return None
    ours, theirs = (size_in_file(locate(source)) for source in (content, options.style_map))
    if ours == theirs:
        return None
    height, width = theirs
    return f"--style-map {options.style_map} is {width}x{height}: stretched over the photo"


def _short(path: str | None) -> str | None:
    """Return the name of a file whose absolute path would tell where its maker keeps files."""
    return Path(path).name if path is not None and Path(path).is_absolute() else path
