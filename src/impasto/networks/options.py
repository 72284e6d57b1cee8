"""Everything that can be asked of a painting in one pass: the only list of its options.

The docstrings under the attributes are the help of the command line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from cyclopts import Group, Parameter

from impasto.core.errors import ConfigError
from impasto.core.memory import parse_size
from impasto.core.options import (
    FLAG,
    LARGEST_SEED,
    LARGEST_SIDE,
    MACHINE,
    MOST_SECONDS,
    WHOLE,
    PaintingOptions,
    PrecisionOptions,
    check_choices,
    check_range,
)

FRAME = 8
"""Pixels by which a picture is widened before it is painted; they are cropped afterwards."""

LARGE = 3_000_000
"""Pixels above which a picture is painted layer by layer in strips, in bounded memory."""

_FILES = Parameter(group=Group("Files and output", sort_key=0))
_LOOK = Parameter(group=Group("Look", sort_key=1))
_TIME = Parameter(group=Group("Time", sort_key=2))

_RANGES = {
    "strength": (0.0, 1.0),
    "seed": (0, LARGEST_SEED),
    "size": (1, LARGEST_SIDE),
    "seconds": (0.0, MOST_SECONDS),
    "style_scale": (0.1, 8.0),
    "stroke": (0.05, 20.0),
}


@dataclass(frozen=True, kw_only=True)
class StylizeOptions(PrecisionOptions, PaintingOptions):
    """Options of painting with a trained network."""

    command: ClassVar[str] = "stylize"

    style: Annotated[str, _LOOK]
    """A style with a name, bundled or learned, such as starry-night (see impasto styles), a
    painting of your own (a picture file), or a model file (.safetensors) that impasto train wrote;
    of one with several styles FILE.safetensors/NAME. Or a blend: of styles with a name
    (harvest:0.6,poppies:0.4), of paintings (a.jpg:0.7,b.jpg:0.3), or of styles of one file. If a
    file has that very name, comma and all, the file is used. A folder: every photo gets one of the
    paintings and model files in it; random: one of the bundled styles; random:great-wave,my.jpg:
    one of these."""

    seed: Annotated[int, WHOLE, _LOOK] = 0
    """Another number gives every photo another one of several styles (of a folder, or random). The
    same number and file name give the same one, always and on every machine."""

    style_scale: Annotated[float, _LOOK] = 1.0
    """Scale at which your own painting is encoded: 2 for broader strokes, 0.5 for finer ones."""

    style_map: Annotated[str | None, _LOOK] = None
    """Where styles go: left:right or top:bottom for a gradient, or a mask picture. White (or, in a
    cut-out, what is not transparent) gets the second of two styles; with a single style it gets
    that style and the rest stays photo."""

    regions: Annotated[str | None, _LOOK] = None
    """Region map: a picture whose colors say which style goes where, such as --style
    blue=a.jpg,white=great-wave,red=keep. Colors are CSS names, #rrggbb, or numbers (1 is the color
    with the largest area); the nearest wins. keep leaves the photo. A cut-out is white where it is
    opaque. Of a film: one map, or a folder with one for each frame."""

    strength: Annotated[float, _LOOK] = 1.0
    """How much of the painted picture is mixed into the result, from 0 (the photo itself) to 1 (the
    full style)."""

    size: Annotated[int | None, WHOLE, _LOOK] = None
    """Long side of the output in pixels; default: the photo's own size. Strokes have a fixed size
    in pixels, so they look larger in a smaller picture; see --stroke."""

    stroke: Annotated[float | None, _LOOK] = None
    """Size of the strokes relative to the picture: 1 is as in a picture of 512 pixels, 2 twice as
    broad. The picture is painted small and enlarged along the photo's edges."""

    seconds: Annotated[float | None, _LOOK] = None
    """Refine by optimization for this long; 0: feed-forward only. Default: 2 for one photo in the
    style of your own painting (a sketch) if the machine is fast enough, otherwise 0. Your own
    painting is painted from small to large, as far as time allows; a bundled style starts from its
    feed-forward result, up to 1024 pixels unless --size is given."""

    wrap: Annotated[Literal["none", "x", "y", "both"], _LOOK] = "none"
    """Make borders continue on the other side: x for panoramas, both for tiles of a texture."""

    preserve_color: Annotated[Literal["none", "luminance", "match"], _LOOK] = "none"
    """Keep the photo's colors: luminance takes only light and dark from the painted picture; match
    recolors the painted picture like the photo."""

    engine: Annotated[Literal["auto", "torch", "onnxruntime", "openvino"], MACHINE] = "auto"
    """What runs the network; auto is the fastest one installed. openvino is about twice as fast as
    torch (the extra openvino)."""

    keep_place: Annotated[bool, _FILES, FLAG] = False
    """Keep where the photo was taken (GPS) in the result. Date, copyright, artist and resolution
    are always kept."""

    any_model: Annotated[str | None, MACHINE] = None
    """Network for any painting, written by impasto train --network any, instead of the bundled
    one."""

    memory: Annotated[str | None, MACHINE] = None
    """Memory limit, such as 2GB; default 70 % of what is free. Pictures of more than 3 megapixels,
    and those that would not fit, are painted in strips by torch, with the same result."""

    def __post_init__(self) -> None:
        """Refuse what cannot work, before anything costs time.

        Raises:
            ConfigError: with the option's name.
        """
        check_range(self, _RANGES)
        check_choices(self)
        if self.memory is not None:
            parse_size(self.memory)
        if self.regions is not None and self.style_map is not None:
            raise ConfigError("--regions and --style-map both say where styles go; choose one")
        if self.seconds and (self.style_map is not None or self.any_model is not None):
            raise ConfigError(
                "--seconds goes with neither --style-map nor --any-model; use "
                "impasto optimize PHOTO PAINTING --init RESULT to refine such a picture"
            )

    @property
    def names_a_network(self) -> bool:
        """Whether something is asked for that only a network does."""
        return bool(self.style_map or self.any_model or self.engine != "auto")
