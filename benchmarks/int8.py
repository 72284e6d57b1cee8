"""What 8-bit integers would give: the pictures' fidelity and the time, for every bundled network.

    python benchmarks/int8.py PHOTOS UNSEEN

The convolutions of the exported networks become 8-bit (ONNX Runtime's static quantization, weights
per channel), calibrated on 100 of PHOTOS; OpenVINO runs them, as it runs bfloat16. PSNR is of the
saved pictures, against float32, over all of UNSEEN at 512 pixels: the median and the lowest.
"""

from __future__ import annotations

import argparse
import itertools
import math
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime as ort
import openvino as ov
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

import impasto
from impasto.io.folder import find_pictures
from impasto.networks.runtimes import openvino_core
from report import Cell, Table, write
from styles import at_size
from timing import median_seconds

CALIBRATED_WITH = 100
SIDE = 256
THREADS = 2

COLUMNS = (
    *("style", "network", ("int8, PSNR, dB", "{:.1f}"), ("the lowest", "{:.1f}")),
    *(("bfloat16, PSNR, dB", "{:.1f}"), ("the lowest", "{:.1f}")),
    *(("float32, ms", "{:.0f}"), ("bfloat16, ms", "{:.0f}"), ("int8, ms", "{:.0f}")),
)


class Photos(CalibrationDataReader):
    """Photos for the calibration, one by one."""

    def __init__(self, paths: list[Path]) -> None:
        self.images: Iterator[dict[str, np.ndarray]] = (
            {"image": at_size(path, SIDE).numpy()} for path in paths
        )

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Return the next input, None at the end."""
        return next(self.images, None)


def quantized(model: Path, photos: list[Path]) -> Path:
    """Return a file with the same network, its convolutions in 8 bits."""
    ready, target = model.with_suffix(".ready.onnx"), model.with_suffix(".int8.onnx")
    quant_pre_process(model, ready, skip_symbolic_shape=True)
    quantize_static(
        ready,
        target,
        Photos(photos),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv"],
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.MinMax,
        extra_options={"CalibMovingAverage": True},
    )
    return target


def compiled(model: Path, precision: str) -> ov.CompiledModel:
    """Return a network ready to run."""
    options = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": THREADS}
    return openvino_core().compile_model(str(model), "CPU", options)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Return decibels between two pictures as 8-bit files hold them."""
    error = np.mean((np.rint(255 * one) - np.rint(255 * other)) ** 2)
    return 10 * math.log10(255**2 / max(float(error), 1e-9))


def row(style: str, folder: Path, calibration: list[Path], images: list[np.ndarray]) -> list[Cell]:
    """Return the numbers of one style."""
    model = folder / f"{style}.onnx"
    impasto.export(style, model)
    integers = quantized(model, calibration)
    runs = {
        "f32": compiled(model, "f32"),
        "bf16": compiled(model, "bf16"),
        "int8": compiled(integers, "f32"),
    }
    painted = {
        name: [np.clip(run(image)[0].astype(np.float32), 0, 1) for image in images]
        for name, run in runs.items()
    }
    cells: list[Cell] = [style, impasto.load(style).info.network_name]
    for name in ("int8", "bf16"):
        found = [psnr(*pair) for pair in zip(painted[name], painted["f32"], strict=True)]
        cells += [statistics.median(found), min(found)]
    cells += [1000 * median_seconds(lambda r=run: r(images[0])) for run in runs.values()]
    print(cells, flush=True)
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("unseen", type=Path)
    parser.add_argument("--styles", nargs="+")
    arguments = parser.parse_args()
    ort.set_default_logger_severity(3)
    calibration = list(itertools.islice(find_pictures(arguments.photos), CALIBRATED_WITH))
    images = [at_size(path).numpy() for path in find_pictures(arguments.unseen)]
    single = [name for name, path in impasto.styles().items() if path.stem == name]
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            row(style, Path(folder), calibration, images) for style in arguments.styles or single
        ]
    write("int8", Table(COLUMNS, rows), packages=("onnxruntime", "openvino"))


if __name__ == "__main__":
    main()
