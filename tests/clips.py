"""Films for tests: moving shapes, a cut, a sound."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from support import noise_picture

RATE = 12
FRAMES = 12
CUT_AT = 6
SOUND_RATE = 16_000


def background(seed: int, size: tuple[int, int] = (96, 160)) -> NDArray[np.uint8]:
    return (noise_picture(*size, seed)[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8)


def shot(number: int, width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """A texture that moves by two pixels a frame; another one after the cut."""
    seed, step = (1, number) if number < CUT_AT else (2, (number - CUT_AT) % 40)
    return np.ascontiguousarray(background(seed)[8 : 8 + height, 2 * step : 2 * step + width])


def make_clip(
    path: Path,
    size: tuple[int, int] = (64, 48),
    times: Sequence[float] | None = None,
    sound: str | None = "aac",
    rate: int = RATE,
) -> Path:
    """Write a film with the given times of its frames, in frames."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "10", "g": "4"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 90_000)
        audio = container.add_stream(sound, rate=SOUND_RATE) if sound else None
        container.metadata["title"] = "Holiday"
        for number, at in enumerate(times or range(FRAMES)):
            frame = av.VideoFrame.from_ndarray(shot(number, *size), format="rgb24")
            frame.pts, frame.time_base = round(at * 90_000 / rate), Fraction(1, 90_000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if audio is not None:
            wave = np.sin(np.arange(SOUND_RATE) / 20)[None].astype(np.float32)
            for first in range(0, SOUND_RATE, 1000):
                chunk = av.AudioFrame.from_ndarray(
                    wave[:, first : first + 1000], format="fltp", layout="mono"
                )
                chunk.rate, chunk.pts = SOUND_RATE, first
                container.mux(audio.encode(chunk))
            container.mux(audio.encode(None))
    return path
