"""One loop for all long work: shows its events, and ends it early when the person asks for that."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from impasto.cli.interruption import Interruption
from impasto.cli.progress import ProgressPrinter
from impasto.core.events import Event, StopEarly

Kinds = type[Event] | tuple[type[Event], ...]


def drive(
    events: Generator[Event, None, object],
    printer: ProgressPrinter,
    interruption: Interruption,
    keeps: Kinds,
    stops: Kinds | None = None,
) -> Iterator[Event]:
    """Show and yield the events of long work; what it returns becomes `interruption.outcome`.

    Args:
        events: of the work.
        printer: that shows them.
        interruption: whether the person has asked for an end.
        keeps: events after which there is something to save.
        stops: events at which the work can be asked to end; those of `keeps` if not given.
    """
    stops = keeps if stops is None else stops
    told = False
    try:
        event = next(events)
        while True:
            interruption.can_wait |= isinstance(event, keeps)  # before anybody is told
            printer.show(event)
            yield event
            if interruption.asked and not told and isinstance(event, stops):
                told = True
                event = events.throw(StopEarly)
            else:
                event = next(events)
    except StopIteration as end:
        interruption.outcome = end.value
    finally:
        events.close()
