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


FULL_DISK = """
import resource, signal, sys, torch
from pathlib import Path
from impasto.core.errors import ResourceError
from impasto.io.checkpoints import Checkpoints

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
checkpoints = Checkpoints(Path(sys.argv[1]))
for most in (2000, 1000000, 2000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    try:
        checkpoints.save(most, {"image": torch.rand(10000)})
    except ResourceError as error:
        print(error)
"""


def test_a_full_disk_is_said_plainly_and_with_what_there_is(tmp_path):
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    line = f"the checkpoint could not be written into {tmp_path} (File too large); "
    assert done.stdout.splitlines() == [
        f"{line}there is none yet",
        f"{line}the one before is still there",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-1000000.pt"]
