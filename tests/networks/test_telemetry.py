"""OpenVINO is imported once, whole, by whichever thread comes first."""

import subprocess
import sys

import pytest

pytest.importorskip("openvino")

ALL_AT_ONCE = """
import threading
from impasto.networks.runtimes import import_openvino

barrier, found = threading.Barrier(8), []

def work():
    barrier.wait()
    found.append(import_openvino().Core)

threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert len(found) == 8 and len(set(found)) == 1, found
"""


def test_threads_that_import_openvino_at_once_all_get_the_whole_of_it():
    command = [sys.executable, "-c", ALL_AT_ONCE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
