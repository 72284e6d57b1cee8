"""Where torch is not installed, as on Intel Macs: what is painted, and what is said."""

import subprocess
import sys

import numpy as np
import pytest

import impasto
from impasto.core.tensors import fit_long_side, resize
from impasto.io.image import Pixels
from impasto.networks import torch_free
from support import load_image, noise_picture, save_picture

HIDDEN = "import sys; sys.modules['torch'] = None"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch, wave):
    """Work in a folder with wave.safetensors."""
    assert wave
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words):
    code = f"{HIDDEN}\nfrom impasto.cli.start import main\nsys.exit(main({list(words)}))"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
@pytest.mark.parametrize("size", [[], ["--size", "50"]])
def test_a_photo_is_painted_as_with_torch(here, engine, size):
    save_picture(here / "photo.png", 64, 96, 1)
    words = ["stylize", "photo.png", "--style", "wave.safetensors", *size, "--dtype", "float32"]
    done = run(*words, "--engine", engine, "-o", "out.png")
    assert done.returncode == 0, done.stderr
    options = {"engine": engine, "dtype": "float32", "size": int(size[-1]) if size else None}
    expected = impasto.stylize("photo.png", "wave.safetensors", **options).image
    found, expected = (np.asarray(each, int) for each in (load_image(here / "out.png"), expected))
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 2


def test_the_engine_is_the_one_that_is_there(here):
    save_picture(here / "photo.png", 64, 96, 1)
    for missing in ("openvino", "onnxruntime"):
        code = f"{HIDDEN}; sys.modules[{missing!r}] = None; from impasto.cli.start import main; "
        words = ["stylize", "photo.png", "--style", "wave.safetensors", "-o", f"{missing}.png"]
        subprocess.run([sys.executable, "-c", f"{code}sys.exit(main({words}))"], check=True)
        assert load_image(here / f"{missing}.png").size == (96, 64)


def test_a_folder_is_painted(here):
    (here / "in").mkdir()
    for number in range(2):
        save_picture(here / "in" / f"{number}.png", 40, 60, number)
    assert run("stylize", "in", "--style", "wave.safetensors", "--size", "32").returncode == 0
    assert load_image(here / "in_wave" / "1.png").size == (32, 21)


@pytest.mark.parametrize(
    "words",
    [
        ["optimize", "castle", "great-wave"],
        ["stylize", "castle", "--style", "wave.safetensors", "--strength", "0.5"],
        ["stylize", "castle", "--style", "starry-night", "--seconds", "5"],
        ["train", "castle.jpg", "--photos", "."],
        ["export", "wave.safetensors"],
        ["styles", "--sheet", "castle"],
        ["web"],
    ],
    ids=" ".join,
)
def test_what_needs_torch_says_so(here, words):
    before = sorted(here.iterdir())
    done = run(*words)
    assert done.returncode == 1
    assert done.stderr == "impasto: this needs torch, which is not installed: pip install torch\n"
    assert sorted(here.iterdir()) == before


def test_styles_and_help_need_none():
    assert "starry-night" in run("styles").stdout
    assert run("optimize", "--help").returncode == 0


@pytest.mark.parametrize("size", [30, 47, 64, 100])
def test_resizing_is_that_of_torch(monkeypatch, size):
    monkeypatch.setattr(torch_free, "is_installed", lambda name: name != "torch")
    photo = noise_picture(43, 64)
    found = torch_free.fit_without_torch(Pixels(photo[0].permute(1, 2, 0).numpy(), None), size)
    expected = resize(photo, *fit_long_side(43, 64, size))[0].permute(1, 2, 0).numpy()
    assert found.array.shape == expected.shape
    assert np.abs(found.array - expected).max() < 1e-5
