"""The camera through a style: one frame in, the same frame painted out."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from contextlib import suppress

import numpy as np
from PIL import Image

from impasto.core.errors import ImageError, InputError, MissingError
from impasto.film.steady import Steadier
from impasto.networks.model import Model
from impasto.networks.options import StylizeOptions
from impasto.networks.stylize import load
from impasto.web.limits import LIVE_SIDE

SESSIONS = 4
"""Cameras whose last frame is remembered."""

STEADY = 0.7
"""Of a film that is shown at once, in which people move fast."""

QUALITY = 85
"""Of the JPEG that goes back."""


class Live:
    """Paints frames of cameras, one after the other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: tuple[str, Model] | None = None
        self._sessions: OrderedDict[str, tuple[str, Steadier]] = OrderedDict()

    def paint(self, data: bytes, style: str, session: str, strength: float) -> bytes:
        """Return a frame, painted, as a JPEG.

        Args:
            data: a JPEG, WebP or PNG of at most `LIVE_SIDE` pixels a side.
            style: the name of a style.
            session: of which camera; frames of one are kept steady.
            strength: from 0, the frame itself, to 1.

        Raises:
            InputError: no such picture, or too large; or no such style.
        """
        frame = _frame(data)
        with self._lock:
            if self._loaded is None or self._loaded[0] != style:
                self._loaded = style, load(style)
            options = StylizeOptions(style=style, strength=strength)
            image = self._loaded[1].paint(frame, options).image.convert("RGB")
            steady = self._steadier(session, style)(frame, np.asarray(image))
        stream = io.BytesIO()
        Image.fromarray(steady).save(stream, "JPEG", quality=QUALITY)
        return stream.getvalue()

    def _steadier(self, session: str, style: str) -> Steadier:
        """Return what keeps a camera steady; anew for another style."""
        known = self._sessions.pop(session, None)
        if known is None or known[0] != style:
            known = style, _new_steadier()
        self._sessions[session] = known
        while len(self._sessions) > SESSIONS:
            self._sessions.popitem(last=False)
        return known[1]


def _new_steadier() -> Steadier:
    with suppress(MissingError):  # without OpenCV every frame stands alone
        return Steadier(STEADY)
    return Steadier(0.0)


def _frame(data: bytes) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "WEBP", "PNG")) as opened:
            if max(opened.size) > LIVE_SIDE:
                raise InputError(f"a frame may have {LIVE_SIDE} pixels a side")
            return np.asarray(opened.convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        raise ImageError("this frame is no picture") from error
