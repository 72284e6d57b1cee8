"""Shows the events of `impasto reconstruct` and `impasto grid`, and writes the picture."""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from impasto.cli.drive import drive
from impasto.cli.interruption import INTERRUPTED, interruptible
from impasto.cli.output import print_path
from impasto.cli.progress import ProgressPrinter, format_seconds
from impasto.core.events import Event, Saved, Step, last_of

if TYPE_CHECKING:
    from impasto.analysis.figure import Figure

_PROMISE = "stopping after this step to save what there is"
_PROMISE_OF_RUN = "stopping after this step; finished pictures are kept"


def show_figure(
    events: Generator[Event, None, None],
    path: Path,
    *,
    force: bool,
    as_json: bool,
    quiet: bool,
    run: Path | None = None,
) -> int:
    """Show the events, write the result and return the exit code.

    Args:
        events: of `reconstruct_events` or `grid_events`.
        path: file to write.
        force: replace an existing file.
        as_json: for programs.
        quiet: print nothing but the path.
        run: folder of finished pictures. What is not complete is then not written: the same command
            goes on from there.
    """
    from impasto.analysis.figure import FigureDone

    with (
        ProgressPrinter(as_json=as_json, quiet=quiet) as reader,
        interruptible(reader, _PROMISE if run is None else _PROMISE_OF_RUN) as interruption,
    ):
        result = last_of(drive(events, reader, interruption, Step), FigureDone).result
        written = run is None or not result.stopped
        if written:
            result.save(path, force=force)
        if as_json:
            if written:
                reader.show(Saved(path))
            reader.print_record("done", _summary(result, path if written else None))
    if not written:
        line = f"impasto: stopped; {run} keeps what is finished ({len(result.pictures)})"
        print(f"{line}; the same command goes on from there", file=sys.stderr)
    elif not as_json:
        print_path(path)
        if not quiet:
            _print_summary(result)
    return INTERRUPTED if interruption.asked else 0


def _summary(result: Figure, path: Path | None) -> dict[str, object]:
    return {
        "path": None if path is None else str(path),
        "width": result.image.width,
        "height": result.image.height,
        "seconds": round(result.seconds, 3),
        "painted": result.painted,
        "stopped": result.stopped,
        "losses": {name: dict(losses) for name, losses in result.losses.items()},
    }


def _print_summary(result: Figure) -> None:
    early = ", stopped early" if result.stopped else ""
    size = f"{result.image.width}x{result.image.height}"
    count = f"{result.painted} picture{'s' * (result.painted != 1)}"
    print(f"{size}, {count} in {format_seconds(result.seconds)}{early}")
