"""`impasto.export`: a trained network as a file for other runtimes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from impasto.core.errors import ConfigError, MissingError, ModelFileError, how_to_install
from impasto.io.paths import is_folder, is_taken
from impasto.networks.onnx_graph import OPSET, write_onnx
from impasto.networks.runtimes import (
    import_onnxruntime,
    import_openvino,
    is_installed,
    openvino_core,
)
from impasto.networks.stylize import load

Array = np.ndarray[Any, Any]

CHECKED_SIZES = ((33, 50), (64, 47), (101, 129))
"""Heights and widths on which what was written is compared with torch."""

LARGEST_DIFFERENCE = 1e-3
"""Between torch and what was written, of pixels in [0, 1]: a quarter of an 8-bit level."""


@dataclass(frozen=True)
class Exported:
    """What was written."""

    path: Path
    bytes: int
    opset: int
    styles: tuple[str, ...]
    """In the order of the input `style`; of one style there is no such input."""

    difference: float | None
    """Largest difference from torch that was found; None if nothing is installed to run it."""


def export(style: str | Path, output: str | Path, *, force: bool = False) -> Exported:
    """Write a trained network for other runtimes, and compare it with torch.

    Args:
        style: as for `impasto.load`. A single style, or a blend, is fixed in the file unless it is
            the whole of a model file; then the styles' weights are a second input.
        output: .onnx, or .xml for OpenVINO, which writes a .bin beside it.
        force: replace an existing file.

    Raises:
        ModelFileError: no such style, or a file that cannot be written.
        MissingError: OpenVINO is not installed.
        ConfigError: what was written does not paint as torch does.
    """
    path = Path(output)
    _check(path, force=force)
    model = load(style)
    several = len(model.styles) > 1
    whole = several and Path(style) == model.choice.path
    fixed = model.choice.weights if several and not whole else None
    graph = path if path.suffix == ".onnx" else path.with_suffix(".onnx.part")
    try:
        size = write_onnx(graph, model.net, model.info, fixed)
        if graph != path:
            size = _to_openvino(graph, path)
    finally:
        if graph != path:
            graph.unlink(missing_ok=True)
    weights = torch.tensor([model.choice.weights]) if several else None
    difference = _compare(path, model.net, weights, gives_style=whole)
    if difference is not None and difference > LARGEST_DIFFERENCE:
        raise ConfigError(f"{path} differs from torch by {difference:.2g}; do not use it")
    styles = model.styles if whole else (model.choice.label,)
    return Exported(path, size, OPSET, styles, difference)


def _check(path: Path, *, force: bool) -> None:
    """Refuse a file that could not be written, before any work is done."""
    if path.suffix not in (".onnx", ".xml"):
        raise ModelFileError(
            f"cannot write {path}: the ending should be .onnx, or .xml for OpenVINO"
        )
    if not is_folder(path.parent):
        raise ModelFileError(f"cannot write {path}: the folder {path.parent} does not exist")
    if is_taken(path) and not force:
        raise ModelFileError(f"{path} exists; use another name with -o, or --force")
    if path.suffix == ".xml" and not is_installed("openvino"):
        raise MissingError(f"OpenVINO's .xml needs it installed: {how_to_install('openvino')}")


def _to_openvino(graph: Path, path: Path) -> int:
    openvino = import_openvino()
    model = openvino_core().read_model(graph.read_bytes(), b"")
    openvino.save_model(model, path, compress_to_fp16=True)
    return path.stat().st_size + path.with_suffix(".bin").stat().st_size


@torch.no_grad()
def _compare(
    path: Path, net: torch.nn.Module, weights: Tensor | None, *, gives_style: bool
) -> float | None:
    """Return the largest difference from torch on pictures of odd sizes."""
    run = _runner(path)
    if run is None:
        return None
    generator = torch.Generator().manual_seed(0)
    largest = 0.0
    for height, width in CHECKED_SIZES:
        image = torch.rand(1, 3, height, width, generator=generator)
        expected = net(image, weights).clamp(0, 1)
        inputs = [image.numpy()]
        if gives_style and weights is not None:
            inputs.append(weights.numpy())
        found = torch.from_numpy(run(inputs))
        largest = max(largest, float((found - expected).abs().max()))
    return largest


def _runner(path: Path) -> Callable[[list[Array]], Array] | None:
    """Return what runs the file, if anything is installed that can."""
    if path.suffix == ".xml":
        core = openvino_core()
        config = {"INFERENCE_PRECISION_HINT": "f32"}
        compiled = core.compile_model(core.read_model(path), "CPU", config)
        return lambda inputs: np.array(compiled(inputs)[0])
    if not is_installed("onnxruntime"):
        return None
    onnxruntime = import_onnxruntime()
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    return lambda inputs: np.array(session.run(None, dict(zip(names, inputs, strict=True)))[0])
