"""`impasto.inspect`: what channels of the network see in a picture."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from impasto._version import __version__
from impasto.analysis.features import Channel, Pair, encode, strongest_pairs
from impasto.analysis.options import InspectOptions
from impasto.analysis.plots import draw, find_figure
from impasto.core.events import Event, last_of
from impasto.io.inputs import PictureLike, Result, describe, read, remarks
from impasto.perception.vgg import TOPOLOGIES
from impasto.perception.weights import find_weights
from impasto.recipe import Recipe


@dataclass(frozen=True)
class Inspection(Result):
    """A drawing of what the network sees, and the numbers in it."""

    layer: str
    """Whose channels and pairs these are."""

    channels: tuple[Channel, ...]
    """The strongest channels, strongest first."""

    pairs: tuple[Pair, ...]
    """Those that fire together most, each channel once."""

    style_pairs: Mapping[str, tuple[Pair, ...]]
    """The same of every style layer whose Gram matrix is drawn."""

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers, for JSON."""
        return {
            "layer": self.layer,
            "channels": [dataclasses.asdict(channel) for channel in self.channels],
            "pairs": [dataclasses.asdict(pair) for pair in self.pairs],
            "style_pairs": {
                layer: [dataclasses.asdict(pair) for pair in pairs]
                for layer, pairs in self.style_pairs.items()
            },
        }


@dataclass(frozen=True, slots=True)
class InspectionDone(Event):
    """The last event: everything is done."""

    result: Inspection


def inspect(image: PictureLike, **options: Any) -> Inspection:
    """Return a drawing of what VGG sees in a picture, and its numbers.

    Needs the extra plots.

    Args:
        image: a path, a PIL image, an array, or the name of a bundled picture.
        **options: fields of `InspectOptions`, such as `layer="relu4_1"`.

    Raises:
        InputError: the picture or an option cannot be used.
        MissingError: matplotlib or the VGG weights are not there.

    Example:
        >>> found = inspect("starry-night", layer="relu2_1", size=64, show=("pairs",), pairs=2)
        >>> len(found.pairs)
        2
    """
    return last_of(inspect_events(image, InspectOptions(**options)), InspectionDone).result


def inspect_events(
    image: PictureLike, options: InspectOptions | None = None
) -> Generator[Event, None, None]:
    """Yield what happens while `inspect` works; the last event is `InspectionDone`.

    Args:
        image: as for `inspect`.
        options: None for the defaults.

    Raises:
        InputError: the picture or an option cannot be used.
        MissingError: matplotlib or the VGG weights are not there.
    """
    options = options or InspectOptions()
    find_figure()
    began = time.perf_counter()
    picture, source = read(image), describe(image)
    yield from remarks((image, picture))
    for layer in (options.layer, *options.style_layers):
        TOPOLOGIES[options.backbone].split(layer)
    weights = yield from find_weights(TOPOLOGIES[options.backbone], options.weights)
    activations = encode(picture.image, weights, options)
    result = Inspection(
        image=draw(activations, options.layer, options.show),
        seconds=time.perf_counter() - began,
        recipe=Recipe(__version__, source, (), options),
        layer=options.layer,
        channels=activations.channels,
        pairs=activations.pairs,
        style_pairs={
            layer: strongest_pairs(gram, options.pairs) for layer, gram in activations.grams.items()
        },
    )
    yield InspectionDone(result)
