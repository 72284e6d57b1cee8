"""How a missing package is told, in one place and truly."""

import re
import tomllib
from pathlib import Path

from impasto.core.errors import how_to_install, without_torch

ROOT = Path(__file__).parent.parent.parent
SOURCES = [
    path
    for kind in ("py", "js", "html")
    for path in (ROOT / "src" / "impasto").rglob(f"*.{kind}")
    if path.name != "errors.py"
]


def extras():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return project["optional-dependencies"]


def test_no_message_has_words_of_its_own_for_it():
    for path in SOURCES:
        assert "pip install" not in path.read_text("utf-8"), path


def test_every_extra_that_is_asked_for_is_one():
    text = "\n".join(path.read_text("utf-8") for path in SOURCES)
    asked = set(re.findall(r"how_to_install\(['\"](\w+)['\"]\)", text))
    assert len(asked) >= 8
    assert asked <= set(extras())


def test_it_says_both_ways():
    assert how_to_install("hires") == (
        "pip install 'impasto[hires]' (in a clone: pip install '.[hires]')"
    )


def test_all_is_every_extra_for_users():
    users = [name for name in extras() if name not in ("all", "benchmark", "dev")]
    assert extras()["all"] == [f"impasto[{','.join(users)}]"]


def test_only_a_want_of_torch_is_explained(monkeypatch):
    missing = ModuleNotFoundError(name="torch.nn")
    assert without_torch(ModuleNotFoundError(name="numpy")) is None
    assert without_torch(missing) == "this needs torch, which is not installed: pip install torch"
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert "impasto[onnxruntime]" in without_torch(missing)
    assert "\n" not in without_torch(missing)
