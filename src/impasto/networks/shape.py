"""The shape of a network: the only list of its options, and of the layers that follow from them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from impasto.core.errors import ConfigError

EPSILON = 1e-5
"""Added to the variance when features are normalized; torch's own."""

STRIP_PIXELS = 400_000
"""Pixels of a layer's output that are computed at a time when a picture is painted in strips."""

SMALLEST_SIDE = 16
"""Smaller pictures are padded to this inside and cropped outside."""

MULTIPLE = 4
"""The network halves a picture twice; sides are padded to a multiple of this."""


@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """The shape of a `TransformNet`. The defaults are the network of johnson2016."""

    stem: Literal["conv", "unshuffle"] = "conv"
    """What comes first: a convolution at full resolution, or a rearrangement of every 2x2 pixels
    into channels, which saves it."""

    channels: tuple[int, int, int] = (32, 64, 128)
    """Feature maps at full, half and quarter resolution; the first is the base of the others in
    the paper."""

    blocks: int = 5
    """Residual blocks at quarter resolution."""

    kernel: int = 9
    """Side of the convolutions at full resolution, odd: the first (stem `conv`) and the last."""

    upsample: Literal["transposed", "nearest"] = "transposed"
    """Transposed convolutions as in the paper, or nearest-neighbor enlarging and a convolution,
    which leaves no checkerboard (odena2016)."""

    residual_activation: bool = True
    """Whether a residual block activates the sum of its input and output."""

    styles: int = 1
    """How many styles it can paint in: each has its own scales and shifts, all else is shared."""

    output: Literal["linear", "tanh", "sigmoid"] = "tanh"
    """How the last convolution becomes a picture. tanh and sigmoid stay in [0, 1]."""

    def __post_init__(self) -> None:
        """Refuse shapes that cannot be built.

        Raises:
            ConfigError: with the field's name.
        """
        if len(self.channels) != 3 or min(self.channels) < 1:
            raise ConfigError(f"network channels {self.channels}: expected three positive numbers")
        if self.blocks < 1 or self.kernel < 1 or self.kernel % 2 == 0 or self.kernel > 9:
            raise ConfigError(
                f"network blocks {self.blocks}, kernel {self.kernel}: expected at least one "
                "block and an odd kernel of at most 9"
            )
        if self.styles < 1:
            raise ConfigError(f"network styles {self.styles}: expected at least one")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ConfigError(f"network {name} {getattr(self, name)!r}: expected {choices}")

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON knows them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> NetworkOptions:
        """Return the options that `to_dict` gave.

        Raises:
            ConfigError: an unknown field or a value that cannot be built.
        """
        try:
            return cls(**{**stored, "channels": tuple(stored["channels"])})
        except (TypeError, KeyError) as error:
            raise ConfigError(f"these are no network options: {error}") from error


_CHOICES = {
    "stem": ("conv", "unshuffle"),
    "upsample": ("transposed", "nearest"),
    "output": ("linear", "tanh", "sigmoid"),
}


@dataclass(frozen=True)
class Layer:
    """A convolution of the network, and what is done around it."""

    name: str
    """Of its parameters: `NAME.conv.weight`, `NAME.norm.weight`; of the last, `last.weight`."""

    inputs: int
    outputs: int
    places: float
    """Of its output, per pixel of the picture."""

    kernel: int = 3
    stride: int = 1

    enlarges: Literal["", "nearest", "transposed"] = ""
    """How it doubles the sides, if it does: each pixel doubled before the convolution, or a
    transposed convolution."""

    is_last: bool = False
    """The last one has a bias, and neither normalization nor activation."""

    keeps: bool = False
    """Whether what goes into it is kept: the beginning of a residual block."""

    adds: bool = False
    """Whether what was kept is added: the end of a residual block."""

    activates: bool = True
    """Whether what is negative then becomes 0."""

    @property
    def multiply_adds(self) -> float:
        """Multiplications per pixel of the picture."""
        places = self.places / 4 if self.enlarges == "transposed" else self.places
        return self.kernel**2 * self.inputs * self.outputs * places


def layers(options: NetworkOptions) -> tuple[Layer, ...]:
    """Return the layers of a network, in the order in which a picture goes through them.

    The picture goes in as it is, or (stem `unshuffle`) with every 2x2 pixels as twelve channels.
    torch, ONNX and the strips are built from this tuple.
    """
    full, half, quarter = options.channels
    if options.stem == "conv":
        first = [
            Layer("down.0", 3, full, 1.0, options.kernel),
            Layer("down.1", full, half, 1 / 4, stride=2),
        ]
    else:
        first = [Layer("down.0", 12, half, 1 / 4)]
    down = [*first, Layer(f"down.{len(first)}", half, quarter, 1 / 16, stride=2)]
    blocks = []
    for number in range(options.blocks):
        blocks.append(Layer(f"blocks.{number}.first", quarter, quarter, 1 / 16, keeps=True))
        second = Layer(f"blocks.{number}.second", quarter, quarter, 1 / 16, adds=True)
        blocks.append(replace(second, activates=options.residual_activation))
    up = [
        Layer("up.0", quarter, half, 1 / 4, enlarges=options.upsample),
        Layer("up.1", half, full, 1.0, enlarges=options.upsample),
    ]
    last = Layer("last", full, 3, 1.0, options.kernel, is_last=True, activates=False)
    return (*down, *blocks, *up, last)
