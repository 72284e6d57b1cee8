from pathlib import Path

import pytest

from impasto.cli.output import free_name, resume_command


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


def test_a_name_that_is_taken_is_numbered():
    assert free_name("photo", "wave") == Path("photo_wave.png")
    Path("photo_wave.png").symlink_to("nowhere")
    Path("photo_wave-2.png").mkdir()
    assert free_name("photo", "wave") == Path("photo_wave-3.png")


@pytest.mark.parametrize("length", [82, 230, 250, 400])
def test_a_long_name_can_be_written_and_numbered(length):
    for _ in range(3):
        free_name("x" * length, "great-wave").write_bytes(b"")
    assert len(list(Path().iterdir())) == 3


def test_a_command_to_go_on_with_can_be_pasted():
    assert resume_command("optimize", Path("run")) == "impasto optimize --resume run"
    assert resume_command("train", Path("-my run")) == "impasto train --resume './-my run'"
