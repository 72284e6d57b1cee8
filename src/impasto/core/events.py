"""What long work says while it runs.

Long work is a generator of these frozen dataclasses. The progress bar, the JSON log, the tests
and any other interface are readers of the same stream; the library itself prints nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from impasto.core.addresses import Address


@dataclass(frozen=True, slots=True)
class Event:
    """Anything that long work can say."""


@dataclass(frozen=True, slots=True)
class Note(Event):
    """One line for the person who waits, such as a source of weights that did not answer."""

    message: str


@dataclass(frozen=True, slots=True)
class Transfer(Event):
    """A download in progress."""

    what: str
    """What is being fetched, for people."""

    done: int
    """Bytes so far."""

    total: int | None
    """Bytes in all, None while unknown."""


@dataclass(frozen=True, slots=True)
class Advanced(Event):
    """How far work on many things has come."""

    what: str
    """What is being done, for people."""

    share: float
    """Of the whole, 0..1."""

    eta: float
    """Seconds still to go, estimated."""


@dataclass(frozen=True, slots=True)
class ReferenceStep(Event):
    """One step of the optimization that pictures are held against is done."""

    step: int
    """From 0, the noise."""

    steps: int
    """At most."""

    loss: float
    """Before this step's change."""

    seconds: float
    """Since it began."""

    eta: float
    """Seconds still to go at most, estimated."""


@dataclass(frozen=True, slots=True)
class Planned(Event):
    """What an optimization is going to do."""

    width: int
    """Columns of the result."""

    height: int
    """Rows of the result."""

    sizes: tuple[tuple[int, int], ...]
    """(width, height) of every scale, coarsest first; from the last one the result is enlarged."""

    steps: tuple[int, ...]
    """At every scale; of a run until time is up, expected."""

    seconds: float
    """Expected, from a short measurement on this machine; or the time limit."""

    memory: float
    """Bytes, expected at most."""

    tile: int | None
    """Side in pixels of the parts in which the last scale is seen; None if it is seen whole."""


@dataclass(frozen=True, slots=True)
class Opened(Event):
    """The photo is read and about to be painted in one pass."""

    width: int
    """Columns of the result."""

    height: int
    """Rows of the result."""


@dataclass(frozen=True, slots=True)
class Step(Event):
    """One step of an optimization is done."""

    step: int
    """Steps done so far, from 1, over all scales."""

    steps: int
    """Steps planned in all. A time limit can end the run earlier."""

    scale: int
    """Which scale of the pyramid, from 1 (coarsest)."""

    scales: int
    """How many scales the pyramid has."""

    height: int
    """Rows of the picture at this scale."""

    width: int
    """Columns of the picture at this scale."""

    loss: float
    """The weighted sum of all terms, before this step's change."""

    terms: Mapping[str, float]
    """The weighted terms by dotted name, such as `style.relu3_1`."""

    seconds: float
    """Since the first step began."""

    eta: float
    """Seconds still to go, estimated; after the last step, what measuring the picture takes."""


@dataclass(frozen=True, slots=True)
class Preview(Event):
    """The picture so far."""

    step: int
    image: Tensor
    """(1, 3, H, W), sRGB in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Drawn(Event):
    """One of several pictures that belong together is done."""

    name: str
    """Which one, such as its layers."""

    image: Tensor
    """(1, 3, H, W), sRGB in [0, 1]."""

    losses: Mapping[str, float]
    """Weighted terms of `image`; `total` is their sum."""

    steps: tuple[int, ...]
    """Steps taken at each scale, coarsest first."""

    seconds: float
    """Wall time of this picture."""

    stopped: bool
    """True if the person ended it before the planned steps."""

    done: int
    """Pictures so far, from 1."""

    total: int
    """Pictures in all."""


@dataclass(frozen=True, slots=True)
class TrainStep(Event):
    """One step of a training is done."""

    step: int
    """Steps done so far, from 1, earlier sittings included."""

    steps: int
    """Steps expected in all."""

    loss: float
    """The weighted sum of all terms over the batch, before this step's change."""

    terms: Mapping[str, float]
    """The weighted terms by dotted name."""

    gradient: float
    """Norm of the gradient before clipping."""

    lr: float
    """The optimizers' learning rate."""

    images: int
    """Photos seen so far."""

    images_per_second: float
    """In this sitting."""

    seconds: float
    """Of training so far, earlier sittings included."""

    eta: float
    """Seconds still to go, estimated."""


@dataclass(frozen=True, slots=True)
class Sample(Event):
    """A photo as the network in training paints it."""

    step: int
    name: str
    """Which photo."""

    image: Tensor
    """(1, 3, H, W), sRGB in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Trained(Event):
    """A training has ended, or has been ended before its time."""

    step: int
    seconds: float
    """Of training, earlier sittings included."""

    stopped: bool
    """True if the person ended it; then there is no model yet, but a checkpoint to go on from."""


@dataclass(frozen=True, slots=True)
class Painted(Event):
    """One picture of a batch is painted, and its file is whole."""

    path: Path | Address
    """The file that was written."""

    source: Path | Address
    """The photo."""

    width: int
    """Columns of the result."""

    height: int
    """Rows of the result."""

    seconds: float
    """Spent on it: reading, painting and writing, without waiting in between."""

    done: int
    """Pictures dealt with so far, from 1."""

    total: int
    """Pictures of the batch."""

    images_per_second: float
    """In this run, without those that were skipped."""

    eta: float
    """Seconds still to go, estimated."""

    remark: str | None = None
    """What a person should know of the photo, such as frames that were left out."""

    style: str = ""
    """With which it was painted, if several could have been."""


@dataclass(frozen=True, slots=True)
class Skipped(Event):
    """One picture of a batch was left alone, because its result exists."""

    path: Path | Address
    """The existing result."""

    source: Path | Address
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Failed(Event):
    """One picture of a batch could not be painted; the others go on."""

    source: Path | Address
    message: str
    """What happened, in one line."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Saved(Event):
    """A file was written."""

    path: Path


@dataclass(frozen=True, slots=True)
class Finished(Event):
    """The optimization has ended; `image` is the best picture it found."""

    image: Tensor
    """(1, 3, H, W), sRGB in [0, 1], already rounded to the 8 bits that a file will hold."""

    losses: Mapping[str, float]
    """Weighted terms of `image` itself at the finest scale, measured in float32, or, if it was
    painted until time was up, as it was painted; `total` is their sum."""

    init: str
    """Where it began: the option, or what took its place where that was not given."""

    finest: int
    """Long side of the finest scale that was painted, in pixels."""

    steps: tuple[int, ...]
    """Steps taken at each scale, coarsest first."""

    seconds: float
    """Wall time of the steps and the last measurement."""

    stopped: bool
    """True if a time limit or the person ended it before the planned steps."""


class StopEarly(Exception):  # noqa: N818  (a request, not an error)
    """Throw this into a generator of events: it ends soon, with what it has so far."""


Last = TypeVar("Last", bound="Event")
Outcome = TypeVar("Outcome")


def outcome(events: Generator[Event, None, Outcome]) -> Outcome:
    """Run long work to its end, unwatched, and return what it returns."""
    while True:
        try:
            next(events)
        except StopIteration as end:
            found: Outcome = end.value
            return found


def relayed(
    events: Generator[Event, None, Outcome], change: Callable[[Event], Event | None]
) -> Generator[Event, None, Outcome]:
    """Yield the events of long work as others, pass `StopEarly` on, and return what it returns.

    Args:
        events: of the work.
        change: what is told instead of an event; None for nothing.
    """
    try:
        event = next(events)
        while True:
            told = change(event)
            try:
                if told is not None:
                    yield told
            except StopEarly:
                event = events.throw(StopEarly)
            else:
                event = next(events)
    except StopIteration as end:
        found: Outcome = end.value
        return found
    finally:
        events.close()


def last_of(events: Iterable[Event], kind: type[Last]) -> Last:
    """Run long work to its end, unwatched, and return its last event, which is of that kind."""
    (last,) = deque(events, maxlen=1)
    assert isinstance(last, kind)
    return last
