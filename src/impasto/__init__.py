"""impasto: neural style transfer, from a tenth of a second to as long as you wait.

Public names load on first use, so that importing impasto stays instant.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from impasto._version import __version__

if TYPE_CHECKING:
    from impasto.api.compare import Compared, MethodDone, compare, compare_events
    from impasto.api.export import Exported, export
    from impasto.api.figure import Figure, FigureDone
    from impasto.api.grid import grid, grid_events
    from impasto.api.inspect import Inspection, InspectionDone, inspect, inspect_events
    from impasto.api.learn import Learned, learn, learn_events
    from impasto.api.measure import Measured, Measurement, measure, measure_events
    from impasto.api.model import Model
    from impasto.api.optimize import (
        Done,
        OptimizeResult,
        optimize,
        optimize_events,
        resume_optimize_events,
    )
    from impasto.api.pictures import Result
    from impasto.api.reconstruct import reconstruct, reconstruct_events
    from impasto.api.sheet import style_sheet
    from impasto.api.stylize import load, stylize, stylize_events
    from impasto.api.train import TrainRequest, resume_events, train, train_events
    from impasto.api.video import video, video_events
    from impasto.apply.options import FilmOptions, StylizeOptions
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
        Advanced,
        Drawn,
        Event,
        Failed,
        Note,
        Painted,
        Planned,
        Preview,
        ReferenceStep,
        Sample,
        Saved,
        Skipped,
        Step,
        StopEarly,
        Trained,
        TrainStep,
        Transfer,
    )
    from impasto.explanation.options import GridOptions, InspectOptions, ReconstructOptions
    from impasto.measurement.comparison import Comparison, Entry
    from impasto.measurement.options import CompareOptions, MeasureOptions
    from impasto.measurement.yardstick import Distances
    from impasto.models.file import ModelInfo, StyleInfo
    from impasto.models.registry import styles
    from impasto.optimization.options import OptimizeOptions
    from impasto.training.options import LearnOptions, TrainOptions

_HOME = {
    "impasto.api.figure": ("Figure", "FigureDone"),
    "impasto.api.grid": ("grid", "grid_events"),
    "impasto.api.inspect": ("Inspection", "InspectionDone", "inspect", "inspect_events"),
    "impasto.api.learn": ("Learned", "learn", "learn_events"),
    "impasto.api.reconstruct": ("reconstruct", "reconstruct_events"),
    "impasto.api.compare": ("Compared", "MethodDone", "compare", "compare_events"),
    "impasto.api.measure": ("Measured", "Measurement", "measure", "measure_events"),
    "impasto.measurement.comparison": ("Comparison", "Entry"),
    "impasto.measurement.options": ("CompareOptions", "MeasureOptions"),
    "impasto.measurement.yardstick": ("Distances",),
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
    "impasto.api.video": ("video", "video_events"),
    "impasto.apply.options": ("FilmOptions", "StylizeOptions"),
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
        "Drawn",
        "Advanced",
        "Event",
        "Failed",
        "Note",
        "Painted",
        "Planned",
        "Preview",
        "ReferenceStep",
        "Sample",
        "Saved",
        "Skipped",
        "Step",
        "StopEarly",
        "TrainStep",
        "Trained",
        "Transfer",
    ),
    "impasto.explanation.options": ("GridOptions", "InspectOptions", "ReconstructOptions"),
    "impasto.models.file": ("ModelInfo", "StyleInfo"),
    "impasto.models.registry": ("styles",),
    "impasto.api.export": ("Exported", "export"),
    "impasto.optimization.options": ("OptimizeOptions",),
    "impasto.training.options": ("LearnOptions", "TrainOptions"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "Advanced",
    "CompareOptions",
    "Compared",
    "Comparison",
    "ConfigError",
    "Distances",
    "Done",
    "Drawn",
    "Entry",
    "Event",
    "Exported",
    "Failed",
    "Figure",
    "FigureDone",
    "FilmOptions",
    "GridOptions",
    "ImageError",
    "ImpastoError",
    "InputError",
    "InspectOptions",
    "Inspection",
    "InspectionDone",
    "LearnOptions",
    "Learned",
    "MeasureOptions",
    "Measured",
    "Measurement",
    "MethodDone",
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
    "ReconstructOptions",
    "ReferenceStep",
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
    "compare",
    "compare_events",
    "export",
    "grid",
    "grid_events",
    "inspect",
    "inspect_events",
    "learn",
    "learn_events",
    "load",
    "measure",
    "measure_events",
    "optimize",
    "optimize_events",
    "reconstruct",
    "reconstruct_events",
    "resume_events",
    "resume_optimize_events",
    "style_sheet",
    "styles",
    "stylize",
    "stylize_events",
    "train",
    "train_events",
    "video",
    "video_events",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'impasto' has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return list(__all__)
