"""Everything that can be asked of an optimization: the only list of its options.

The docstrings under the attributes are the help of the command line.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

from cyclopts import Group, Parameter

from impasto.core.errors import ConfigError
from impasto.core.memory import parse_size
from impasto.core.options import (
    COMMAS,
    FLAG,
    LARGEST_SEED,
    LARGEST_SIDE,
    LARGEST_WEIGHT,
    LAYERS,
    MACHINE,
    MOST_SECONDS,
    WHOLE,
    PaintingOptions,
    PrecisionOptions,
    check_choices,
    check_layer_weights,
    check_range,
)
from impasto.optimization.pyramid import count_levels

_FILES = Parameter(group=Group("Files and output", sort_key=0))
_LOOK = Parameter(group=Group("Look", sort_key=1))
_TIME = Parameter(group=Group("Time and size", sort_key=2))
_METHOD = Parameter(group=Group("Method", sort_key=3))

Start = Literal["content", "recolored", "noise", "gray", "style"]
Loss = Literal["impasto", "paper", "classic"]

STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONTENT_LAYERS = ("relu4_2",)


@dataclass(frozen=True, kw_only=True)
class OptimizeOptions(PrecisionOptions, PaintingOptions):
    """Options of style transfer by optimization. None means: the preset of the loss and start."""

    command: ClassVar[str] = "optimize"

    size: Annotated[int, WHOLE, _TIME] = 512
    """Long side of the output in pixels. Smaller photos are enlarged."""

    steps: Annotated[tuple[int, ...] | None, _TIME, COMMAS] = None
    """Steps at full size; each coarser scale takes twice as many as the next. Default 30, fewer
    above 1024 px, 45 if there is only one scale. Or one number per scale, coarsest first: 60,30."""

    seconds: Annotated[float | None, _TIME] = None
    """Stop after this many seconds with the best picture so far. Without --steps, use all of that
    time."""

    coarsest: Annotated[int | None, WHOLE, _TIME] = None
    """Approximate long side of the coarsest scale, at least 32; sizes double from there. 0: full
    size only."""

    finest: Annotated[int | None, WHOLE, _TIME] = None
    """Long side of the finest scale to optimize; the picture is then enlarged along the photo's
    edges. Default: the output size, or with --seconds whatever there is time for."""

    style_weight: Annotated[float | None, _LOOK] = None
    """Weight of the style loss (beta). Doubling it is a visible change."""

    content_weight: Annotated[float | None, _LOOK] = None
    """Weight of the content loss (alpha)."""

    style_weights: Annotated[tuple[float, ...] | None, _LOOK, COMMAS] = None
    """Relative weights of several paintings, such as 2,1. Default: equal."""

    style_scale: Annotated[float, _LOOK] = 1.0
    """Size of the painting relative to the output: 0.5 gives strokes half as large. At 1 a painting
    is never enlarged beyond its own pixels, because its blur would be painted too."""

    nearest_weight: Annotated[float, _LOOK] = 0.0
    """Weight, times --style-weight, of how far every place is from the most similar place of the
    paintings. 0.15: skies and walls get strokes like the rest."""

    regions: Annotated[str | None, _LOOK] = None
    """Region map: a picture whose colors say which painting goes where: name the paintings as
    blue=a.jpg white=b.jpg red=keep. Colors are CSS names, #rrggbb, or numbers (1 is the color with
    the largest area); the nearest wins. keep leaves the photo."""

    style_regions: Annotated[tuple[str, ...] | None, _LOOK, COMMAS] = None
    """With --regions: the paintings' own maps, one for all or one for each, which say which part of
    a painting is for which color: its sky for the photo's sky, its trees for the trees."""

    protect: Annotated[str | None, _LOOK] = None
    """Mask picture: where it is white, such as on a face, the photo is kept more closely. impasto
    regions --faces makes one."""

    protect_weight: Annotated[float, _LOOK] = 8.0
    """How many times the content counts there."""

    strength: Annotated[float, _LOOK] = 1.0
    """How much of the painted picture is mixed into the result, from 0 (the photo itself) to 1 (the
    full style)."""

    wrap: Annotated[Literal["none", "x", "y", "both"], _LOOK] = "none"
    """Make borders continue on the other side: x for panoramas, both for tiles of a texture."""

    preserve_color: Annotated[Literal["none", "luminance", "match"], _LOOK] = "none"
    """Keep the photo's colors: luminance paints in shades of gray and restores the photo's colors;
    match recolors the painting like the photo first."""

    tv_weight: Annotated[float | None, _LOOK] = None
    """Weight of the total variation loss; higher is smoother."""

    init: Annotated[str | None, _LOOK] = None
    """Starting picture: content, recolored (the photo in the painting's colors), noise, gray,
    style, a picture file, or auto (a feed-forward result: of the bundled style of that
    painting, or of the network for any painting). Default: content or recolored, whichever has
    the lower loss."""

    loss: Annotated[Loss, _METHOD] = "impasto"
    """Loss formulas: impasto (relative distances, so that weights mean the same for every size and
    style), paper (exactly Gatys et al., w_l = 1/5) or classic (the objective of neural-style)."""

    content_layers: Annotated[tuple[str, ...], _METHOD, COMMAS, LAYERS] = CONTENT_LAYERS
    """Layers of the content loss. relu4_2 is after the ReLU (the papers' conv4_2), conv4_2 before
    it."""

    style_layers: Annotated[tuple[str, ...], _METHOD, COMMAS, LAYERS] = STYLE_LAYERS
    """Layers of the style loss."""

    style_layer_weights: Annotated[tuple[float, ...] | None, _METHOD, COMMAS] = None
    """Weight of each style layer, one number per layer."""

    pooling: Annotated[Literal["max", "average"], _METHOD] = "max"
    """Pooling in VGG; average is smoother."""

    backbone: Annotated[Literal["vgg16", "vgg19"], _METHOD] = "vgg16"
    """Network whose features define the losses."""

    optimizer: Annotated[Literal["lbfgs", "adam"], _METHOD] = "lbfgs"
    """lbfgs is faster, adam more robust."""

    history: Annotated[int, WHOLE, _METHOD] = 20
    """Steps that L-BFGS remembers; each takes the memory of two pictures."""

    seed: Annotated[int, WHOLE, _METHOD] = 0
    """Random seed. The same seed gives the same picture on the same machine."""

    keep_place: Annotated[bool, _FILES, FLAG] = False
    """Keep where the photo was taken (GPS) in the result. Date, copyright, artist and resolution
    are always kept."""

    memory: Annotated[str | None, MACHINE] = None
    """Memory limit, such as 4GB; default 70 % of what is free. Large pictures are processed in
    tiles, which takes longer but gives the same result."""

    bits: Annotated[Literal[8, 16], _TIME] = 8
    """Bits per channel: 8, or 16 for smooth skies in print (PNG and TIFF, needs the extra
    hires)."""

    preview_every: Annotated[int | None, WHOLE, Parameter(group=_TIME.group)] = None
    """Write a preview after every N steps."""

    def __post_init__(self) -> None:
        """Refuse what cannot work, before anything costs time.

        Raises:
            ConfigError: with the option's name.
        """
        check_range(self, _RANGES)
        check_choices(self)
        check_coarsest(self.coarsest)
        if self.memory is not None:
            parse_size(self.memory)
        if self.regions is not None and self.style_weights is not None:
            raise ConfigError(
                "--style-weights mix paintings everywhere; leave it out with --regions"
            )
        if self.style_regions is not None and self.regions is None:
            raise ConfigError("--style-regions says what is for which region; give --regions too")
        if self.style_weights is not None and not sum(self.style_weights) > 0:
            raise ConfigError("--style-weights: at least one must be above 0")
        if not self.content_layers and not self.style_layers:
            raise ConfigError("no layers: give --content-layers or --style-layers")
        check_layer_weights(self.style_layers, self.style_layer_weights)

    def resolved(self) -> OptimizeOptions:
        """Return the same options with every preset filled in."""
        preset = find_preset(self.loss, self.init)
        layer_weights = preset.style_layer_weights
        if self.style_layers != STYLE_LAYERS:
            layer_weights = (1.0,) * len(self.style_layers)
        coarsest = preset.coarsest if self.coarsest is None else self.coarsest
        defaults: dict[str, Any] = {
            "steps": preset.steps_at(min(self.size, self.finest or self.size), coarsest),
            "coarsest": coarsest,
            "style_weight": preset.style_weight,
            "content_weight": preset.content_weight,
            "style_layer_weights": layer_weights,
            "tv_weight": preset.tv_weight,
        }
        missing = {name: value for name, value in defaults.items() if getattr(self, name) is None}
        return replace(self, **missing)

    def asked(self) -> dict[str, Any]:
        """Return the options that differ from the presets of this loss and start, by name."""
        preset = OptimizeOptions(loss=self.loss, init=self.init).resolved()
        return {
            name: value
            for name, value in super().asked().items()
            if name in ("steps", "loss", "init") or value != getattr(preset, name)
        }


ALONE = 1.5
"""How many times the steps at full size are worth those of full size and half of it."""

LEAST_COARSEST = 32
"""Pixels of the longer side below which VGG sees a picture no smaller."""

MOST_STEPS = 1_000_000

_RANGES = {
    "size": (1, LARGEST_SIDE),
    "steps": (0, MOST_STEPS),
    "seconds": (0.0, MOST_SECONDS),
    "coarsest": (0, LARGEST_SIDE),
    "finest": (1, LARGEST_SIDE),
    "style_weight": (0.0, LARGEST_WEIGHT),
    "content_weight": (0.0, LARGEST_WEIGHT),
    "style_weights": (0.0, LARGEST_WEIGHT),
    "style_scale": (0.01, 100.0),
    "strength": (0.0, 1.0),
    "style_layer_weights": (0.0, LARGEST_WEIGHT),
    "tv_weight": (0.0, LARGEST_WEIGHT),
    "nearest_weight": (0.0, LARGEST_WEIGHT),
    "protect_weight": (1.0, LARGEST_WEIGHT),
    "history": (1, 1000),
    "seed": (0, LARGEST_SEED),
    "preview_every": (1, MOST_STEPS),
}


def check_coarsest(coarsest: int | None) -> None:
    """Refuse scales so small that they cost steps and bring nothing.

    Raises:
        ConfigError: with the least there can be.
    """
    if coarsest is not None and 0 < coarsest < LEAST_COARSEST:
        raise ConfigError(
            f"--coarsest {coarsest}: it must be at least {LEAST_COARSEST}, or 0 for full size only"
        )


@dataclass(frozen=True)
class Preset:
    """What looks good for one loss and start, chosen by looking at the pictures."""

    steps: tuple[int, ...]
    coarsest: int
    content_weight: float
    style_weight: float
    style_layer_weights: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0, 1.0)
    tv_weight: float = 0.0
    falls_above: int | None = None
    """Long side from which on the steps at full size fall as it grows: each costs its area, and
    the large shapes are painted at the coarser scales."""

    def steps_at(self, size: int, coarsest: int) -> tuple[int, ...]:
        """Return the steps for one size. A scale that has no coarser one before it gets half more.

        >>> preset = PRESETS["impasto", "content"]
        >>> [preset.steps_at(size, 256) for size in (256, 512, 4096)]
        [(45,), (30,), (8,)]
        """
        if coarsest and count_levels(size, coarsest) == 1:
            return tuple(math.ceil(ALONE * steps) for steps in self.steps)
        if self.falls_above is None or size <= self.falls_above:
            return self.steps
        return tuple(math.ceil(steps * self.falls_above / size) for steps in self.steps)


_SHALLOW = (1.0, 1.0, 1.0, 1.0, 0.1)
"""conv5_1 at full weight rearranges the photo more than it adds of the style: it knows things, and
puts faces and towers of the painting where none were."""

PRESETS = {
    ("impasto", "content"): Preset((30,), 256, 1.0, 20.0, _SHALLOW, 1.0, 1024),
    ("impasto", "auto"): Preset((30,), 0, 1.0, 20.0, _SHALLOW, 1.0, 1024),
    ("impasto", "noise"): Preset((28,), 128, 1.0, 10.0, _SHALLOW, 1.0, 1024),
    ("paper", "noise"): Preset((300,), 0, 1.0, 1000.0),
    ("classic", "noise"): Preset((500,), 0, 5.0, 100.0),
}
"""By loss and kind of start. Starts from a picture use `content`, noise and gray use `noise`. A
pass has large strokes already, so `auto` paints at full size only."""


def find_preset(loss: str, init: str | None) -> Preset:
    """Return the preset of a loss and start.

    >>> find_preset("impasto", "photo.jpg") is PRESETS["impasto", "content"]
    True
    """
    if init == "auto" and loss == "impasto":
        return PRESETS["impasto", "auto"]
    kind = "noise" if init in ("noise", "gray") or loss != "impasto" else "content"
    return PRESETS[loss, kind]
