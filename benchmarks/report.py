"""Writes one section of docs/benchmarks.md, so that nobody types numbers."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path

from impasto import __version__
from impasto.core.device import describe_machine

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def write_section(name: str, body: str) -> None:
    """Put `body` between the markers of section `name`, with machine, version and date."""
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    stamp = f"*impasto {__version__}, {describe_machine()}, {today}*"
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    page = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(f"{begin}.*{end}", re.DOTALL)
    if not pattern.search(page):
        raise SystemExit(f"{PAGE.name} has no section {name}")
    section = f"{begin}\n\n{stamp}\n\n{body}\n\n{end}"
    PAGE.write_text(pattern.sub(lambda _: section, page), encoding="utf-8")
