"""Several optimizations one after the other, as one stream of events."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from impasto.core.events import Drawn, Event, Finished, Planned, Step, StopEarly
from impasto.core.tensors import fit_long_side, size_of
from impasto.optimization.options import OptimizeOptions
from impasto.optimization.picture import optimize_picture
from impasto.optimization.pyramid import Scale, plan
from impasto.perception.vgg import TOPOLOGIES

PIXEL_WORK = 16_000.0
"""What a step costs per pixel beside the convolutions, in multiplications: measured as the time of
relu1_1 alone beside that of three layers."""


@dataclass(frozen=True)
class Task:
    """One picture to paint."""

    name: str
    """What it is called beside the others."""

    content: Tensor
    """(1, 3, H, W) in [0, 1]; for a texture only its shape matters."""

    styles: tuple[Tensor, ...]
    """(1, 3, h, w) in [0, 1]; none if only the content counts."""

    options: OptimizeOptions

    @property
    def scales(self) -> list[Scale]:
        """The levels that will be painted."""
        options = self.options.resolved()
        size = fit_long_side(*size_of(self.content), options.size)
        return plan(*size, options.coarsest or 0, options.steps or (1,))

    @property
    def work(self) -> float:
        """What the task costs beside others."""
        layers = (*self.options.content_layers, *self.options.style_layers)
        per_pixel = PIXEL_WORK + TOPOLOGIES[self.options.backbone].work(layers)
        return per_pixel * sum(scale.steps * scale.pixels for scale in self.scales)


def paint_series(
    tasks: Sequence[Task], weights: Mapping[str, Tensor]
) -> Generator[Event, None, list[Drawn]]:
    """Paint one picture after the other; yield what happens in all.

    Throw `StopEarly` in to end after the current step: the picture in work is the last, with what
    it has so far.

    Args:
        tasks: in this order.
        weights: of the tasks' network, as `load_weights` gives them.

    Yields:
        `Planned` once, with the time of all; `Step`, whose numbers are those of the whole series;
        `Drawn` after every picture.

    Returns:
        All that was drawn.

    Raises:
        ConfigError: an option that cannot work.
        ResourceError: out of memory.
    """
    series = _Series(tasks)
    for task in tasks:
        if not series.stopped:
            yield from series.paint(task, weights)
    return series.drawn


class _Series:
    """How far several optimizations have come together."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.began = time.perf_counter()
        self.tasks = tasks
        self.works = [task.work for task in tasks]
        self.steps = sum(scale.steps for task in tasks for scale in task.scales)
        self.steps_before = 0
        self.drawn: list[Drawn] = []
        self.stopped = False

    def paint(self, task: Task, weights: Mapping[str, Tensor]) -> Generator[Event, None, None]:
        """Paint one picture, yield its events as those of the series, and keep it."""
        events = optimize_picture(task.content, task.styles, weights, task.options)
        event: Event = next(events)
        while not isinstance(event, Finished):
            try:
                if not isinstance(event, Planned) or not self.drawn:
                    yield self._overall(event)
            except StopEarly:
                self.stopped = True
                event = events.throw(StopEarly)
            else:
                event = next(events)
        self.steps_before += sum(event.steps)
        drawn = Drawn(
            name=task.name,
            image=event.image,
            losses=event.losses,
            steps=event.steps,
            seconds=event.seconds,
            stopped=event.stopped,
            done=len(self.drawn) + 1,
            total=len(self.tasks),
        )
        self.drawn.append(drawn)
        try:
            yield drawn
        except StopEarly:
            self.stopped = True

    def _overall(self, event: Event) -> Event:
        """Return an event of one task as one of the whole series."""
        done, work = len(self.drawn), sum(self.works)
        if isinstance(event, Planned):
            return dataclasses.replace(event, seconds=event.seconds * work / self.works[done])
        if not isinstance(event, Step):
            return event
        share = event.seconds / max(event.seconds + event.eta, 1e-9)
        finished = sum(self.works[:done]) + share * self.works[done]
        seconds = time.perf_counter() - self.began
        return dataclasses.replace(
            event,
            step=self.steps_before + event.step,
            steps=self.steps,
            seconds=seconds,
            eta=seconds * (work - finished) / max(finished, 1e-9),
        )
