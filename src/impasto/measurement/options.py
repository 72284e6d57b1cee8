"""Everything that can be asked of a measurement and of a comparison: the only lists of options.

The docstrings under the attributes are the help of the command line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Group, Parameter

from impasto.core.errors import ConfigError
from impasto.core.options import (
    COMMAS,
    LARGEST_SIDE,
    LARGEST_WEIGHT,
    MOST_SECONDS,
    WHOLE,
    check_range,
)

_HOW = Parameter(group=Group("How it is measured", sort_key=1))
_WHAT = Parameter(group=Group("What is compared", sort_key=1))

METHODS = ("paper", "optimize", "one-style", "multi-style", "any-style", "refined")
"""Ways to paint, in the order in which they are shown; see `impasto.api.compare`."""


@dataclass(frozen=True, kw_only=True)
class MeasureOptions:
    """Options of a measurement."""

    size: Annotated[int | None, WHOLE, _HOW] = None
    """Long side in pixels at which everything is measured; each picture's own if not given. Only
    numbers of one size can be compared."""

    style_weights: Annotated[tuple[float, ...] | None, _HOW, COMMAS] = None
    """How much each of several paintings counts, such as 2,1; as the recipe says, else equal."""

    style_scale: Annotated[float | None, _HOW] = None
    """Size of the painting beside the picture; as the recipe says, else 1: equal long sides, but
    not beyond the painting's own pixels."""

    steps: Annotated[int | None, WHOLE, _HOW] = None
    """Also tell how many steps of L-BFGS from noise the picture is worth, and try this many at
    most: 300 take some minutes for each photo, painting and size, once."""

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

    style: Annotated[str, _WHAT]
    """The painting: a file, or the name of a bundled one such as starry-night."""

    methods: Annotated[tuple[str, ...] | None, _WHAT, COMMAS] = None
    """Some of paper, optimize, one-style, multi-style, any-style, refined, such as
    optimize,refined; all that can paint like that painting if not given."""

    size: Annotated[int, WHOLE, _WHAT] = 512
    """Long side of the pictures in pixels."""

    seconds: Annotated[float, _WHAT] = 20.0
    """How long refined goes on from its one pass."""

    limit: Annotated[float, _WHAT] = 120.0
    """Most seconds that paper and optimize get each."""

    weights: Annotated[str | None, _WHAT] = None
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
