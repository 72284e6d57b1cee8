"""`impasto optimize`: paint one picture by optimisation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter

from impasto.cli.interruption import INTERRUPTED, interruptible
from impasto.cli.output import free_name
from impasto.cli.progress import Reader, format_seconds
from impasto.core.events import Preview, Saved, Step, StopEarly
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
    """
    from impasto.io.image import check_output, to_pil, write_picture

    path = output or free_name(f"{Path(content).stem}_{Path(styles[0]).stem}")
    check_output(path, force=force)
    preview = path.with_name(f"{path.stem}.preview{path.suffix}")
    if options.preview_every:
        check_output(preview, force=force)

    from impasto.api.optimize import Done, optimize_events

    result: OptimizeResult | None = None
    events = optimize_events(content, styles, options)
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
        print(path)
        if not quiet:
            _print_summary(result)
    return INTERRUPTED if interruption.asked else 0


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


def _print_summary(result: OptimizeResult) -> None:
    steps = " + ".join(map(str, result.steps))
    early = ", stopped early" if result.stopped else ""
    size = f"{result.image.width}x{result.image.height}"
    print(f"{size}, {format_seconds(result.seconds)}, {steps} steps{early}")
    print("losses: " + ", ".join(f"{name} {value:.4g}" for name, value in result.losses.items()))
