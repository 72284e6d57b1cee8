import pytest

from impasto.core.events import Note, StopEarly, outcome, relayed


def work(log):
    """Say three things, and what was heard; return how many were said."""
    said = 0
    try:
        for word in ("one", "two", "three"):
            said += 1
            try:
                yield Note(word)
            except StopEarly:
                said += 1
                yield Note("stopped")
                break
    finally:
        log.append("closed")
    return said


def words(events):
    return [event.message for event in events]


def test_events_are_told_as_others_or_not_at_all():
    def change(event):
        return None if event.message == "two" else Note(event.message.upper())

    assert words(relayed(work([]), change)) == ["ONE", "THREE"]
    assert outcome(relayed(work([]), change)) == 3


def test_a_wish_to_end_reaches_the_work():
    log = []
    events = relayed(work(log), lambda event: event)
    assert next(events).message == "one"
    assert events.throw(StopEarly).message == "stopped"
    with pytest.raises(StopIteration) as end:
        next(events)
    assert end.value.value == 2
    assert log == ["closed"]


def test_work_is_closed_with_whoever_listens():
    log = []
    events = relayed(work(log), lambda event: event)
    next(events)
    events.close()
    assert log == ["closed"]


def test_what_goes_wrong_in_between_closes_the_work_and_is_told():
    log = []

    def refuse(event):
        raise ValueError(event.message)

    with pytest.raises(ValueError, match="one"):
        outcome(relayed(work(log), refuse))
    assert log == ["closed"]
