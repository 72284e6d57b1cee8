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
    LARGEST_SIDE,
    MOST_SECONDS,
    WHOLE,
    PaintingOptions,
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
_MACHINE = Parameter(group=Group("Machine", sort_key=3))

_RANGES = {
    "strength": (0.0, 1.0),
    "size": (1, LARGEST_SIDE),
    "seconds": (0.0, MOST_SECONDS),
    "style_scale": (0.1, 8.0),
    "stroke": (0.05, 20.0),
}


@dataclass(frozen=True, kw_only=True)
class StylizeOptions(PaintingOptions):
    """Options of painting with a trained network."""

    command: ClassVar[str] = "stylize"

    style: Annotated[str, _LOOK]
    """A bundled style such as starry-night (see impasto styles); a painting of your own, a picture
    file; or a model file (.safetensors) that impasto train wrote. Of a model with several styles:
    FILE.safetensors/NAME, or a blend such as wave:0.6,poppies:0.4. Paintings blend too:
    a.jpg:0.7,b.jpg:0.3. If there is a file of the name with the comma in it, it is that file."""

    style_scale: Annotated[float, _LOOK] = 1.0
    """Size at which a painting of your own is looked at: 2 for broader strokes, 0.5 for finer
    ones."""

    style_map: Annotated[str | None, _LOOK] = None
    """Where the second of two styles goes, the first having the rest; of one style, where it goes,
    the rest staying the photo: left:right or top:bottom (from one to the other), or a grey picture,
    white where the (second) style is wanted, or a cut-out: transparent where it is not."""

    strength: Annotated[float, _LOOK] = 1.0
    """From 0, the photo itself, to 1, the full style."""

    size: Annotated[int | None, WHOLE, _LOOK] = None
    """Long side of the output in pixels; the photo's own if not given. Strokes keep their size in
    pixels, so they look larger in a smaller picture; see --stroke."""

    stroke: Annotated[float | None, _LOOK] = None
    """Size of the strokes beside the picture, whatever its size: 1 is as in a picture of 512
    pixels, 2 twice as broad. The picture is painted small and enlarged along the photo's edges."""

    seconds: Annotated[float | None, _LOOK] = None
    """Paint by optimisation for that long, towards the painting itself; 0: one pass of a network.
    If not given, 2 for one photo in the style of a painting of your own, the sketch, else 0. A
    painting of your own is painted from small to large, as far as there is time; a bundled style
    goes on from its pass, up to 1024 pixels if --size is not given."""

    preserve_color: Annotated[Literal["none", "luminance", "match"], _LOOK] = "none"
    """Keep the photo's colours: luminance takes only light and dark from the painted picture;
    match recolours the painted picture like the photo."""

    engine: Annotated[Literal["auto", "torch", "onnxruntime", "openvino"], _MACHINE] = "auto"
    """What runs the network; auto is the fastest that is installed. openvino is about twice as fast
    as torch (the extra openvino)."""

    keep_place: Annotated[bool, _FILES, FLAG] = False
    """Keep in the result where the photo was taken (GPS). Date, copyright, artist and dpi are kept
    anyway."""

    any_model: Annotated[str | None, _MACHINE] = None
    """Network for paintings that impasto train --network any wrote, instead of the bundled one."""

    weights: Annotated[str | None, _MACHINE] = None
    """File with the VGG-16 weights (.pth or .safetensors), with which paintings are looked at,
    instead of fetching them."""

    memory: Annotated[str | None, _MACHINE] = None
    """Most memory to take, such as 2GB; 70 % of what is free if not given. Pictures of more than 3
    megapixels, and those that would not fit, are painted in strips by torch, to the same result."""

    device: Annotated[str, _MACHINE] = "auto"
    """auto, cpu, cuda, cuda:1, mps."""

    dtype: Annotated[Literal["auto", "float32", "bfloat16"], _MACHINE] = "auto"
    """Of the network's features: auto is bfloat16 where the CPU multiplies it in hardware."""

    def __post_init__(self) -> None:
        """Refuse what cannot work, before anything costs time.

        Raises:
            ConfigError: with the option's name.
        """
        check_range(self, _RANGES)
        check_choices(self)
        if self.memory is not None:
            parse_size(self.memory)
        if self.seconds and (self.style_map is not None or self.any_model is not None):
            raise ConfigError(
                "--seconds goes with neither --style-map nor --any-model; use "
                "impasto optimize PHOTO PAINTING --init RESULT to refine such a picture"
            )

    @property
    def names_a_network(self) -> bool:
        """Whether something is asked for that only a network does."""
        return bool(self.style_map or self.any_model or self.engine != "auto")
