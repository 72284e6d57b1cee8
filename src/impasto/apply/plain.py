"""One picture through one network when nothing else is asked for: without importing torch.

That takes longer than the painting itself. What comes out is, bit for bit, what `apply.image` makes
of the same photo with the same runtime; a test holds it to that.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from impasto.apply.options import FRAME, LARGE, StylizeOptions
from impasto.apply.runtimes import Array, Runtime, fits, is_installed, make_runtime
from impasto.io.image import Pixels
from impasto.models.file import load_weights, read_info
from impasto.models.onnx_graph import build_onnx

ACCELERATORS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
"""Where drivers of graphics cards show under Linux. With one, torch is asked what there is."""


def pick_runtime(options: StylizeOptions, pixels: Pixels) -> str | None:
    """Return the runtime that can paint this photo without torch, None if none can."""
    height, width = pixels.array.shape[:2]
    asked = options.stroke, options.style_map, options.strength, options.preserve_color
    resized = options.size is not None and options.size != max(height, width)
    if asked != (None, None, 1, "none") or resized or pixels.alpha is not None:
        return None
    if not fits(height, width) or height * width > LARGE or options.memory is not None:
        return None
    if options.dtype not in ("auto", "float32", "bfloat16"):
        return None
    if options.device != "cpu" and (options.device != "auto" or may_have_accelerator()):
        return None
    name = "openvino" if options.engine == "auto" else options.engine
    return name if name != "torch" and is_installed(name) else None


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
