"""OpenVINO and ONNX Runtime, imported without what they would tell their makers.

Left alone, both keep an identity under the home and send usage over the network.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
from types import ModuleType
from typing import Any

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
