import json

import onnxruntime
import pytest

from impasto.cli.start import main
from support import noise_picture, save_random_model


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch, wave):
    """Work in a folder with wave.safetensors."""
    assert wave.name == "wave.safetensors"
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_writes_a_graph_that_runs(here, capsys):
    assert main(["export", "wave.safetensors"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "wave.onnx"
    assert "opset 17" in lines[1]
    assert "differs from torch by at most" in lines[1]
    session = onnxruntime.InferenceSession(here / "wave.onnx")
    painted = session.run(["painted"], {"image": noise_picture(21, 34).numpy()})[0]
    assert painted.shape == (1, 3, 21, 34)


def test_a_whole_model_takes_the_styles_weights_and_one_style_does_not(here, capsys):
    save_random_model(here / "many.safetensors", names=("a", "b"))
    assert main(["export", "many.safetensors", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["styles"] == ["a", "b"]
    session = onnxruntime.InferenceSession(here / "many.onnx")
    assert [each.name for each in session.get_inputs()] == ["image", "style"]
    assert main(["export", "many.safetensors/b"]) == 0
    session = onnxruntime.InferenceSession(here / "b.onnx")
    assert [each.name for each in session.get_inputs()] == ["image"]


def test_openvino_writes_two_files(here, capsys):
    assert main(["export", "wave.safetensors", "--format", "openvino"]) == 0
    assert capsys.readouterr().out.startswith("wave.xml\n")
    assert sorted(path.suffix for path in here.glob("wave.*")) == [".bin", ".safetensors", ".xml"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gone"], "no style 'gone'"),
        (["wave.safetensors", "-o", "wave.bin"], "ending"),
        (["wave.safetensors", "-o", "no/wave.onnx"], "does not exist"),
        (["wave.safetensors", "-o", "there.onnx"], "exists"),
        (["wave.safetensors", "-o", "a.onnx", "--format", "openvino"], ".xml"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(here, capsys, words, message):
    (here / "there.onnx").write_text("mine")
    before = sorted(here.iterdir())
    assert main(["export", *words]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert sorted(here.iterdir()) == before
