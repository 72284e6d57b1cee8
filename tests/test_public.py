"""The public face: its names, and that importing it costs nothing."""

import subprocess
import sys

import pytest

import impasto
from impasto.apply.plain import may_have_accelerator


def test_every_public_name_is_there():
    for name in impasto.__all__:
        assert getattr(impasto, name) is not None
    assert sorted(impasto.__all__, key=str.lower) == sorted(dir(impasto), key=str.lower)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="watercolour"):
        _ = impasto.watercolour


def test_the_function_is_not_hidden_by_a_package_of_its_name():
    import impasto.api.stylize
    import impasto.optimization.stylize

    assert callable(impasto.optimize)
    assert callable(impasto.stylize)
    assert callable(impasto.styles)


@pytest.mark.parametrize(
    "code",
    [
        "import impasto",
        "from impasto.cli.app import main; main(['--help'])",
        "from impasto.cli.app import main; main(['styles'])",
        *(
            f"from impasto.cli.app import main; main(['{command}', '--help'])"
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
            )
        ),
    ],
)
def test_torch_is_not_imported(code):
    run_without_torch(code)


def run_without_torch(code):
    check = f"{code}\nimport sys; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True, capture_output=True)


@pytest.mark.parametrize("engine", ["auto", "openvino", "onnxruntime"])
def test_a_plain_pass_of_a_runtime_needs_no_torch(tmp_path, photo, wave, engine, monkeypatch):
    if engine == "auto" and may_have_accelerator():
        pytest.skip("torch is asked for the accelerator")
    monkeypatch.chdir(tmp_path)
    words = ["stylize", str(photo), "--style", str(wave), "--engine", engine, "-o", "out.png"]
    run_without_torch(f"from impasto.cli.app import main; main({words})")
    assert (tmp_path / "out.png").exists()
