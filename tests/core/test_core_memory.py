import pytest

from impasto.core import memory
from impasto.core.errors import ConfigError
from impasto.core.memory import available_memory, parse_size


@pytest.mark.parametrize("text", ["", "much", "4 XB", "-1GB", "1e9"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ConfigError, match="is no size"):
        parse_size(text)


def test_there_is_some_memory():
    assert available_memory() > 10**8


def test_a_control_group_limits_it(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "_GROUP", tmp_path)
    (tmp_path / "memory.max").write_text("300000000\n")
    (tmp_path / "memory.current").write_text("100000000\n")
    assert available_memory() == 200_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert available_memory() > 200_000_000


def test_without_the_kernels_word_half_of_the_machine_is_assumed(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "none")
    monkeypatch.setattr(memory, "_GROUP", tmp_path)
    assert available_memory() > 10**8
