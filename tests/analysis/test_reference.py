import json

import numpy as np
import pytest

from impasto.analysis import reference as module
from impasto.analysis.metrics import Metrics
from impasto.analysis.reference import (
    EVERY,
    equivalent_steps,
    find_curve,
    is_enough,
    reference_curve,
)
from impasto.core.events import Note, Preview, ReferenceStep, outcome
from impasto.core.tensors import round_to_bits
from support import noise_picture


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder."""
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def metrics(weights):
    photo, style = (round_to_bits(noise_picture(64, 64, seed)) for seed in (1, 2))
    return Metrics(weights, photo, [style])


def run(events):
    """The events and what the generator returns."""
    told = []
    while True:
        try:
            told.append(next(events))
        except StopIteration as end:
            return told, end.value


def test_the_picture_of_a_step_is_worth_that_step(weights, metrics):
    told, curve = run(reference_curve(weights, metrics, steps=20))
    pictures = {event.step: event.image for event in told if isinstance(event, Preview)}
    assert list(pictures) == [0, 5, 10, 15, 20]
    assert len(curve) == 5
    assert curve[-1] < curve[0] / 5
    lowest = np.minimum.accumulate(curve)
    for picture, loss in zip(pictures.values(), curve, strict=True):
        assert picture.min() >= 0
        assert picture.max() <= 1
        measured = metrics(picture).fast_loss
        assert measured == pytest.approx(loss, rel=0.05)
        worth = equivalent_steps(measured, curve) / EVERY
        there = np.exp(np.interp(worth, range(len(curve)), np.log(lowest)))
        assert there == pytest.approx(measured, rel=0.05)


def test_the_plain_optimizer_leaves_the_range_of_a_picture(weights, metrics):
    told, curve = run(reference_curve(weights, metrics, steps=20, clip=False))
    picture = [event.image for event in told if isinstance(event, Preview)][-1]
    assert picture.min() < 0
    assert picture.max() > 1
    assert metrics(picture).fast_loss > curve[-1] * 1.1  # judged as it could be saved


def test_a_curve_says_how_far_it_is_and_ends_when_it_is_low_enough(weights, metrics):
    told, curve = run(reference_curve(weights, metrics, steps=100, until=1e9))
    assert len(curve) == 1
    told, curve = run(reference_curve(weights, metrics, steps=7))
    steps = [event for event in told if isinstance(event, ReferenceStep)]
    assert [event.step for event in steps] == list(range(8))
    assert steps[0].eta > 0
    assert steps[-1].eta == 0
    assert len(curve) == 2


def test_the_second_time_the_cache_answers(weights, metrics, cache, monkeypatch):
    first = outcome(find_curve(weights, metrics, steps=10, until=0))
    (file,) = (cache / "curves").iterdir()
    assert json.loads(file.read_text()) == pytest.approx(first, rel=1e-5)
    monkeypatch.setattr(module, "reference_curve", None)  # calling it would fail
    told, second = run(find_curve(weights, metrics, steps=10, until=0))
    assert told == []
    assert second == pytest.approx(first, rel=1e-5)
    assert run(find_curve(weights, metrics, steps=10, until=first[0]))[1] == second


@pytest.mark.parametrize("text", ["", "no JSON", '{"a": 1}', "[[1]]"])
def test_a_damaged_cache_is_painted_anew(weights, metrics, cache, text):
    outcome(find_curve(weights, metrics, steps=5, until=0))
    (file,) = (cache / "curves").iterdir()
    file.write_text(text)
    assert len(outcome(find_curve(weights, metrics, steps=5, until=0))) == 2
    assert len(json.loads(file.read_text())) == 2


def test_another_photo_or_painting_has_another_curve(weights, metrics, cache):
    other = Metrics(weights, metrics.content, [metrics.content])
    for each in (metrics, other):
        outcome(find_curve(weights, each, steps=1, until=0))
    assert len(list((cache / "curves").iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_a_note(weights, metrics, cache):
    cache.write_text("a file where the folder should be")
    told, curve = run(find_curve(weights, metrics, steps=1, until=0))
    assert len(curve) == 1
    assert [event for event in told if isinstance(event, Note)]


def test_steps_are_interpolated_on_the_falling_part():
    curve = [1000.0, 100.0, 200.0, 50.0]
    assert equivalent_steps(1000.0, curve) == 0
    assert equivalent_steps(100.0, curve) == EVERY
    assert equivalent_steps(1000.0 * 10**-0.5, curve) == pytest.approx(EVERY / 2)
    assert equivalent_steps(70.0, curve) == pytest.approx(2 * EVERY + EVERY * 0.515, abs=0.01)
    assert equivalent_steps(10.0, curve) == 3 * EVERY
    assert equivalent_steps(5000.0, curve) == 0


def test_a_curve_is_enough_if_it_is_low_or_long():
    assert not is_enough([], 10, 5.0)
    assert not is_enough([100.0, 10.0], 10, 5.0)
    assert is_enough([100.0, 10.0, 9.0], 10, 5.0)
    assert is_enough([100.0, 10.0, 9.0], 14, 5.0)
    assert is_enough([100.0, 4.0], 10, 5.0)
