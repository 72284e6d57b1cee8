"""Several styles, of which every photo gets one: to augment a data set, or for the surprise."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from impasto.core.errors import ConfigError
from impasto.io.folder import find_pictures
from impasto.io.inputs import PictureLike, Result, describe
from impasto.io.paths import is_file, is_folder
from impasto.networks.model import Model
from impasto.networks.options import StylizeOptions
from impasto.networks.regions import Chosen, random_label
from impasto.networks.registry import (
    RANDOM,
    SUFFIX,
    bundled_styles,
    find_style,
    is_random,
    style_of_painting,
)

LOADED = 16
"""Networks that are kept in memory."""


def styles_in(style: str | Path) -> list[str]:
    """Return the styles among which is chosen.

    Args:
        style: a folder, of which it is the paintings and model files, and those of the folders in
            it; `random` for the bundled styles; or `random:A,B` for these.

    Raises:
        ConfigError: there are none.
        ModelFileError: there is no such style.
    """
    if not is_folder(style):
        names = str(style).removeprefix(RANDOM).removeprefix(":")
        words = [word.strip() for word in names.split(",") if word.strip()]
        for word in words:
            find_style(word)
        return words or sorted(bundled_styles())
    place = Path(style)
    found = sorted([*find_pictures(place), *place.rglob(f"*{SUFFIX}")])
    if not found:
        raise ConfigError(f"--style {style}: the folder has neither paintings nor model files")
    return list(map(str, found))


def style_for(content: PictureLike, options: StylizeOptions) -> StylizeOptions:
    """Return the options with the style that a photo gets, if `style` names several.

    It depends on the photo's file name and on `seed` alone: the same after a restart and on any
    number of machines. A painting that a bundled or own style has learned is painted with that.
    """
    if options.regions is not None or not is_random(options.style):
        return options
    return replace(options, style=_pick(styles_in(options.style), content, options.seed), seed=0)


def _pick(styles: list[str], content: PictureLike, seed: int) -> str:
    known = content if isinstance(content, str | Path) else getattr(content, "name", None)
    name = Path(known).name if isinstance(known, str | Path) else ""
    digest = hashlib.sha256(f"{seed}:{name}".encode("utf-8", "replace")).digest()
    style = styles[int.from_bytes(digest, "big") % len(styles)]
    if style.endswith(SUFFIX) or not is_file(style):
        return style
    return style_of_painting(describe(style).sha256) or style


@dataclass(frozen=True)
class Drawn:
    """A photo that is ready, and what it is painted with."""

    model: Model
    options: StylizeOptions
    photo: Any

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        width, height = self.photo.size
        return width, height


class RandomStyles:
    """Several styles, one for every photo; used as a `Model` is.

    Args:
        style: what `styles_in` takes.
        load: returns the network that options ask for.
    """

    def __init__(self, style: str, load: Callable[[StylizeOptions], Model]) -> None:
        self.styles, self.load = styles_in(style), load
        self.choice = Chosen(random_label(style))
        self._loaded: OrderedDict[str, Model] = OrderedDict()

    def paint(self, content: PictureLike, options: StylizeOptions) -> Result:
        """Return the painted picture with its recipe."""
        return self.finish(self.run(self.read(content, options), options), options)

    def read(self, content: PictureLike, options: StylizeOptions) -> Drawn:
        """Return the photo and its style: the first of three stages of `paint`."""
        chosen = replace(options, style=_pick(self.styles, content, options.seed), seed=0)
        model = self._loaded.pop(chosen.style, None) or self.load(chosen)
        self._loaded[chosen.style] = model
        if len(self._loaded) > LOADED:
            self._loaded.popitem(last=False)
        return Drawn(model, chosen, model.read(content, chosen))

    def run(self, drawn: Drawn, _options: StylizeOptions) -> tuple[Drawn, Any]:
        """Return what the network makes of the photo: nearly all of the work."""
        return drawn, drawn.model.run(drawn.photo, drawn.options)

    def finish(self, painted: tuple[Drawn, Any], _options: StylizeOptions) -> Result:
        """Return the picture as it was asked for: the last stage."""
        drawn, stylized = painted
        return drawn.model.finish(stylized, drawn.options)
