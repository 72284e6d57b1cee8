from pathlib import Path

import pytest

from impasto.io.temporary import RECORD, Written


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work in an empty folder with a run in it."""
    monkeypatch.chdir(tmp_path)
    Path("run").mkdir()
    return tmp_path


def test_what_was_written_is_known_until_it_changes(here):
    written = Written(Path("run"))
    assert written["picture"] is None
    Path("a.png").write_bytes(b"a")
    written.add("picture", Path("a.png"), finished=False)
    written.add("preview", Path("a.png"), finished=True)
    last = Written(Path("run"))["picture"]
    assert last is not None
    assert (last.path, last.finished, last.is_there()) == (here / "a.png", False, True)
    assert written.place("picture", Path("a.png")) == Path("a.png")
    assert written.place("picture", Path("b.png")) == Path("b.png")
    Path("a.png").write_bytes(b"b")
    assert not last.is_there()
    assert written.place("picture", Path("a.png")) == Path("a-2.png")
    Path("a.png").unlink()
    assert not last.is_there()
    assert written.place("picture", Path("a.png")) == Path("a.png")


@pytest.mark.parametrize("text", ["", "[", "[]", "{}", '{"picture": 3}', '{"picture": {}}'])
def test_a_damaged_record_knows_nothing(text):
    Path("run", RECORD).write_text(text)
    Path("a.png").write_bytes(b"a")
    written = Written(Path("run"))
    assert written["picture"] is None
    assert written.place("picture", Path("a.png")) == Path("a-2.png")
    written.add("picture", Path("a.png"), finished=True)
    assert written.place("picture", Path("a.png")) == Path("a.png")
