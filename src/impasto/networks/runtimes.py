"""The two runtimes, from array to array, imported without their telemetry."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import sys
import threading
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from impasto.core.errors import ResourceError, first_line
from impasto.core.options import asked_dtype
from impasto.io.paths import cache_folder, drop_oldest
from impasto.networks.shape import SMALLEST_SIDE

_REPORTER = "openvino_telemetry"

_LOCK = threading.Lock()
"""One import at a time: a second thread would find half a module, and the reporter back."""


def import_openvino() -> ModuleType:
    """Return `openvino`, which reports nothing.

    It reports through a package of its own as soon as it is imported, and does without if that is
    missing; here it is, for as long as the import takes.
    """
    with _LOCK:
        if "openvino" in sys.modules:
            return importlib.import_module("openvino")  # waits if others are importing it
        modules: dict[str, Any] = sys.modules
        before = {name: modules.pop(name) for name in list(modules) if name.startswith(_REPORTER)}
        modules[_REPORTER] = None  # as Python marks what cannot be imported
        try:
            return importlib.import_module("openvino")
        finally:
            del modules[_REPORTER]
            modules.update(before)


def import_onnxruntime() -> ModuleType:
    """Return `onnxruntime`, which reports nothing.

    Linux and macOS ask the environment while it is imported; Windows is told afterwards.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    onnxruntime = importlib.import_module("onnxruntime")
    onnxruntime.disable_telemetry_events()
    return onnxruntime


Array = np.ndarray[Any, Any]

COMPILED = 4
"""Sizes for which OpenVINO keeps a compiled network in memory."""

COMPILED_BYTES = 200_000_000
"""Of compiled networks in the cache folder, at most; one of `small` takes 2 MB, of `johnson` 7."""

log = logging.getLogger(__name__)


class Runtime(Protocol):
    """Runs one graph."""

    def run(self, image: Array, style: Array | None) -> Array:
        """Return painted pictures.

        Args:
            image: (B, 3, H, W) float32, sRGB in [0, 1], sides of at least `SMALLEST_SIDE`.
            style: (1, S) weights of the styles, None if the graph has no such input.

        Returns:
            (B, 3, H, W) float32 in [0, 1].
        """


class OnnxRuntime:
    """ONNX Runtime, in float32."""

    def __init__(self, graph: bytes) -> None:
        onnxruntime = import_onnxruntime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = thread_count()
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(
            graph, options, providers=["CPUExecutionProvider"]
        )

    def run(self, image: Array, style: Array | None) -> Array:
        """Return painted pictures, see `Runtime`."""
        names = [each.name for each in self.session.get_inputs()]
        values = dict(zip(names, _inputs(image, style), strict=True))
        painted: Array = self.session.run(None, values)[0]
        return painted


class OpenVino:
    """OpenVINO, compiled for every size; what was compiled is kept in the cache folder.

    Args:
        graph: an ONNX file.
        dtype: `float32`, `bfloat16`, or `auto`: bfloat16 where the CPU multiplies it.
    """

    def __init__(self, graph: bytes, dtype: str) -> None:
        self.core = openvino_core()
        dtype = asked_dtype(dtype)
        able = "BF16" in self.core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        half = dtype == "bfloat16" or (dtype == "auto" and able)
        self.may_change = dtype == "auto" and half
        """Whether float32 may take the place of bfloat16."""
        self.config = {
            "INFERENCE_NUM_THREADS": thread_count(),
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,  # or every process would sit on the first processors
            "INFERENCE_PRECISION_HINT": "bf16" if half else "f32",
        }
        self.graph = graph
        self.compiled: dict[tuple[int, ...], Callable[..., Any]] = {}

    def run(self, image: Array, style: Array | None) -> Array:
        """Return painted pictures, see `Runtime`."""
        if image.shape not in self.compiled:
            model = self.core.read_model(self.graph, b"")
            model.reshape({model.inputs[0]: list(image.shape)})
            while len(self.compiled) >= COMPILED:
                self.compiled.pop(next(iter(self.compiled)))
            self.compiled[image.shape] = self._compile(model)
        painted: Array = self.compiled[image.shape](_inputs(image, style))[0].copy()
        return painted

    def _compile(self, model: Any) -> Callable[..., Any]:
        """Return a compiled network, in float32 if the CPU cannot do what it says it can."""
        try:
            return self._compile_as_told(model)
        except RuntimeError as error:
            if not self.may_change:
                raise ResourceError(
                    f"OpenVINO cannot run this network here ({_last_line(error)}); try --dtype "
                    "float32 or --engine torch"
                ) from error
            log.info("no bfloat16 in OpenVINO (%s)", _last_line(error))
        self.may_change = False
        self.config["INFERENCE_PRECISION_HINT"] = "f32"
        return self._compile(model)

    def _compile_as_told(self, model: Any) -> Callable[..., Any]:
        """Return a compiled network, from the cache folder if that can be used."""
        folder = cache_folder() / "openvino"
        try:
            config = {**self.config, "CACHE_DIR": str(folder)}
            compiled: Callable[..., Any] = self.core.compile_model(model, "CPU", config)
        except RuntimeError as error:  # a folder that cannot be written, a full disk
            log.info("compiled without %s (%s)", folder, first_line(error))
            compiled = self.core.compile_model(model, "CPU", self.config)
        else:
            log.info("compiled networks: %s", folder)
            drop_oldest(folder, COMPILED_BYTES)
        return compiled


def _last_line(error: RuntimeError) -> str:
    """Return the reason that OpenVINO gives, after the places in its source."""
    return str(error).strip().splitlines()[-1].rstrip(".")


@cache
def openvino_core() -> Any:
    """Return OpenVINO's core, one for the whole process.

    Every core sets a stack for signals of its own and, when it goes, the one that it found. Of two
    whose lives overlap the second leaves the first one's, which is gone: the next signal would
    then end the process.
    """
    return import_openvino().Core()


def make_runtime(name: str, graph: bytes, dtype: str) -> Runtime:
    """Return what runs a graph: `onnxruntime` or `openvino`."""
    log.info("engine: %s", name)
    return OnnxRuntime(graph) if name == "onnxruntime" else OpenVino(graph, dtype)


def is_installed(engine: str) -> bool:
    """Return whether an engine can be imported."""
    return importlib.util.find_spec(engine) is not None


def thread_count() -> int:
    """Return how many threads to use: torch's number, or what it would be if torch were there."""
    if (torch := sys.modules.get("torch")) is not None:
        return int(torch.get_num_threads())
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked):
        return int(asked)
    count = getattr(os, "sched_getaffinity", None)
    return len(count(0)) if count else os.cpu_count() or 1


def fits(height: int, width: int) -> bool:
    """Return whether a picture can be run as it is."""
    return min(height, width) >= SMALLEST_SIDE


def _inputs(image: Array, style: Array | None) -> list[Array]:
    arrays = [image] if style is None else [image, style]
    return [np.ascontiguousarray(array, np.float32) for array in arrays]
