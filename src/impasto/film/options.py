"""What can be asked of a film beyond what is asked of its frames: the only list of its options.

The docstrings under the attributes are the help of the command line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from cyclopts import Group, Parameter

from impasto.core.errors import ConfigError
from impasto.core.options import MOST_SECONDS, check_choices, check_range

_LOOK = Parameter(group=Group("Look", sort_key=1))
_TIME = Parameter(group=Group("Time", sort_key=2))

Method = Literal["network", "optimize"]

_RANGES = {
    "steady": (0.0, 1.0),
    "start": (0.0, MOST_SECONDS),
    "end": (0.0, MOST_SECONDS),
    "fps": (0.01, 1000.0),
}


@dataclass(frozen=True, kw_only=True)
class FilmOptions:
    """Options of a film that go beyond those of its frames."""

    steady: Annotated[float, _LOOK] = 1.0
    """Temporal consistency from 0 (each frame on its own) to 1 (strokes move with what they are
    painted on)."""

    method: Annotated[Method, _LOOK] = "network"
    """network paints a frame in one pass; optimize paints it by optimization, from the last frame
    moved as the film moves: a second and more per frame, nearer to the painting."""

    start: Annotated[float, _TIME] = 0.0
    """Skip this many seconds at the beginning."""

    end: Annotated[float | None, _TIME] = None
    """Stop at this many seconds into the film."""

    fps: Annotated[float | None, _TIME] = None
    """Frames per second: of a folder of frames (default 25); of a film, at most this many."""

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ConfigError: with the option's name.
        """
        check_range(self, _RANGES)
        check_choices(self)
        if self.end is not None and self.end <= self.start:
            raise ConfigError(f"--end {self.end:g} must be after --start {self.start:g}")
