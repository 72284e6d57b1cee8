"""The public names, and where they are; they load on first use."""

from ._version import __version__
from .analysis.compare import Compared, MethodDone, compare, compare_events
from .analysis.comparison import Comparison, Entry
from .analysis.figure import Figure, FigureDone
from .analysis.grid import grid, grid_events
from .analysis.inspect import Inspection, InspectionDone, inspect, inspect_events
from .analysis.measure import Measured, Measurement, measure, measure_events
from .analysis.metrics import Distances
from .analysis.options import (
    CompareOptions,
    GridOptions,
    InspectOptions,
    MeasureOptions,
    ReconstructOptions,
    RegionOptions,
)
from .analysis.reconstruct import reconstruct, reconstruct_events
from .analysis.segment import RegionMap, regions
from .cluster.options import ClusterOptions
from .cluster.run import cluster_events, stylize_dataset
from .core.addresses import Address
from .core.errors import (
    ConfigError,
    ImageError,
    ImpastoError,
    InputError,
    MissingError,
    ModelFileError,
    ResourceError,
    ShapeError,
)
from .core.events import (
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
from .film.options import FilmOptions
from .film.video import resume_video_events, video, video_events
from .io.inputs import Result
from .networks.export import Exported, export
from .networks.model import Model
from .networks.model_file import ModelInfo, StyleInfo
from .networks.options import StylizeOptions
from .networks.registry import styles
from .networks.stylize import load, style_sheet, stylize_events
from .optimization.options import OptimizeOptions
from .optimization.refine import stylize
from .optimization.run import (
    Done,
    OptimizeResult,
    optimize,
    optimize_events,
    resume_optimize_events,
)
from .training.learn import Learned, learn, learn_events
from .training.options import LearnOptions, TrainOptions
from .training.run import TrainRequest, resume_events, train, train_events

__all__ = [
    "Address",
    "Advanced",
    "ClusterOptions",
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
    "RegionMap",
    "RegionOptions",
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
    "cluster_events",
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
    "regions",
    "resume_events",
    "resume_optimize_events",
    "resume_video_events",
    "style_sheet",
    "styles",
    "stylize",
    "stylize_dataset",
    "stylize_events",
    "train",
    "train_events",
    "video",
    "video_events",
]
