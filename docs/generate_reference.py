"""Writes docs/reference.md, the command line, from the same source as `--help`."""

from __future__ import annotations

from pathlib import Path

from impasto.cli.app import EXIT_CODES, app
from impasto.optimization.options import PRESETS

PAGE = Path(__file__).parent / "reference.md"


def presets() -> str:
    """Return the table of what an option is when it is not given."""
    names = ("steps", "coarsest", "content_weight", "style_weight", "style_layer_weights")
    header = ["loss", "start", *(f"`--{name.replace('_', '-')}`" for name in (*names, "tv_weight"))]
    rows = [header, ["---"] * len(header)]
    for (loss, start), preset in PRESETS.items():
        values = [getattr(preset, name) for name in (*names, "tv_weight")]
        texts = [
            ",".join(f"{v:g}" for v in value) if isinstance(value, tuple) else f"{value:g}"
            for value in values
        ]
        rows.append([loss, "picture" if start == "content" else start, *texts])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def exit_codes() -> str:
    """Return the table of exit codes."""
    rows = [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    return "\n".join(["| exit code | |", "| --- | --- |", *rows])


def reference() -> str:
    """Return the page."""
    lines = "\n".join(line.rstrip() for line in app.generate_docs().splitlines()).strip()
    lines = lines.replace("#impasto-install-completion", "#impasto---install-completion")
    return f"""<!-- Written by docs/generate_reference.py: change the docstrings instead. -->

{lines}

## Presets

What `impasto optimize` uses for options that are not given. A *picture* start is content, style or
a file; gray uses the row of noise; `paper` and `classic` have one row for every start.

{presets()}

## Exit codes

{exit_codes()}

Every error is one line on standard error; with the environment variable `IMPASTO_DEBUG=1` its
traceback comes first. The first Ctrl-C, SIGTERM or SIGHUP saves what there is so far, a second
Ctrl-C ends at once; files are whole or not there.
"""


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
