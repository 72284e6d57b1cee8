from types import SimpleNamespace

import pytest

from impasto.cli.progress import ProgressPrinter
from impasto.core.events import Transfer


@pytest.fixture
def clock(monkeypatch):
    """What the reader takes for the time."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("impasto.cli.progress.time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.mark.parametrize(("total", "of"), [(61_000_000, "of 61 "), (None, "")])
def test_a_log_tells_now_and_then_what_has_come(clock, capsys, total, of):
    with ProgressPrinter() as reader:
        for clock.now, done in ((0, 0), (3, 9e6), (11, 20e6), (15, 30e6), (16, 61e6)):
            reader.show(Transfer("vgg16 weights", int(done), total))
    told = capsys.readouterr().err.splitlines()
    expected = ["0", "20", "61"] if total else ["0", "20"]
    assert told == [f"vgg16 weights: {number} {of}MB" for number in expected]
