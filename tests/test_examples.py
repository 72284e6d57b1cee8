"""Every example runs, and stays short."""

import runpy
import sys
from pathlib import Path

import pytest

from impasto import assets

FOLDER = Path(__file__).parent.parent / "examples"
CASTLE, WAVE = (str(assets.find(name)) for name in ("castle", "great-wave"))
ARGUMENTS = {
    "features.py": [CASTLE, WAVE],
    "paint.py": None,
    "stylize.py": None,
    "watch.py": [CASTLE, WAVE, "48"],
    "web_client.py": None,  # tests/web/test_server.py
}


def test_every_example_is_run_here():
    assert sorted(path.name for path in FOLDER.glob("*.py")) == sorted(ARGUMENTS)
    assert all(len(path.read_text("utf-8").splitlines()) < 40 for path in FOLDER.glob("*.py"))


@pytest.mark.parametrize("name", ["features.py", "watch.py"])
@pytest.mark.usefixtures("weights")
def test_example(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [name, *ARGUMENTS[name]])
    runpy.run_path(str(FOLDER / name), run_name="__main__")
    assert "nan" not in capsys.readouterr().out


@pytest.mark.usefixtures("weights")
def test_the_painting_example(tmp_path, photo, painting, monkeypatch, capsys):
    """As written it takes half a minute; here the same lines get three seconds."""
    code = (
        (FOLDER / "paint.py")
        .read_text("utf-8")
        .replace("size=512, seconds=30", "size=64, seconds=3")
    )
    monkeypatch.setattr(sys, "argv", ["paint.py", str(photo), str(painting), f"{tmp_path}/out.png"])
    exec(compile(code, "paint.py", "exec"), {"__name__": "__main__"})
    assert (tmp_path / "out.png").exists()
    assert "loss" in capsys.readouterr().out


def test_the_stylize_example(tmp_path, photo, wave, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["stylize.py", str(wave), str(photo), CASTLE])
    runpy.run_path(str(FOLDER / "stylize.py"), run_name="__main__")
    assert "--style wave.safetensors" in capsys.readouterr().out
    names = {path.name for path in tmp_path.glob("*_*.png")}
    strengths = {f"photo_{strength}.png" for strength in (0.3, 0.6, 0.9)}
    assert names == {"photo_painted.png", "castle_painted.png", *strengths}
