"""Shows the events of `impasto reconstruct` and `impasto grid`, and writes the picture."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from impasto.cli.interruption import INTERRUPTED, interruptible
from impasto.cli.progress import Reader, format_seconds
from impasto.core.events import Event, Saved, Step, StopEarly

if TYPE_CHECKING:
    from impasto.api.figure import Figure

_PROMISE = "stopping after this step to save what there is"


def show_figure(
    events: Generator[Event, None, None], path: Path, *, force: bool, as_json: bool, quiet: bool
) -> int:
    """Show the events, write the result to `path` and return the exit code."""
    from impasto.api.figure import FigureDone

    result: Figure | None = None
    with (
        Reader(as_json=as_json, quiet=quiet) as reader,
        interruptible(reader, _PROMISE) as interruption,
    ):
        for event in events:
            reader.show(event)
            if isinstance(event, Step):
                interruption.can_wait = True
                if interruption.asked:
                    event = events.throw(StopEarly)  # noqa: PLW2901
                    reader.show(event)
            if isinstance(event, FigureDone):
                result = event.result
        assert result is not None
        result.save(path, force=force)
        if as_json:
            reader.show(Saved(path))
            reader.print_record("done", _summary(result, path))
    if not as_json:
        print(path)
        if not quiet:
            _print_summary(result)
    return INTERRUPTED if interruption.asked else 0


def _summary(result: Figure, path: Path) -> dict[str, object]:
    return {
        "path": str(path),
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
