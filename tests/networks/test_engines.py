import os
import subprocess
import sys

import pytest
import torch

from impasto.core.errors import ConfigError, MissingError
from impasto.networks import engines, runtimes
from impasto.networks.engines import ENGINES, make_engine
from impasto.networks.model_file import load_model
from support import noise_picture, save_random_model


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def make(path, name, by_place=False, device="cpu", dtype="float32"):
    net, info = load_model(path)
    return make_engine(name, net, info, device=device, dtype=dtype, by_place=by_place)


@pytest.mark.parametrize("name", ENGINES[1:])
def test_every_engine_paints_as_torch_does(tmp_path, name):
    several = save_random_model(tmp_path / "many.safetensors", names=("a", "b"))
    weights = torch.tensor([[0.3, 0.7]])
    for size in ((33, 50), (8, 60), (64, 64)):
        image = noise_picture(*size)
        expected = make(several, "torch").run(image, weights)
        assert (make(several, name).run(image, weights) - expected).abs().max() < 1e-3
        one = save_random_model(tmp_path / "one.safetensors")
        found = make(one, name).run(image, None)
        assert (found - make(one, "torch").run(image, None)).abs().max() < 1e-3


def test_openvino_keeps_what_it_compiled(wave, cache):
    engine = make(wave, "openvino")
    for side in range(16, 48, 4):
        engine.run(noise_picture(side, side), None)
    assert len(engine.runtime.compiled) == runtimes.COMPILED
    assert list((cache / "openvino").iterdir())


def test_auto_takes_what_is_there(wave, monkeypatch):
    there = {"openvino"}
    monkeypatch.setattr(engines, "is_installed", lambda name: name in there)
    assert make(wave, "auto").name == "openvino"
    assert make(wave, "auto", by_place=True).name == "torch"
    there.clear()
    assert make(wave, "auto").name == "torch"
    with pytest.raises(MissingError, match=r"pip install 'impasto\[openvino\]'"):
        make(wave, "openvino")


def test_what_an_engine_cannot_do_is_said(wave):
    with pytest.raises(ConfigError, match="abacus"):
        make(wave, "abacus")
    with pytest.raises(ConfigError, match="--engine torch"):
        make(wave, "onnxruntime", by_place=True)


SIGNAL_AFTER_TWO = """
import faulthandler, gc, signal, subprocess
from PIL import Image
from impasto import load
faulthandler.enable()  # as pytest does: signals then have a stack of their own
signal.signal(signal.SIGCHLD, lambda *_: None)
photo = Image.new("RGB", (32, 32))
first, second = load("starry-night"), load("poppies")
for model in (first, second):
    model.stylize(photo, engine="openvino")
del model, first
gc.collect()
del second
gc.collect()
subprocess.run(["true"], check=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="no such signal")
def test_a_signal_after_two_networks_in_openvino_ends_nothing():
    subprocess.run([sys.executable, "-c", SIGNAL_AFTER_TWO], check=True)
