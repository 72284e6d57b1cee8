import dataclasses

import numpy as np
import pytest
import torch

from impasto.io.image import Pixels
from impasto.networks import runtimes, torch_free
from impasto.networks.model import Model
from impasto.networks.model_file import load_model, read_info
from impasto.networks.options import StylizeOptions
from impasto.networks.registry import find_style
from impasto.networks.torch_free import load_runtime, pick_runtime
from impasto.recipe import Source
from support import noise_picture, save_picture, save_random_model

OPTIONS = StylizeOptions(style="wave", engine="openvino", device="cpu")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "cache"))


def pixels(height=40, width=60, alpha=None):
    return Pixels(noise_picture(height, width)[0].permute(1, 2, 0).numpy(), alpha)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
@pytest.mark.parametrize("names", [(), ("a", "b")])
def test_it_is_the_long_way_bit_for_bit(tmp_path, engine, names):
    path = save_random_model(tmp_path / "wave.safetensors", names=names)
    photo = save_picture(tmp_path / "photo.png", 37, 61, 3)
    options = dataclasses.replace(OPTIONS, engine=engine)
    source = Source("wave", None)
    choice = find_style(str(path))
    short = Model(None, read_info(path), choice, source)
    long = Model(*load_model(path), choice, source)
    assert isinstance(short.read(photo, options).picture, Pixels)
    assert not isinstance(long.read(photo, options).picture, Pixels)
    found, expected = (np.asarray(model.paint(photo, options).image) for model in (short, long))
    assert np.array_equal(found, expected)


@pytest.mark.parametrize(
    "change",
    [
        {"size": 30},
        {"stroke": 1.0},
        {"strength": 0.5},
        {"preserve_color": "match"},
        {"style_map": "left:right"},
        {"engine": "torch"},
        {"device": "cuda"},
    ],
)
def test_what_needs_torch_is_left_to_it(change):
    assert pick_runtime(OPTIONS, pixels()) == "openvino"
    assert pick_runtime(dataclasses.replace(OPTIONS, **change), pixels()) is None


def test_so_are_small_large_and_transparent_photos(monkeypatch):
    assert pick_runtime(OPTIONS, pixels(15, 60)) is None
    assert pick_runtime(OPTIONS, pixels(alpha=np.ones((40, 60), np.float32))) is None
    monkeypatch.setattr(torch_free, "LARGE", 1000)
    assert pick_runtime(OPTIONS, pixels()) is None


def test_an_accelerator_is_torch_s_to_find(tmp_path, monkeypatch):
    auto = dataclasses.replace(OPTIONS, device="auto")
    monkeypatch.setattr(torch_free.sys, "platform", "linux")
    monkeypatch.setattr(torch_free, "ACCELERATORS", ())
    assert pick_runtime(auto, pixels()) == "openvino"
    monkeypatch.setattr(torch_free, "ACCELERATORS", (str(tmp_path),))
    assert pick_runtime(auto, pixels()) is None


def test_a_network_that_does_not_fit_its_description_is_left_to_torch(tmp_path, monkeypatch):
    path = save_random_model(tmp_path / "wave.safetensors")
    whole = torch_free.load_weights(path)
    monkeypatch.setattr(torch_free, "load_weights", lambda _path: {"last.bias": whole["last.bias"]})
    assert load_runtime(path, "openvino", "float32") is None


def test_threads_are_torch_s_or_those_asked_for(monkeypatch):
    assert runtimes.thread_count() == torch.get_num_threads()
    monkeypatch.delitem(runtimes.sys.modules, "torch")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert runtimes.thread_count() == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert runtimes.thread_count() >= 1
