"""OpenCV, which some extras bring."""

from __future__ import annotations

import importlib.util
from typing import Any

from impasto.core.errors import MissingError, how_to_install


def import_cv2(extra: str) -> Any:
    """Return OpenCV.

    Args:
        extra: that brings it.

    Raises:
        MissingError: it is not installed.
    """
    if importlib.util.find_spec("cv2") is None:
        raise MissingError(f"this needs OpenCV: {how_to_install(extra)}")
    import cv2

    return cv2
