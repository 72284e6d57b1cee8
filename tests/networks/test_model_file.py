import json

import pytest
import torch
from safetensors.torch import save_file

from impasto.core.errors import ModelFileError
from impasto.networks import model_file
from impasto.networks.model_file import ModelInfo, StyleInfo, load_model, read_info, save_model
from impasto.networks.registry import find_style
from impasto.networks.transform import NetworkOptions, TransformNet

OPTIONS = NetworkOptions(channels=(4, 6, 8), blocks=1, kernel=3)
INFO = ModelInfo(
    network=OPTIONS,
    styles=(StyleInfo("wave", "Hokusai, 1831, public domain", b"\xff\xd8jpeg"),),
    network_name="custom",
    license="CC0",
    recipe={"steps": 7, "options": {"lr": 0.001}},
)


@pytest.fixture
def saved(tmp_path):
    torch.manual_seed(0)
    net = TransformNet(OPTIONS).eval()
    path = tmp_path / "wave.safetensors"
    save_model(path, net, INFO)
    return path, net


def rewrite(path, change, tensors=None):
    """Write the file again with changed metadata."""
    net, info = load_model(path)
    document = json.loads(info.to_json())
    change(document)
    state = {name: tensor.half() for name, tensor in net.state_dict().items()}
    save_file(tensors or state, path, metadata={"impasto": json.dumps(document)})


def test_a_model_comes_back_as_it_was(saved):
    path, net = saved
    loaded, info = load_model(path)
    assert info == INFO
    for name, tensor in net.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor.half().float())
    image = torch.rand(1, 3, 20, 20)
    assert (loaded(image) - net(image)).abs().max() < 0.01
    assert not loaded.training


def test_no_other_file_is_left_behind(saved):
    path, _ = saved
    assert [p.name for p in path.parent.iterdir()] == ["wave.safetensors"]


def test_a_newer_version_is_refused_with_the_way_out(saved):
    path, _ = saved
    rewrite(path, lambda document: document.update(format=model_file.FORMAT + 1, version="9.9"))
    with pytest.raises(ModelFileError, match=r"9\.9 is newer.*upgrade"):
        load_model(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.pop("network"),
        lambda document: document.update(styles=[]),
        lambda document: document["network"].update(kernel=4),
        lambda document: document["network"].update(color="red"),
        lambda document: document.update(styles="wave"),
    ],
)
def test_a_description_that_makes_no_sense_is_refused(saved, change):
    path, _ = saved
    rewrite(path, change)
    with pytest.raises(ModelFileError, match=r"wave\.safetensors"):
        read_info(path)


def test_tensors_that_do_not_fit_are_refused(saved):
    path, net = saved
    rewrite(path, lambda document: document["network"].update(channels=[4, 6, 10]))
    with pytest.raises(ModelFileError, match="does not fit"):
        load_model(path)
    state = {name: tensor.half() for name, tensor in net.state_dict().items()}
    state.pop("last.bias")
    save_model(path, net, INFO)
    rewrite(path, lambda _document: None, state)
    with pytest.raises(ModelFileError, match=r"last\.bias is missing"):
        load_model(path)


@pytest.mark.parametrize("length", [0, 5, 100, 3000])
def test_a_truncated_file_is_refused(saved, length):
    path, _ = saved
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ModelFileError):
        load_model(path)


def test_files_of_other_programs_are_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(ModelFileError, match="not one that impasto wrote"):
        load_model(path)
    path.write_text("I am text")
    with pytest.raises(ModelFileError, match="no model file"):
        load_model(path)
    torch.save({"a": torch.zeros(1)}, path)  # a pickle is never loaded
    with pytest.raises(ModelFileError, match="no model file"):
        load_model(path)
    with pytest.raises(ModelFileError, match="does not exist"):
        load_model(tmp_path / "none.safetensors")


def test_a_full_disk_leaves_the_old_file(saved, monkeypatch):
    path, net = saved
    before = path.read_bytes()

    def full(_self, _data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(ModelFileError, match="No space left"):
        save_model(path, net, INFO)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["wave.safetensors"]


def test_an_unknown_style_gets_a_hint():
    with pytest.raises(ModelFileError, match="no style 'stary-nihgt'"):
        find_style("stary-nihgt")
