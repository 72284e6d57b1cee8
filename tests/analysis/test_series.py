import itertools

import pytest

from impasto.analysis.series import Task, paint_series
from impasto.core.events import Drawn, Planned, Step, StopEarly
from impasto.optimization.options import OptimizeOptions
from support import noise_picture


def task(name, steps=(3,), size=40):
    options = OptimizeOptions(
        size=size,
        steps=steps,
        coarsest=0,
        init="gray",
        dtype="float32",
        content_weight=1000.0,
        style_weight=0.0,
        style_layers=(),
        tv_weight=0.0,
    )
    return Task(name, noise_picture(40, 40, 1), (), options)


def test_the_events_are_those_of_one_long_work(tiny):
    events = list(paint_series([task("one"), task("two"), task("three")], tiny))
    assert isinstance(events[0], Planned)
    assert sum(isinstance(event, Planned) for event in events) == 1
    steps = [event for event in events if isinstance(event, Step)]
    assert [event.step for event in steps] == list(range(1, 10))
    assert {event.steps for event in steps} == {9}
    assert steps[-1].eta > 0, "the finish is still to come"
    assert all(one.seconds <= other.seconds for one, other in itertools.pairwise(steps))
    drawn = [event for event in events if isinstance(event, Drawn)]
    assert [(event.name, event.done, event.total) for event in drawn] == [
        ("one", 1, 3),
        ("two", 2, 3),
        ("three", 3, 3),
    ]


def test_the_plan_counts_deep_large_and_long_tasks_more(tiny):
    assert tiny
    assert task("long", steps=(6,)).work == pytest.approx(2 * task("short").work)
    assert task("large", size=80).work == pytest.approx(4 * task("small").work)


@pytest.mark.parametrize("when", [Planned, Step, Drawn])
def test_stopping_ends_with_the_picture_in_work(tiny, when):
    events = paint_series([task("one", steps=(500,)), task("two", steps=(500,))], tiny)
    if when is Drawn:
        events = paint_series([task("one", steps=(1,)), task("two", steps=(500,))], tiny)
    found = []
    for event in events:
        found.append(event)
        if isinstance(event, when):
            try:
                found.append(events.throw(StopEarly))
            except StopIteration:
                break
    drawn = [event for event in found if isinstance(event, Drawn)]
    assert [event.name for event in drawn] == ["one"]
    assert drawn[0].stopped == (when is not Drawn)
