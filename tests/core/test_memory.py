import subprocess
import sys
from pathlib import Path

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


GIVE_BACK = """
import os
from pathlib import Path
from impasto.core.memory import give_back_memory

def resident():
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")

blocks = [bytes(100_000) + b"x" for _ in range(2000)]
last = blocks[-1]  # above all the others, so that the heap cannot shrink by itself
del blocks
kept = resident()
give_back_memory()
print(kept - resident())
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
def test_freed_memory_goes_back_to_the_system():
    words = [sys.executable, "-c", GIVE_BACK]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    assert int(done.stdout) > 100e6
