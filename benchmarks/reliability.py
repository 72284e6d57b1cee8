"""Odd files, options, names, streams and signals: how many went right, were refused, or went wrong.

    python benchmarks/reliability.py [files] [options] [names] [streams] [signals]

Without a word, all of them, which takes half an hour. What is tried: `odd_files.py`,
`tests/option_fuzz.py`, `hard_names.py`.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import hard_names
from odd_files import check_reading, odd_files
from report import Cell, Table, known_rows, write

TESTS = Path(__file__).parent.parent / "tests"

COLUMNS = ("what", "tried", "right", "clear line", "fault")

NAMES = {
    "names": "names: long, in every script, odd to a shell, locked, linked",
    "streams": "standard input, output and error: closed, full, gone, narrow",
    "signals": "Ctrl-C, SIGTERM and SIGHUP at every stage, once and twice",
}

Rows = list[list[Cell]]


def files() -> None:
    """Read every odd file."""
    with tempfile.TemporaryDirectory() as folder:
        found = check_reading(odd_files(Path(folder)))
    show(found.faults)
    row = row_of("picture files: depths, profiles, shapes, formats, damage", found)
    write("odd-files", Table(COLUMNS, [row]))


def options() -> None:
    """Give every option of every command values that people mistype."""
    sys.path.insert(0, str(TESTS))
    import option_fuzz

    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        option_fuzz.prepare(Path(folder))
        tried = option_fuzz.fuzz()
        os.chdir(before)
    show([f"{each.command} {each.option}={each.value[:30]!r}" for each in tried if is_fault(each)])
    rows: Rows = [
        [f"`{command}`", counts.total(), counts["accepted"], counts["refused"], counts["fault"]]
        for command, counts in option_fuzz.count(tried).items()
    ]
    total: list[Cell] = ["all", *(sum(int(str(row[at])) for row in rows) for at in range(1, 5))]
    write("options", Table(COLUMNS, [*rows, total]))


def is_fault(tried: object) -> bool:
    return getattr(tried, "outcome", "") == "fault"


def names(part: str) -> Callable[[], None]:
    def work() -> None:
        found = hard_names.PARTS[part]()
        show(found.faults)
        kept = {str(row[0]): row for row in known_rows("hard-names")}
        kept[NAMES[part]] = row_of(NAMES[part], found)
        write("hard-names", Table(COLUMNS, [kept[each] for each in NAMES.values() if each in kept]))

    return work


def row_of(what: str, found: object) -> list[Cell]:
    right, clear = (int(getattr(found, name)) for name in ("right", "clear"))
    faults = len(getattr(found, "faults"))  # noqa: B009  (of two kinds of counts)
    return [what, right + clear + faults, right, clear, faults]


def show(faults: list[str]) -> None:
    for fault in faults:
        print(fault, flush=True)


PARTS: dict[str, Callable[[], None]] = {
    "files": files,
    "options": options,
    **{part: names(part) for part in NAMES},
}


if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
