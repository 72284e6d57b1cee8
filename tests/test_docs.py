"""The documents against the code."""

import importlib.util
import re
import shlex
import shutil
from pathlib import Path

import pytest

from impasto.cli.app import app

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands() -> list[str]:
    """Every `impasto ...` line in a code block of any page."""
    found = []
    for page in PAGES:
        blocks = re.findall(r"```(?:sh|console)\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
        for line in "\n".join(blocks).splitlines():
            words = line.split("#")[0].strip()
            if words.startswith("impasto ") and "COMMAND" not in words and "[OPTIONS]" not in words:
                found.append(words)
    return sorted(set(found))


@pytest.mark.parametrize("name", ["generate_reference", "generate_python"])
def test_the_generated_pages_are_what_the_code_says(name):
    module = load(ROOT / "docs" / f"{name}.py")
    assert module.PAGE.read_text("utf-8") == module.reference(), "run: make docs"


def test_the_site_builds_and_all_its_links_hold(tmp_path):
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    for name in (
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "NOTICE",
        "zensical.toml",
    ):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("CREDITS.md", "training/CREDITS.md"):
        target = tmp_path / "src/impasto/assets" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "src/impasto/assets" / name, target)
    assert load(tmp_path / "docs" / "build_site.py").main() == 0
    page = (tmp_path / "site" / "index.html").read_text("utf-8")
    assert not re.findall(r'(?:src|@import)="?https?://', page)  # it shows without the network


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("command", commands())
def test_every_command_in_the_documents_parses(command):
    app.parse_args(shlex.split(command)[1:], exit_on_error=False, print_error=False)


def test_there_are_commands_in_the_readme():
    assert len(commands()) >= 5


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page):
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_the_tree_in_the_architecture_is_the_tree():
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    package = ROOT / "src" / "impasto"
    for name in re.findall(r"^\| `([\w/]+\.py)`", text, re.MULTILINE):
        assert (package / name).exists(), name
    for path in package.rglob("*.py"):
        if path.name not in ("__init__.py", "__main__.py", "_version.py"):
            name = path.relative_to(package).as_posix()
            assert name in text or f"`{path.parent.name}/`" in text, name


def test_the_sources_that_the_code_names_can_be_looked_up():
    sources = (ROOT / "docs/references.bib").read_text("utf-8")
    known = re.findall(r"^@\w+\{(\w+),", sources, re.MULTILINE)
    found = set()
    for path in (ROOT / "src").rglob("*.py"):
        found |= set(re.findall(r"\b[a-z]{3,}(?:19|20)\d\d[a-z]*\b", path.read_text("utf-8")))
    assert "gatys2016" in found
    assert found - set(known) == set()
