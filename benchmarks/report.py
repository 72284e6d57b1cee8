"""Keeps what a benchmark measured as JSON, and writes the pages of docs/ from it.

    python benchmarks/report.py        # the pages anew, from benchmarks/results/*.json

Nobody types numbers: a benchmark ends with `write`, and a test holds the pages to the files.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from impasto import __version__

HERE = Path(__file__).parent
RESULTS = HERE / "results"
DOCS = HERE.parent / "docs"
PAGES = tuple(DOCS / f"{name}.md" for name in ("benchmarks", "cluster", "reliability", "web"))

_ONE_LINE = re.compile(r"\n\s*")

Cell = float | str | None
Column = str | tuple[str, str]
"""A name, or a name and how its numbers are shown: `("s per step", "{:.2f}")`."""


@dataclass(frozen=True)
class Table:
    """Rows that were measured."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    """Numbers as they were measured, text as it is shown, None for a cell that stays empty."""


def write(name: str, *parts: str | Table, packages: Sequence[str] = ()) -> None:
    """Keep what was measured in results/NAME.json and write the pages anew.

    Args:
        name: of the section, which a page has between two markers.
        *parts: tables, and paragraphs or headings in Markdown, in the order of the page.
        packages: installed packages, besides torch, whose versions belong to the result.
    """
    import torch

    from impasto.core.device import describe_processor

    measured_with = {package: version(package) for package in packages}
    result = {
        "machine": describe_processor(),
        "threads": torch.get_num_threads(),
        "versions": {"impasto": __version__, "torch": torch.__version__, **measured_with},
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "parts": [part if isinstance(part, str) else _to_json(part) for part in parts],
    }
    save(name, result)
    write_pages()


def save(name: str, result: dict[str, Any]) -> None:
    """Write results/NAME.json, a row of a table on one line."""
    text = json.dumps(result, indent=1, ensure_ascii=False)
    text = re.sub(r"\[\n\s*([^\[\]]*?)\s*\]", lambda row: f"[{_ONE_LINE.sub(' ', row[1])}]", text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def known_rows(name: str) -> list[list[Cell]]:
    """Return the rows of the first table that was kept; none if there is none."""
    path = RESULTS / f"{name}.json"
    parts = json.loads(path.read_text(encoding="utf-8"))["parts"] if path.exists() else []
    return next((list(part["rows"]) for part in parts if isinstance(part, dict)), [])


def write_pages() -> None:
    """Write every page with every section as its file in results/ has it."""
    for page, text in render().items():
        page.write_text(text, encoding="utf-8")


def render() -> dict[Path, str]:
    """Return the text of every page with every section as its file in results/ has it."""
    pages = {page: page.read_text(encoding="utf-8") for page in PAGES}
    for path in sorted(RESULTS.glob("*.json")):
        begin, end = f"<!-- begin {path.stem} -->", f"<!-- end {path.stem} -->"
        pattern = re.compile(f"{begin}.*{end}", re.DOTALL)
        page = next((page for page, text in pages.items() if pattern.search(text)), None)
        if page is None:
            raise SystemExit(f"no page has a section {path.stem}")
        body = section(json.loads(path.read_text(encoding="utf-8")))
        pages[page] = pattern.sub(lambda _, text=f"{begin}\n\n{body}\n\n{end}": text, pages[page])
    return pages


def section(result: dict[str, Any]) -> str:
    """Return one result in Markdown: where it was measured, then its parts."""
    versions = dict(result["versions"])
    threads = f"{result['threads']} thread{'s' if result['threads'] > 1 else ''}"
    stamp = f"*impasto {versions.pop('impasto')}, {result['machine']}, {threads}, "
    stamp += "".join(f"{package} {number}, " for package, number in versions.items())
    parts = [part if isinstance(part, str) else _markdown(part) for part in result["parts"]]
    return "\n\n".join([f"{stamp}{result['date']}*", *parts])


def _to_json(table: Table) -> dict[str, Any]:
    columns = [(name, "{}") if isinstance(name, str) else name for name in table.columns]
    return {
        "columns": [name for name, _ in columns],
        "formats": [shown for _, shown in columns],
        "rows": [[_short(cell) for cell in row] for row in table.rows],
    }


def _short(cell: Cell) -> Cell:
    return float(f"{cell:.9g}") if isinstance(cell, float) else cell


def _markdown(table: dict[str, Any]) -> str:
    lines = [table["columns"], ["---"] * len(table["columns"])]
    for row in table["rows"]:
        cells = zip(row, table["formats"], strict=True)
        lines.append([_show(cell, shown) for cell, shown in cells])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _show(cell: Cell, shown: str) -> str:
    if cell is None:
        return ""
    return cell if isinstance(cell, str) else shown.format(cell)


if __name__ == "__main__":
    write_pages()
