"""impasto: neural style transfer, from a tenth of a second to as long as you wait.

Public names load on first use, so that importing impasto stays instant.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from impasto._version import __version__

if TYPE_CHECKING:
    from impasto.api import Done, Result, optimize, optimize_events
    from impasto.core.errors import (
        ConfigError,
        ImageError,
        ImpastoError,
        InputError,
        MissingError,
        ResourceError,
        ShapeError,
    )
    from impasto.core.events import Event, Note, Preview, Step, StopEarly, Transfer
    from impasto.optimization.options import OptimizeOptions

_HOME = {
    "impasto.api": ("Done", "Result", "optimize", "optimize_events"),
    "impasto.core.errors": (
        "ConfigError",
        "ImageError",
        "ImpastoError",
        "InputError",
        "MissingError",
        "ResourceError",
        "ShapeError",
    ),
    "impasto.core.events": ("Event", "Note", "Preview", "Step", "StopEarly", "Transfer"),
    "impasto.optimization.options": ("OptimizeOptions",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "ConfigError",
    "Done",
    "Event",
    "ImageError",
    "ImpastoError",
    "InputError",
    "MissingError",
    "Note",
    "OptimizeOptions",
    "Preview",
    "ResourceError",
    "Result",
    "ShapeError",
    "Step",
    "StopEarly",
    "Transfer",
    "__version__",
    "optimize",
    "optimize_events",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'impasto' has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return list(__all__)
