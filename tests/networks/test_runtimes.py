import os
import subprocess
import sys

import numpy as np
import pytest

from impasto.networks import runtimes
from impasto.networks.torch_free import load_runtime
from support import save_random_model

IMAGE = np.full((1, 3, 32, 48), 0.5, np.float32)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "openvino"


def paint(tmp_path, image=IMAGE):
    path = tmp_path / "wave.safetensors"
    if not path.exists():
        save_random_model(path)
    return load_runtime(path, "openvino", "float32").run(image, None)


def test_what_was_compiled_is_kept_in_the_cache_folder(tmp_path, cache):
    first = paint(tmp_path)
    kept = {path.name: path.stat().st_mtime_ns for path in cache.iterdir()}
    assert len(kept) == 1
    assert np.array_equal(paint(tmp_path), first)
    assert {path.name: path.stat().st_mtime_ns for path in cache.iterdir()} == kept


@pytest.mark.usefixtures("cache")
def test_a_cache_that_cannot_be_written_is_done_without(tmp_path, monkeypatch):
    expected = paint(tmp_path)
    (tmp_path / "file").touch()
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "file" / "below"))
    assert np.array_equal(paint(tmp_path), expected)


def test_so_is_a_damaged_one(tmp_path, cache):
    expected = paint(tmp_path)
    (kept,) = cache.iterdir()
    kept.chmod(0o600)
    for damaged in (b"", b"no network", kept.read_bytes()[:-100]):
        kept.write_bytes(damaged)
        assert np.array_equal(paint(tmp_path), expected)


FULL_DISK = """
import resource, signal, sys
import numpy as np
from pathlib import Path
from impasto.networks.torch_free import load_runtime

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
for _ in range(2):
    runtime = load_runtime(Path(sys.argv[1]), "openvino", "float32")
    print(runtime.run(np.full((1, 3, 32, 48), 0.5, np.float32), None).sum())
"""


@pytest.mark.usefixtures("cache")
def test_so_is_one_on_a_full_disk(tmp_path):
    expected = float(paint(tmp_path).sum())
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path / "wave.safetensors")]
    there = {**os.environ, "IMPASTO_CACHE": str(tmp_path / "full")}
    done = subprocess.run(command, env=there, capture_output=True, text=True, check=False)
    assert [float(line) for line in done.stdout.split()] == pytest.approx([expected] * 2), done


def test_the_cache_has_a_limit_and_the_oldest_goes_first(tmp_path, cache, monkeypatch):
    paint(tmp_path)
    (first,) = cache.iterdir()
    os.utime(first, (1, 1))
    monkeypatch.setattr(runtimes, "COMPILED_BYTES", first.stat().st_size * 3 // 2)
    paint(tmp_path, IMAGE[..., :32])
    assert len(list(cache.iterdir())) == 1
    assert not first.exists()


ON_AVX2 = """
import sys
import numpy as np
from pathlib import Path
from impasto.networks.torch_free import load_runtime

for dtype in ("auto", "bfloat16"):
    runtime = load_runtime(Path(sys.argv[1]), "openvino", dtype)
    try:
        print(runtime.run(np.full((1, 3, 32, 48), 0.5, np.float32), None).sum())
    except Exception as error:
        print(type(error).__name__, error)
"""


@pytest.mark.usefixtures("cache")
def test_bfloat16_that_the_processor_only_seems_to_have_is_done_without(tmp_path):
    expected = float(paint(tmp_path).sum())
    command = [sys.executable, "-c", ON_AVX2, str(tmp_path / "wave.safetensors")]
    limited = {**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2"}
    done = subprocess.run(command, env=limited, capture_output=True, text=True, check=True)
    auto, asked = done.stdout.splitlines()
    assert float(auto) == pytest.approx(expected, rel=0.01)
    if asked.startswith("ResourceError"):  # else the processor has none, and OpenVINO knows
        assert asked.endswith("; try --dtype float32 or --engine torch")
    else:
        assert float(asked) == pytest.approx(expected, rel=0.01)


@pytest.mark.usefixtures("cache")
def test_processes_are_not_tied_to_the_same_processors(tmp_path):
    save_random_model(tmp_path / "wave.safetensors")
    runtime = load_runtime(tmp_path / "wave.safetensors", "openvino", "float32")
    runtime.run(IMAGE, None)
    (compiled,) = runtime.compiled.values()
    assert compiled.get_property("ENABLE_CPU_PINNING") is False
