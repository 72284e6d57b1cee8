"""impasto: neural style transfer, from a tenth of a second to as long as you wait.

Public names load on first use, so that importing impasto stays instant.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from impasto._version import __version__

if TYPE_CHECKING:
    from impasto.api.export import Exported, export
    from impasto.api.model import Model
    from impasto.api.optimize import (
        Done,
        OptimizeResult,
        optimize,
        optimize_events,
        resume_optimize_events,
    )
    from impasto.api.pictures import Result
    from impasto.api.sheet import style_sheet
    from impasto.api.stylize import load, stylize, stylize_events
    from impasto.api.train import TrainRequest, resume_events, train, train_events
    from impasto.apply.options import StylizeOptions
    from impasto.core.errors import (
        ConfigError,
        ImageError,
        ImpastoError,
        InputError,
        MissingError,
        ModelFileError,
        ResourceError,
        ShapeError,
    )
    from impasto.core.events import (
        Event,
        Failed,
        Note,
        Painted,
        Planned,
        Preview,
        Sample,
        Saved,
        Skipped,
        Step,
        StopEarly,
        Trained,
        TrainStep,
        Transfer,
    )
    from impasto.models.file import ModelInfo, StyleInfo
    from impasto.models.registry import styles
    from impasto.optimization.options import OptimizeOptions
    from impasto.training.options import TrainOptions

_HOME = {
    "impasto.api.optimize": (
        "Done",
        "OptimizeResult",
        "optimize",
        "optimize_events",
        "resume_optimize_events",
    ),
    "impasto.api.pictures": ("Result",),
    "impasto.api.sheet": ("style_sheet",),
    "impasto.api.model": ("Model",),
    "impasto.api.stylize": ("load", "stylize", "stylize_events"),
    "impasto.api.train": ("TrainRequest", "resume_events", "train", "train_events"),
    "impasto.apply.options": ("StylizeOptions",),
    "impasto.core.errors": (
        "ConfigError",
        "ImageError",
        "ImpastoError",
        "InputError",
        "MissingError",
        "ModelFileError",
        "ResourceError",
        "ShapeError",
    ),
    "impasto.core.events": (
        "Event",
        "Failed",
        "Note",
        "Painted",
        "Planned",
        "Preview",
        "Sample",
        "Saved",
        "Skipped",
        "Step",
        "StopEarly",
        "TrainStep",
        "Trained",
        "Transfer",
    ),
    "impasto.models.file": ("ModelInfo", "StyleInfo"),
    "impasto.models.registry": ("styles",),
    "impasto.api.export": ("Exported", "export"),
    "impasto.optimization.options": ("OptimizeOptions",),
    "impasto.training.options": ("TrainOptions",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "ConfigError",
    "Done",
    "Event",
    "Exported",
    "Failed",
    "ImageError",
    "ImpastoError",
    "InputError",
    "MissingError",
    "Model",
    "ModelFileError",
    "ModelInfo",
    "Note",
    "OptimizeOptions",
    "OptimizeResult",
    "Painted",
    "Planned",
    "Preview",
    "ResourceError",
    "Result",
    "Sample",
    "Saved",
    "ShapeError",
    "Skipped",
    "Step",
    "StopEarly",
    "StyleInfo",
    "StylizeOptions",
    "TrainOptions",
    "TrainRequest",
    "TrainStep",
    "Trained",
    "Transfer",
    "__version__",
    "export",
    "load",
    "optimize",
    "optimize_events",
    "resume_events",
    "resume_optimize_events",
    "style_sheet",
    "styles",
    "stylize",
    "stylize_events",
    "train",
    "train_events",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'impasto' has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return list(__all__)
