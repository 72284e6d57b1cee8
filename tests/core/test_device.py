import pytest
import torch

from impasto.core import device
from impasto.core.device import describe_machine, has_fast_bfloat16, pick_device, pick_dtype
from impasto.core.errors import ConfigError


@pytest.mark.parametrize("name", ["cuda:99", "toaster", "meta", "fpga", "", "cuda:-1"])
def test_a_device_that_is_not_here_is_one_clear_line(name):
    with pytest.raises(ConfigError, match="try cpu") as caught:
        pick_device(name)
    assert "\n" not in str(caught.value)


def test_auto_is_bfloat16_only_where_the_cpu_has_it(monkeypatch):
    monkeypatch.delenv("IMPASTO_DTYPE", raising=False)
    expected = torch.bfloat16 if has_fast_bfloat16() else torch.float32
    assert pick_dtype("auto", torch.device("cpu")) == expected
    assert pick_dtype("auto", torch.device("cuda")) == torch.float32


def test_auto_is_what_the_environment_says(monkeypatch):
    cpu = torch.device("cpu")
    for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        monkeypatch.setenv("IMPASTO_DTYPE", name)
        assert pick_dtype("auto", cpu) == dtype
        assert pick_dtype("float32", cpu) == torch.float32
    monkeypatch.setenv("IMPASTO_DTYPE", "int4")
    with pytest.raises(ConfigError, match="'int4' is not one of"):
        pick_dtype("auto", cpu)


def test_an_unknown_dtype_is_refused():
    with pytest.raises(ConfigError, match="float32, bfloat16"):
        pick_dtype("int4", torch.device("cpu"))


def test_the_machine_is_named_with_its_threads():
    assert f"{torch.get_num_threads()} thread" in describe_machine()


@pytest.fixture
def a_card_that_cannot_compute(monkeypatch):
    """torch says that there is one; nothing runs on it in a build for the CPU."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "_is_compiled", lambda: False)
    device._best_device.cache_clear()
    yield
    device._best_device.cache_clear()


@pytest.mark.usefixtures("a_card_that_cannot_compute")
def test_a_card_that_cannot_compute_leaves_the_work_to_the_cpu(caplog):
    assert pick_device("auto") == pick_device("auto") == torch.device("cpu")
    (record,) = caplog.records
    assert record.getMessage().startswith("cuda is here but cannot be used (")
    assert "\n" not in record.getMessage()


@pytest.mark.usefixtures("a_card_that_cannot_compute")
def test_named_it_is_one_clear_line():
    with pytest.raises(ConfigError, match=r"device 'cuda' cannot be used here \(.+\); try cpu"):
        pick_device("cuda")
