"""The shape of a network: the only list of its options."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from impasto.core.errors import ConfigError

EPSILON = 1e-5
"""Added to the variance when features are normalised; torch's own."""

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
    """Transposed convolutions as in the paper, or nearest-neighbour enlarging and a convolution,
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
