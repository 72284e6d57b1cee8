"""One picture through one network when nothing else is asked for: without importing torch.

That takes longer than the painting itself. What comes out is, bit for bit, what `apply.image` makes
of the same photo with the same runtime; a test holds it to that. Where torch is not installed at
all, as on Intel Macs, the photo is resized without it too, which can round otherwise.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from impasto.core.options import asked_dtype
from impasto.core.tensors import fit_long_side
from impasto.io.image import Pixels
from impasto.networks.model_file import load_weights, read_info
from impasto.networks.onnx_graph import build_onnx
from impasto.networks.options import FRAME, LARGE, StylizeOptions
from impasto.networks.runtimes import Array, Runtime, fits, is_installed, make_runtime

ACCELERATORS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
"""Where drivers of graphics cards show under Linux. With one, torch is asked what there is."""


def pick_runtime(options: StylizeOptions, pixels: Pixels) -> str | None:
    """Return the runtime that can paint this photo without torch, None if none can."""
    has_torch = is_installed("torch")
    height, width = pixels.array.shape[:2]
    asked = options.stroke, options.style_map, options.strength, options.preserve_color
    if options.wrap != "none":
        return None
    resized = options.size is not None and options.size != max(height, width)
    if asked != (None, None, 1, "none") or resized or pixels.alpha is not None:
        return None
    if not fits(height, width) or height * width > LARGE or options.memory is not None:
        return None
    if asked_dtype(options.dtype) not in ("auto", "float32", "bfloat16"):
        return None
    only_cpu = options.device == "auto" and not (has_torch and may_have_accelerator())
    if options.device != "cpu" and not only_cpu:
        return None
    name = options.engine
    if name == "auto":
        name = "openvino" if has_torch or is_installed("openvino") else "onnxruntime"
    return name if name != "torch" and is_installed(name) else None


def fit_without_torch(pixels: Pixels, size: int | None) -> Pixels:
    """Return an opaque photo at the size of the output if torch is not there to do it.

    Pillow's bicubic filter is the one that torch has taken over from it for shrinking.

    Args:
        pixels: the photo.
        size: long side of the output; None leaves the photo as it is.
    """
    height, width = pixels.array.shape[:2]
    if size is None or pixels.alpha is not None or is_installed("torch"):
        return pixels
    rows, columns = fit_long_side(height, width, size)
    if (rows, columns) == (height, width):
        return pixels
    channels = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(pixels.array[..., channel])).resize(
                (columns, rows), Image.Resampling.BICUBIC
            )
        )
        for channel in range(3)
    ]
    return Pixels(np.stack(channels, axis=-1).clip(0, 1), None)


def may_have_accelerator() -> bool:
    """Return whether torch might find another device than the CPU here."""
    return sys.platform != "linux" or any(Path(device).exists() for device in ACCELERATORS)


def load_runtime(path: Path, name: str, dtype: str) -> Runtime | None:
    """Return a model file's network in a runtime; None if it cannot be, which torch explains."""
    info = read_info(path)
    try:
        return make_runtime(name, build_onnx(info.network, load_weights(path), info), dtype)
    except (KeyError, ValueError, RuntimeError):
        return None


def paint_plain(pixels: Pixels, runtime: Runtime, style: Array | None) -> Image.Image:
    """Return the painted picture, as `apply.image.paint` does with no option."""
    height, width = pixels.array.shape[:2]
    border = min(FRAME, height - 1, width - 1)
    wide = np.pad(pixels.array, ((border, border), (border, border), (0, 0)), mode="reflect")
    painted = runtime.run(np.ascontiguousarray(wide.transpose(2, 0, 1)[None]), style)
    inner = painted[0, :, border : border + height, border : border + width]
    levels = np.rint(inner.clip(0, 1) * np.float32(255)).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(levels.transpose(1, 2, 0)))
