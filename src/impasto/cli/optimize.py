"""`impasto optimize`: paint one picture by optimisation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter

from impasto.cli.interruption import INTERRUPTED, interruptible
from impasto.cli.output import free_name
from impasto.cli.progress import Reader, describe_plan, format_seconds
from impasto.core.events import Planned, Preview, Saved, Step, StopEarly
from impasto.core.options import FLAG
from impasto.optimization.options import OptimizeOptions

if TYPE_CHECKING:
    from impasto.api.optimize import OptimizeResult

_PROMISE = "stopping after this step to save the picture so far"

_FILES = Parameter(group=Group("Files and output", sort_key=0))


def optimize(
    content: str,
    styles: tuple[str, ...],
    /,
    *,
    output: Annotated[Path | None, _FILES, Parameter(alias="-o")] = None,
    force: Annotated[bool, _FILES, FLAG] = False,
    json: Annotated[bool, _FILES, FLAG] = False,
    quiet: Annotated[bool, _FILES, FLAG, Parameter(alias="-q")] = False,
    dry_run: Annotated[bool, _FILES, FLAG] = False,
    options: Annotated[OptimizeOptions, Parameter(name="*")] = OptimizeOptions(),  # noqa: B008
) -> int:
    """Paint CONTENT in the style of one or more STYLES, step by step (Gatys et al.).

    Ctrl-C stops and saves the picture so far; go on from it with --init.

    Parameters
    ----------
    content
        The photo: a picture file, or the name of a bundled one such as castle.
    styles
        The painting, or several: files, or bundled names such as great-wave.
    output
        File to write: .png, .jpg, .webp, .avif or .tif. Without it, CONTENT_STYLE.png in the
        current folder, numbered if that exists.
    force
        Overwrite the output if it exists.
    json
        Print one line of JSON per event on stdout instead of the progress bar.
    quiet
        Print nothing but the path of the result.
    dry_run
        Only say what would be done: sizes, steps, expected time and memory.
    """
    from impasto.io.image import check_output, to_pil, write_picture

    if dry_run:
        return _show_plan(content, styles, options, as_json=json)
    path = output or free_name(f"{Path(content).stem}_{Path(styles[0]).stem}")
    check_output(path, force=force)
    preview = path.with_name(f"{path.stem}.preview{path.suffix}")
    if options.preview_every:
        check_output(preview, force=force)

    from impasto.api.optimize import Done, optimize_events

    events = optimize_events(content, styles, options)
    result: OptimizeResult | None = None
    with (
        Reader(as_json=json, quiet=quiet) as reader,
        interruptible(reader, _PROMISE) as interruption,
    ):
        for event in events:
            reader.show(event)
            if isinstance(event, Step):
                interruption.can_wait = True
                if interruption.asked:
                    reader.show(events.throw(StopEarly))
            elif isinstance(event, Preview):
                write_picture(to_pil(event.image), preview, force=True)
            elif isinstance(event, Done):
                result = event.result
        assert result is not None
        result.save(path, force=force)
        if json:
            reader.show(Saved(path))
            reader.print_record("done", _summary(result, path))
    if not json:
        _print_summary(result, path, quiet=quiet)
    return INTERRUPTED if interruption.asked else 0


def _show_plan(
    content: str, styles: tuple[str, ...], options: OptimizeOptions, *, as_json: bool
) -> int:
    """Say what would be done, and do nothing of it."""
    from impasto.api.optimize import optimize_events

    events = optimize_events(content, styles, options)
    with Reader(as_json=as_json, quiet=not as_json) as reader:
        for event in events:
            reader.show(event)
            if isinstance(event, Planned):
                events.close()
                if not as_json:
                    print(describe_plan(event))
                break
    return 0


def _summary(result: OptimizeResult, path: Path) -> dict[str, object]:
    return {
        "path": str(path),
        "width": result.image.width,
        "height": result.image.height,
        "seconds": round(result.seconds, 3),
        "steps": result.steps,
        "stopped": result.stopped,
        "losses": dict(result.losses),
    }


def _print_summary(result: OptimizeResult, path: Path, *, quiet: bool) -> None:
    print(path)
    if quiet:
        return
    steps = " + ".join(map(str, result.steps))
    early = ", stopped early" if result.stopped else ""
    size = f"{result.image.width}x{result.image.height}"
    print(f"{size}, {format_seconds(result.seconds)}, {steps} steps{early}")
    print("losses: " + ", ".join(f"{name} {value:.4g}" for name, value in result.losses.items()))
