"""The pages of docs/ against what was measured."""

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def report():
    spec = importlib.util.spec_from_file_location("report", ROOT / "benchmarks" / "report.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["report"] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def elsewhere(report, tmp_path, monkeypatch):
    """Two pages, of which the second has one section, and no results."""
    first, second = tmp_path / "first.md", tmp_path / "second.md"
    monkeypatch.setattr(report, "PAGES", (first, second))
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results")
    first.write_text("# Another\n")
    second.write_text("# Page\n\n<!-- begin speed -->\nold\n<!-- end speed -->\n\nLast.\n")
    return report


def test_the_pages_are_what_was_measured(report):
    for page, text in report.render().items():
        assert page.read_text("utf-8") == text, "run: make docs"


def test_every_section_has_its_result(report):
    text = "".join(page.read_text("utf-8") for page in report.PAGES)
    sections = re.findall(r"<!-- begin ([\w-]+) -->", text)
    assert sorted(sections) == sorted(path.stem for path in report.RESULTS.glob("*.json"))


def test_every_table_says_where_it_was_measured(report):
    for path in report.RESULTS.glob("*.json"):
        stamp = report.section(json.loads(path.read_text("utf-8"))).splitlines()[0]
        pattern = r"\*impasto \S+, .+, \d+ threads?, torch \S+, .*\d{4}-\d\d-\d\d\*"
        assert re.fullmatch(pattern, stamp), path.name


def test_a_result_becomes_a_section(elsewhere):
    table = elsewhere.Table(
        ["what", ("s", "{:.2f}"), ("of all", "{:.0%}")],
        [["fast", 0.12345678987, 0.5], ["slow", 1234.5, None]],
    )
    elsewhere.write("speed", "Two of them.", table, packages=["numpy"])
    page = elsewhere.PAGES[1].read_text("utf-8")
    assert "| fast | 0.12 | 50% |\n| slow | 1234.50 |  |" in page
    assert "Two of them." in page
    assert "old" not in page
    assert page.endswith("<!-- end speed -->\n\nLast.\n")
    assert ", numpy " in page
    stored = json.loads((elsewhere.RESULTS / "speed.json").read_text("utf-8"))
    assert stored["parts"][1]["rows"] == [["fast", 0.12345679, 0.5], ["slow", 1234.5, None]]
    assert elsewhere.known_rows("speed") == stored["parts"][1]["rows"]
    assert elsewhere.render() == {
        elsewhere.PAGES[0]: "# Another\n",
        elsewhere.PAGES[1]: page,
    }


def test_a_result_without_a_section_is_one_clear_line(elsewhere):
    with pytest.raises(SystemExit, match="no page has a section other"):
        elsewhere.write("other", elsewhere.Table(["a"], [["b"]]))
