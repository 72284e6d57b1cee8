"""Everything that can be asked of what explains and measures: the only list of these options.

The docstrings under the attributes are the help of the command line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from cyclopts import Group, Parameter

from impasto.core.errors import ConfigError
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
    MachineOptions,
    PaintingOptions,
    PrecisionOptions,
    check_choices,
    check_range,
)
from impasto.optimization.options import MOST_STEPS, STYLE_LAYERS, check_coarsest

_WHAT = Parameter(group=Group("What to show", sort_key=1))
_TIME = Parameter(group=Group("Time and size", sort_key=2))
_METHOD = Parameter(group=Group("Method", sort_key=3))

_HOW = Parameter(group=Group("How it is measured", sort_key=1))
_COMPARED = Parameter(group=Group("What is compared", sort_key=1))

_UNSHOWN = Parameter(show_default=False)
"""For a default that the help tells in words."""

Size = int | tuple[int, int]

CONTENT_LAYERS = ("relu1_2", "relu2_2", "relu3_2", "relu4_2", "relu5_2")
"""What the paper's figure 1 reconstructs the content from."""

ROWS = tuple("+".join(STYLE_LAYERS[:count]) for count in range(1, len(STYLE_LAYERS) + 1))
"""The growing subsets of the style layers, as they are typed."""

PARTS = ("maps", "gram", "pairs")

METHODS = ("paper", "optimize", "one-style", "multi-style", "any-style", "refined")
"""Ways to paint, in the order in which they are shown; see `impasto.analysis.compare`."""


def _read_size(_type: Any, tokens: Sequence[Any]) -> Size:
    """Read `512` as a long side, `640x480` as width and height."""
    text = tokens[0].value.lower().replace(",", "x")
    numbers = text.split("x")
    if len(numbers) > 2 or not all(number.strip().isdecimal() for number in numbers):
        raise ValueError(f"{text} is neither a long side such as 512 nor a size such as 640x480")
    return int(text) if len(numbers) == 1 else (int(numbers[0]), int(numbers[1]))


SIZE = Parameter(converter=_read_size, n_tokens=1, negative=())
"""For a long side, or width and height: `512` or `640x480`."""


_RANGES = {
    "size": (1, LARGEST_SIDE),
    "steps": (1, MOST_STEPS),
    "coarsest": (0, LARGEST_SIDE),
    "seed": (0, LARGEST_SEED),
}


@dataclass(frozen=True, kw_only=True)
class ReconstructOptions(PrecisionOptions, PaintingOptions):
    """Options of a reconstruction. Without any layer, the paper's content layer, relu4_2."""

    command: ClassVar[str] = "reconstruct"

    content_layers: Annotated[
        tuple[str, ...], _WHAT, COMMAS, _UNSHOWN, Parameter(alias="--content-layer")
    ] = ()
    """Reconstruct the content in these layers: relu4_2 is after the ReLU (the papers' conv4_2),
    conv4_2 before it."""

    style_layers: Annotated[
        tuple[str, ...], _WHAT, COMMAS, _UNSHOWN, Parameter(alias="--style-layer")
    ] = ()
    """Synthesize a texture from the Gram matrices of these layers, such as relu1_1,relu2_1."""

    all: Annotated[bool, _WHAT, FLAG] = False
    """The paper's figure on one sheet: content from five depths, style from one to five layers."""

    size: Annotated[Size, _TIME, SIZE] = 256
    """Long side in pixels. For textures also width and height, such as 640x480: any size, larger
    than the picture too."""

    steps: Annotated[tuple[int, ...] | None, _TIME, COMMAS] = None
    """Steps at full size; each coarser scale takes twice as many as the next. Or one number per
    scale, coarsest first. Default: 50 for content, 40 for style, 100 for style of the first block
    alone."""

    coarsest: Annotated[int | None, WHOLE, _TIME] = None
    """Long side of the coarsest scale; sizes double from there. 0: full size only. Default: 64 for
    content, 128 for style, 0 for style of the first block alone."""

    wrap: Annotated[Literal["none", "x", "y", "both"], _METHOD] = "none"
    """Make borders continue on the other side: both for textures that tile."""

    style_scale: Annotated[float, _METHOD] = 1.0
    """Size of the picture relative to its texture: 0.5 gives a finer texture with more of the
    picture in it. The picture is never enlarged."""

    tv_weight: Annotated[float, _METHOD] = 0.3
    """Weight of the total variation loss; content only. 0: as in the paper."""

    pooling: Annotated[Literal["max", "average"], _METHOD] = "average"
    """Pooling in VGG; average, as in the paper's figures, leaves fewer specks."""

    backbone: Annotated[Literal["vgg16", "vgg19"], _METHOD] = "vgg16"
    """Network whose features are inverted."""

    seed: Annotated[int, WHOLE, _METHOD] = 0
    """Random seed."""

    memory: Annotated[str | None, MACHINE] = None
    """Memory limit, such as 4GB; default 70 % of what is free."""

    def __post_init__(self) -> None:
        """Refuse what cannot work, before anything costs time.

        Raises:
            ConfigError: with the option's name.
        """
        check_range(self, {**_RANGES, "tv_weight": (0.0, 1e6), "style_scale": (0.01, 100.0)})
        check_choices(self)
        check_coarsest(self.coarsest)
        given = [
            name
            for name, value in (
                ("--content-layers", self.content_layers),
                ("--style-layers", self.style_layers),
                ("--all", self.all),
            )
            if value
        ]
        if len(given) > 1:
            raise ConfigError(f"{' and '.join(given)}: give one of them")
        if isinstance(self.size, tuple) and not self.style_layers:
            raise ConfigError(
                f"--size {self.size[0]}x{self.size[1]} is for textures (--style-layers); "
                "a content keeps the picture's shape: give its long side"
            )


@dataclass(frozen=True, kw_only=True)
class GridOptions(PrecisionOptions, PaintingOptions):
    """Options of a grid. None means: the preset of the loss."""

    command: ClassVar[str] = "grid"

    layers: Annotated[tuple[str, ...], _WHAT, COMMAS, _UNSHOWN] = ROWS
    """One row each: a style layer, or several joined by +, such as relu1_1,relu1_1+relu2_1.
    Default: the growing subsets of relu1_1 .. relu5_1."""

    ratios: Annotated[tuple[float, ...] | None, _WHAT, COMMAS] = None
    """One column each: alpha / beta, the weight of content relative to style; 1e-3 is more style
    than 1e-2. Default: 1e-5,1e-4,1e-3,1e-2,1e-1; with --loss impasto 1e-3,1e-2,1e-1,1."""

    content_layers: Annotated[tuple[str, ...], _METHOD, COMMAS, LAYERS] = ("relu4_2",)
    """Layers of the content loss."""

    loss: Annotated[Literal["impasto", "paper"], _METHOD] = "paper"
    """Loss formulas: paper (exactly Gatys et al., w_l = 1 / number of layers) or impasto (relative
    distances)."""

    size: Annotated[int, WHOLE, _TIME] = 256
    """Long side of each picture in pixels."""

    steps: Annotated[tuple[int, ...] | None, _TIME, COMMAS] = None
    """Steps at full size; each coarser scale takes twice as many as the next. Or one number per
    scale, coarsest first. Default 40."""

    coarsest: Annotated[int, WHOLE, _TIME] = 128
    """Long side of the coarsest scale; sizes double from there. 0: full size only. Below 128, deep
    style layers bring back the painting itself."""

    init: Annotated[Literal["gray", "noise", "content", "style"], _METHOD] = "gray"
    """Starting picture: gray (with a trace of noise, which leaves no specks), noise (as in the
    paper), content or style."""

    pooling: Annotated[Literal["max", "average"], _METHOD] = "average"
    """Pooling in VGG; average, as in the paper's figures, is smoother."""

    backbone: Annotated[Literal["vgg16", "vgg19"], _METHOD] = "vgg16"
    """Network whose features define the losses."""

    seed: Annotated[int, WHOLE, _METHOD] = 0
    """Random seed."""

    def __post_init__(self) -> None:
        """Refuse what cannot work, before anything costs time.

        Raises:
            ConfigError: with the option's name.
        """
        check_range(self, _RANGES)
        check_choices(self)
        check_coarsest(self.coarsest)
        if not self.layers or not all(self.subsets()):
            raise ConfigError("--layers: give at least one layer per row, such as relu1_1")
        if len(set(self.layers)) < len(self.layers):
            raise ConfigError(f"--layers {','.join(self.layers)}: a row is there twice")
        if self.ratios is None:
            return
        if not self.ratios:
            raise ConfigError("--ratios: give at least one, such as 1e-3")
        for ratio in self.ratios:
            if not 1e-9 <= ratio <= 1e9:
                raise ConfigError(f"--ratios {ratio:g}: alpha / beta must be from 1e-9 to 1e+9")
        if len(set(self.ratios)) < len(self.ratios):
            raise ConfigError("--ratios: a column is there twice")

    def subsets(self) -> list[tuple[str, ...]]:
        """Return the style layers of every row."""
        return [tuple(filter(None, map(str.strip, row.split("+")))) for row in self.layers]


@dataclass(frozen=True, kw_only=True)
class InspectOptions(MachineOptions, PaintingOptions):
    """Options of a look at features."""

    command: ClassVar[str] = "inspect"

    layer: Annotated[str, _WHAT] = "relu3_1"
    """Layer whose feature maps and pairs of channels are shown."""

    style_layers: Annotated[tuple[str, ...], _WHAT, COMMAS, LAYERS] = STYLE_LAYERS
    """Layers whose Gram matrices are shown."""

    show: Annotated[tuple[str, ...], _WHAT, COMMAS, LAYERS] = PARTS
    """Which parts: maps (feature maps), gram (Gram matrices), pairs (channels that fire
    together)."""

    channels: Annotated[int, WHOLE, _WHAT] = 17
    """Feature maps to show, the strongest first."""

    pairs: Annotated[int, WHOLE, _WHAT] = 6
    """Pairs of channels to show, the strongest first."""

    size: Annotated[int, WHOLE, _TIME] = 512
    """Long side in pixels at which the network sees the picture."""

    backbone: Annotated[Literal["vgg16", "vgg19"], _METHOD] = "vgg16"
    """Network whose features are shown."""

    def __post_init__(self) -> None:
        """Refuse what cannot work, before anything costs time.

        Raises:
            ConfigError: with the option's name.
        """
        check_range(self, {"channels": (1, 512), "pairs": (1, 1000), "size": (1, LARGEST_SIDE)})
        check_choices(self)
        unknown = [part for part in self.show if part not in PARTS]
        if unknown or not self.show:
            got = ",".join(self.show) or "nothing"
            raise ConfigError(f"--show {got}: choose from {', '.join(PARTS)}")
        if "gram" in self.show and not self.style_layers:
            raise ConfigError("--style-layers: give at least one, such as relu1_1")


@dataclass(frozen=True, kw_only=True)
class MeasureOptions:
    """Options of a measurement."""

    size: Annotated[int | None, WHOLE, _HOW] = None
    """Long side in pixels at which everything is measured; default: each picture's own. Only
    numbers of one size are comparable."""

    style_weights: Annotated[tuple[float, ...] | None, _HOW, COMMAS] = None
    """Relative weights of several paintings, such as 2,1; default: those in the recipe, or
    equal."""

    style_scale: Annotated[float | None, _HOW] = None
    """Size of the painting relative to the picture; default: that in the recipe, or 1 (equal long
    sides, but not beyond the painting's own pixels)."""

    regions: Annotated[str | None, _HOW] = None
    """Region map of the picture, with a --style blue=a.jpg for each region (or red=keep); default:
    those in the recipe. Each region is then measured by itself as well."""

    steps: Annotated[int | None, WHOLE, _HOW] = None
    """Also find the equivalent number of L-BFGS iterations from noise, up to this many: 300 take
    some minutes, once for each photo, painting and size."""

    weights: Annotated[str | None, _HOW] = None
    """File with the VGG-16 weights (.pth or .safetensors) instead of fetching them."""

    def __post_init__(self) -> None:
        """Refuse what cannot work, before anything costs time.

        Raises:
            ConfigError: with the option's name.
        """
        ranges = {
            "size": (16, LARGEST_SIDE),
            "style_weights": (0.0, LARGEST_WEIGHT),
            "style_scale": (0.01, 100.0),
            "steps": (1, 100_000),
        }
        check_range(self, ranges)
        if self.style_weights is not None and not sum(self.style_weights) > 0:
            raise ConfigError("--style-weights: at least one must be above 0")


@dataclass(frozen=True, kw_only=True)
class CompareOptions:
    """Options of a comparison."""

    style: Annotated[str, _COMPARED]
    """The painting: a file, or the name of a bundled one such as starry-night."""

    methods: Annotated[tuple[str, ...] | None, _COMPARED, COMMAS] = None
    """A selection of paper, optimize, one-style, multi-style, any-style and refined, such as
    optimize,refined. Default: all that can paint in that style."""

    size: Annotated[int, WHOLE, _COMPARED] = 512
    """Long side of the pictures in pixels."""

    seconds: Annotated[float, _COMPARED] = 20.0
    """How long refined refines its feed-forward result."""

    limit: Annotated[float, _COMPARED] = 120.0
    """Time limit in seconds for paper and for optimize."""

    weights: Annotated[str | None, _COMPARED] = None
    """File with the VGG-16 weights (.pth or .safetensors) instead of fetching them."""

    def __post_init__(self) -> None:
        """Refuse what cannot work, before anything costs time.

        Raises:
            ConfigError: with the option's name.
        """
        seconds = (0.1, MOST_SECONDS)
        check_range(self, {"size": (16, LARGEST_SIDE), "seconds": seconds, "limit": seconds})
        for method in self.methods or ():
            if method not in METHODS:
                raise ConfigError(f"--methods {method!r} is not one of {', '.join(METHODS)}")


@dataclass(frozen=True, kw_only=True)
class RegionOptions:
    """Options of finding regions."""

    count: Annotated[int, WHOLE, _WHAT] = 4
    """How many regions to find, by color and place; 2 to 8."""

    subject: Annotated[bool, _WHAT, FLAG] = False
    """Cut out the subject instead: white; the background is black."""

    faces: Annotated[bool, _WHAT, FLAG] = False
    """Find faces instead, seen from the front: white, with a soft border. For --protect, or to keep
    them."""

    box: Annotated[tuple[int, int, int, int] | None, _WHAT, COMMAS] = None
    """Box around the subject in pixels: left,top,width,height. Default: nearly all of the photo."""

    scribbles: Annotated[str | None, _WHAT] = None
    """The photo, or an empty layer over it, with strokes: lime on the subject, red on the
    background. For --subject, where the box alone does not find it."""

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ConfigError: with the option's name.
        """
        check_range(self, {"count": (2, 8), "box": (0, LARGEST_SIDE)})
        if self.box is not None and len(self.box) != 4:
            raise ConfigError("--box: give left,top,width,height, such as 100,50,400,300")
        if self.subject and self.faces:
            raise ConfigError("--subject and --faces: choose one")
        if self.box is not None and not self.subject:
            raise ConfigError("--box is for --subject")
        if self.scribbles is not None and not self.subject:
            raise ConfigError("--scribbles is for --subject")
