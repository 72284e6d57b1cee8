"""The public face: its names, and that importing it costs nothing."""

import subprocess
import sys

import pytest

import impasto
from impasto.networks.torch_free import may_have_accelerator


def test_every_public_name_is_there():
    for name in impasto.__all__:
        assert getattr(impasto, name) is not None
    assert sorted(impasto.__all__, key=str.lower) == sorted(dir(impasto), key=str.lower)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="watercolor"):
        _ = impasto.watercolor


def test_the_function_is_not_hidden_by_a_package_of_its_name():
    import impasto.networks.stylize
    import impasto.optimization.picture

    assert callable(impasto.optimize)
    assert callable(impasto.stylize)
    assert callable(impasto.styles)


@pytest.mark.parametrize(
    "code",
    [
        "import impasto",
        "from impasto.cli.start import main; main(['--help'])",
        *(
            f"from impasto.cli.start import main; main(['{command}', '--help'])"
            for command in (
                "optimize",
                "stylize",
                "styles",
                "train",
                "show",
                "reconstruct",
                "grid",
                "inspect",
                "measure",
                "compare",
                "export",
                "web",
            )
        ),
    ],
)
def test_nothing_slow_is_imported_for_help(code):
    """Help then answers in a third of a second; torch alone takes seconds."""
    run_without(code, "torch", "numpy", "onnx", "PIL", "safetensors", "fastapi", "matplotlib")


def test_torch_is_not_imported_to_list_the_styles():
    run_without("from impasto.cli.start import main; main(['styles'])", "torch")


def run_without(code, *modules):
    check = f"{code}\nimport sys; sys.exit(' '.join({set(modules)} & set(sys.modules)) or 0)"
    words = [sys.executable, "-c", check]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("engine", ["auto", "openvino", "onnxruntime"])
def test_a_plain_pass_of_a_runtime_needs_no_torch(tmp_path, photo, wave, engine, monkeypatch):
    if engine == "auto" and may_have_accelerator():
        pytest.skip("torch is asked for the accelerator")
    monkeypatch.chdir(tmp_path)
    words = ["stylize", str(photo), "--style", str(wave), "--engine", engine, "-o", "out.png"]
    run_without(f"from impasto.cli.start import main; main({words})", "torch")
    assert (tmp_path / "out.png").exists()
