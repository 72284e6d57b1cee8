import subprocess
import sys

import pytest

from impasto.core.errors import ConfigError
from impasto.io.checkpoints import Checkpoints

HOLD = """
import sys
from pathlib import Path
from impasto.io.checkpoints import Checkpoints
with Checkpoints(Path(sys.argv[1])).held():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks")
def test_a_folder_belongs_to_one_process_until_it_ends(tmp_path):
    words = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        with (
            pytest.raises(ConfigError, match="in use by another process"),
            Checkpoints(tmp_path).held(),
        ):
            pass
        process.kill()
    with Checkpoints(tmp_path).held():
        pass
