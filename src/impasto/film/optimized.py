"""Frames painted by optimization, each from the last one, moved as the film moves."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from impasto.core.errors import ConfigError
from impasto.core.events import Event, Finished, last_of
from impasto.core.memory import parse_size
from impasto.film.clips import Frame
from impasto.io.image import read_picture
from impasto.io.inputs import describe, enough_for, read
from impasto.networks.options import StylizeOptions
from impasto.optimization.options import OptimizeOptions
from impasto.optimization.picture import optimize_picture
from impasto.optimization.refine import refinement
from impasto.perception.weights import Weights, find_weights

STEPS = 8
"""Of a frame that begins as the last one; the first frame of a shot takes all of a picture's."""


class FramePainter:
    """Paints frames by optimization.

    Args:
        weights: of VGG-16.
        paintings: files, or names of bundled ones.
        options: of an optimization, without size and time.
        size: long side of the frames in pixels; None for their own.
    """

    def __init__(
        self,
        weights: Weights,
        paintings: tuple[str, ...],
        options: OptimizeOptions,
        size: int | None,
    ) -> None:
        self.weights, self.paintings, self.options, self.size = weights, paintings, options, size
        memory = None if options.memory is None else parse_size(options.memory)
        enough = None if size is None else enough_for(size, options.style_scale)
        self._styles = [read(each, at_least=enough, memory=memory).image for each in paintings]

    @property
    def name(self) -> str:
        """What the film says that it was painted like."""
        return ",".join(describe(each).name for each in self.paintings)

    def __call__(self, frame: Frame, start: NDArray[np.float32] | None) -> Frame:
        """Return a frame, painted.

        Args:
            frame: (H, W, 3) of the film.
            start: (h, w, 3) in 0..255, the last result as it is to be seen now; None at the first
                frame of a shot.

        Raises:
            ResourceError: out of memory.
        """
        content = read_picture(frame).image
        size = self.size or max(frame.shape[:2])
        options = replace(self.options, size=size)
        first = None
        if start is not None:
            first = read_picture(np.clip(start / 255, 0, 1)).image
            options = replace(options, steps=(STEPS,), coarsest=0, init="frame")
        events = optimize_picture(content, self._styles, self.weights, options, start=first)
        image = last_of(events, Finished).image
        pixels: Frame = (image[0] * 255).round().byte().permute(1, 2, 0).contiguous().numpy()
        return pixels


def frame_painter(options: StylizeOptions) -> Generator[Event, None, FramePainter]:
    """Yield what happens while VGG and the paintings are fetched, and return the painter.

    Raises:
        ConfigError: the painting behind the style is not at hand, or strokes or a map are given.
        ImageError: a painting that cannot be read.
        MissingError: the VGG weights are neither here nor to be had.
    """
    for name in ("style_map", "stroke"):
        if getattr(options, name) is not None:
            raise ConfigError(
                f"--{name.replace('_', '-')} is for films painted by a network; leave it out with "
                "--method optimize"
            )
    gray = np.zeros((64, 64, 3), np.uint8)  # whose size does not matter here
    paintings, asked = refinement(gray, options, 1.0)
    weights = yield from find_weights(file=options.weights)
    chosen = replace(asked, seconds=None, init=None)
    return FramePainter(weights, paintings, chosen, options.size)
