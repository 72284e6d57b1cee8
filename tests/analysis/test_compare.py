"""`impasto.compare`: real processes, real networks, small pictures."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import impasto
from impasto.analysis.compare_worker import Task
from impasto.core.errors import ConfigError, ImageError, ResourceError
from impasto.core.events import Advanced, Note, StopEarly
from impasto.core.memory import peak_memory
from impasto.optimization.options import PRESETS
from support import load_image

SIZE = 64


def test_every_method_paints_and_is_measured(monkeypatch):
    """Of `paper` and `optimize` a few steps, however long they take."""
    presets = {key: replace(preset, steps=(24,)) for key, preset in PRESETS.items()}
    monkeypatch.setattr("impasto.optimization.options.PRESETS", presets)
    options = impasto.CompareOptions(style="starry-night", size=SIZE, seconds=1, limit=600)
    events = list(impasto.compare_events("castle", options))
    comparison = events[-1].comparison
    assert [entry.method for entry in comparison.entries] == [
        "paper",
        "optimize",
        "one-style",
        "multi-style",
        "any-style",
        "refined",
    ]
    assert (comparison.content, comparison.style) == ("castle", "starry-night")
    assert not comparison.failed
    assert not comparison.stopped
    notes = [event.message for event in events if isinstance(event, Note)]
    assert any(note.startswith("6 methods, about ") for note in notes)
    shares = [event.share for event in events if isinstance(event, Advanced)]
    assert 0 == shares[0] < shares[-1] <= 1
    for entry in comparison.entries:
        assert entry.image.size == comparison.photo.size == (64, 43)
        measured = impasto.measure(entry.image, "castle", "starry-night")
        assert measured.classic_loss == pytest.approx(entry.distances.classic_loss, rel=1e-5)
        assert entry.curve[-1] == (entry.seconds, entry.distances.classic_loss)
        assert bool(entry.steps) == (entry.method in ("paper", "optimize", "refined"))
        assert 150e6 < entry.memory < 4e9
        assert entry.distances.style_distance < comparison.unpainted.style_distance
        moments = [seconds for seconds, _ in entry.curve]
        assert moments[0] > 0
        assert moments == sorted(moments)
    for entry, steps in zip(comparison.entries[:2], (24, 36), strict=True):
        assert entry.steps == (steps,)  # half more where there is one scale
        assert len(entry.curve) > 2
        assert entry.curve[0][1] > entry.curve[-1][1]


def test_a_painting_of_ones_own_has_no_network_of_its_own(photo, painting):
    options = {"size": SIZE, "limit": 0.5, "seconds": 0.5}
    with pytest.raises(ConfigError, match="--methods one-style: no bundled network"):
        impasto.compare(photo, painting, methods=("one-style", "any-style"), **options)
    chosen = impasto.CompareOptions(style=str(painting), methods=("any-style",), **options)
    (*_, last) = impasto.compare_events(load_image(photo), chosen)
    assert last.comparison.content == "the photo"
    assert last.comparison.style == "painting"
    assert [entry.method for entry in last.comparison.entries] == ["any-style"]


def test_what_is_done_stays_when_the_rest_is_called_off():
    options = impasto.CompareOptions(
        style="starry-night", size=SIZE, methods=("one-style", "refined"), seconds=600
    )
    events = impasto.compare_events("castle", options)
    for event in events:
        if isinstance(event, impasto.MethodDone):
            break
    while not (isinstance(event, Advanced) and event.share > 0.012):
        event = next(events)
    event = events.throw(StopEarly)
    assert isinstance(event, impasto.Compared)
    assert event.comparison.stopped
    assert [entry.method for entry in event.comparison.entries] == ["one-style"]
    assert list(events) == []


def test_a_method_that_fails_does_not_stop_the_others(monkeypatch):
    good = Task.to_json

    def damaged(task):
        return good(task) if not task.optimized else '{"nonsense": 1}'

    monkeypatch.setattr(Task, "to_json", damaged)
    chosen = {"methods": ("optimize", "any-style"), "size": SIZE}
    comparison = impasto.compare("castle", "starry-night", **chosen)
    assert [entry.method for entry in comparison.entries] == ["any-style"]
    assert "nonsense" in comparison.failed["optimize"]
    with pytest.raises(ResourceError, match="no method has painted; optimize: "):
        impasto.compare("castle", "starry-night", methods=("optimize",), size=SIZE)


def test_bad_input_is_refused(photo):
    with pytest.raises(ImageError, match="gone does not exist"):
        impasto.compare("castle", "gone")
    with pytest.raises(ImageError, match=r"gone.jpg does not exist"):
        impasto.compare("gone.jpg", "starry-night")
    with pytest.raises(ConfigError, match="--methods 'fast' is not one of paper"):
        impasto.compare(photo, "starry-night", methods=("fast",))
    for bad in ({"size": 4}, {"seconds": 0}, {"limit": 0}):
        with pytest.raises(ConfigError, match="--"):
            impasto.compare(photo, "starry-night", **bad)


def test_the_peak_is_of_the_program_alone():
    """A large parent does not count, as it does in getrusage."""
    ballast = np.ones(400_000_000, dtype=np.uint8)
    code = "from impasto.core.memory import peak_memory; print(peak_memory())"
    found = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=os.environ
    )
    assert ballast[-1] == 1
    assert 5e6 < int(found.stdout) < 200e6
    assert peak_memory() > 400e6
