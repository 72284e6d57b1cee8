"""A film whose strokes travel with the things they are painted on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.film.clips import Frame
from impasto.io.opencv import import_cv2

Motion = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Where each place was in the frame before, and how surely it was seen there."""

KEPT = 0.95
"""How much of the last result stays, at most, where it can still be seen."""

FLOW_SIDE = 480
"""Long side in pixels at which motion is looked for."""

APART = 1.0
"""Pixels (of the flow's size) by which there and back may miss each other where a place is seen in
both frames; a hundredth of the way comes on top."""

UNLIKE = 0.08
"""Root of the mean square by which a place that moved may have changed its color, 0..1."""

FINE = 1.2
"""Pixels: standard deviation of the blur beside which detail is fine."""

MOST_GAIN = 1.5
"""By which a frame's fine detail is strengthened, at most."""

FINEST = 0.7
"""Pixels: the same of the detail that is strengthened in what is shown."""

MOST_SHOWN = 2.0
"""How much of that detail is added, at most."""

CUT = 0.35
"""Share of the frame that must be seen in both, or a new scene has begun."""


class Steadier:
    """Blends every painted frame with the last result, moved as the film moves.

    Where a place cannot be seen in both frames, or has changed, the new frame stands alone; at a
    cut all of it does.

    Args:
        steady: 0 leaves every frame as it is painted, 1 keeps most of the last one.

    Source:
        ruder2016, sec. 4, as a recursion on finished frames: DIS flow (kroeger2016) there and back
        finds what is hidden.
    """

    def __init__(self, steady: float = 1.0) -> None:
        self.kept = KEPT * steady
        self._cv2: Any = import_cv2("video") if steady else None
        self._flow: Any = None
        if self._cv2 is not None:
            preset = self._cv2.DISOPTICAL_FLOW_PRESET_MEDIUM
            self._flow = self._cv2.DISOpticalFlow_create(preset)
        self._before: tuple[Frame, NDArray[np.float32]] | None = None

    def __call__(self, frame: Frame, painted: Frame, motion: Motion | None = None) -> Frame:
        """Return the painted frame, steadied.

        Args:
            frame: (H, W, 3) of the film.
            painted: (h, w, 3), the same painted, at any size.
            motion: from the frame before, if it is known already.
        """
        if self._cv2 is None:
            return painted
        fresh = painted.astype(np.float32)
        found = self.moved(frame, motion)
        now = shown = fresh
        if found is not None and found[0].shape == fresh.shape:
            moved, seen = found
            now = self._as_fine_as(fresh, fresh + self.kept * seen * (moved - fresh))
            shown = self._as_sharp_as(fresh, now)
        # What is shown is sharper than what is kept: the next frame would sharpen it once more.
        self._before = frame, now
        return shown.round().clip(0, 255).astype(np.uint8)

    def moved(
        self, frame: Frame, motion: Motion | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        """Return the last result as it is to be seen now, and how surely; None in a new scene.

        Args:
            frame: (H, W, 3) of the film.
            motion: from the frame before, if it is known already.

        Returns:
            (h, w, 3) in 0..255 and (h, w, 1) in [0, 1], at the size of the results.
        """
        if self._cv2 is None or self._before is None:
            return None
        last, result = self._before
        flow, seen = self.motion(frame, last) if motion is None else motion
        if float((seen > 0).mean()) < CUT:
            return None
        height, width = result.shape[:2]
        moved = self.warp(result, self.resized(flow, width, height), sharp=True)
        return moved, self._cv2.resize(seen, (width, height))[..., None]

    def _as_sharp_as(
        self, painted: NDArray[np.float32], now: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return a frame with edges as sharp as the painted one's.

        The measure is the variance of the Laplacian; it is a quadratic in how much of the finest
        detail is added.
        """
        finest = now - self._cv2.GaussianBlur(now, (0, 0), FINEST)
        sharp, has, adds = (
            self._cv2.Laplacian(
                self._cv2.cvtColor(each, self._cv2.COLOR_RGB2GRAY), self._cv2.CV_32F
            )
            for each in (painted, now, finest)
        )
        lacks = float(sharp.var() - has.var())
        if lacks <= 0:
            return now
        half, square = float((has * adds).mean()), max(float(np.square(adds).mean()), 1e-6)
        share = (math.sqrt(half**2 + square * lacks) - half) / square
        wanted: NDArray[np.float32] = now + np.float32(min(share, MOST_SHOWN)) * finest
        return wanted

    def _as_fine_as(
        self, painted: NDArray[np.float32], blend: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return the blend with as much fine detail as the painted frame has.

        Moving blurs a little, and a little every frame is a lot.
        """
        fine, kept = (
            each - self._cv2.GaussianBlur(each, (0, 0), FINE) for each in (painted, blend)
        )
        gain = np.sqrt(np.square(fine).mean() / max(float(np.square(kept).mean()), 1e-3))
        sharp: NDArray[np.float32] = blend + np.float32(np.clip(gain, 1, MOST_GAIN) - 1) * kept
        return sharp

    @property
    def is_on(self) -> bool:
        """Whether it does anything."""
        return self._cv2 is not None

    def state(self) -> dict[str, NDArray[Any]]:
        """Return what another one needs to go on from here."""
        if self._before is None:
            return {}
        return {"frame": self._before[0], "result": self._before[1]}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from where another one was."""
        if "frame" in state:
            self._before = state["frame"], state["result"]

    def motion(self, frame: Frame, last: Frame) -> Motion:
        """Return where each place was in the last frame, and how surely it was seen there.

        Args:
            frame: (H, W, 3).
            last: the frame before, of that size.

        Returns:
            (h, w, 2) pixels to the right and down, and (h, w) in [0, 1], at most `FLOW_SIDE` large.
        """
        cv2 = self._cv2
        height, width = frame.shape[:2]
        scale = min(1.0, FLOW_SIDE / max(height, width))
        size = max(16, round(width * scale)), max(16, round(height * scale))
        now, then = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (frame, last))
        gray_now, gray_then = (cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (now, then))
        back = self._flow.calc(gray_now, gray_then, None)
        forth = self._flow.calc(gray_then, gray_now, None)
        missed = np.linalg.norm(back + self.warp(forth, back), axis=2)
        way = np.linalg.norm(back, axis=2)
        change = now.astype(np.float32) - self.warp(then.astype(np.float32), back)
        unlike = np.sqrt(cv2.blur(np.square(change / 255).mean(2), (5, 5)).clip(0))
        rows, columns = np.indices(way.shape, dtype=np.float32)
        x, y = columns + back[..., 0], rows + back[..., 1]
        inside = (x >= 0) & (x <= size[0] - 1) & (y >= 0) & (y <= size[1] - 1)
        seen = inside & (missed < APART + 0.01 * way) & (unlike < UNLIKE)
        solid = cv2.erode(seen.astype(np.float32), np.ones((3, 3), np.uint8))
        return back, cv2.blur(solid, (3, 3))

    def warp(self, image: Any, flow: NDArray[np.float32], *, sharp: bool = False) -> Any:
        """Return `image` as seen from where `flow` points to."""
        rows, columns = np.indices(flow.shape[:2], dtype=np.float32)
        x, y = columns + flow[..., 0], rows + flow[..., 1]
        cv2 = self._cv2
        how = cv2.INTER_LANCZOS4 if sharp else cv2.INTER_LINEAR  # which blurs a little every time
        return cv2.remap(image, x, y, how, borderMode=cv2.BORDER_REPLICATE)

    def resized(self, flow: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
        """Return a flow for pictures of another size."""
        rows, columns = flow.shape[:2]
        large: NDArray[np.float32] = self._cv2.resize(flow, (width, height))
        return large * np.asarray([width / columns, height / rows], np.float32)
