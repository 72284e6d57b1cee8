"""`impasto train`: a network that paints in one style, in one pass."""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from impasto.cli.drive import drive
from impasto.cli.interruption import INTERRUPTED, interruptible
from impasto.cli.output import FILES, ReportOptions, print_path, resume_command
from impasto.cli.progress import ProgressPrinter, format_seconds
from impasto.core.errors import ConfigError
from impasto.core.events import Event, Saved, Trained, TrainStep
from impasto.core.options import changed
from impasto.io.paths import join_names
from impasto.training.options import TrainOptions

_PROMISE = "stopping after this step, with a checkpoint"
_EACH = Parameter(negative=(), n_tokens=1)


def train(
    styles: tuple[str, ...] = (),
    /,
    *,
    told: Annotated[ReportOptions, Parameter(name="*")] = ReportOptions(),  # noqa: B008
    photos: Annotated[Path | None, FILES] = None,
    output: Annotated[Path | None, FILES, Parameter(alias="-o")] = None,
    name: Annotated[tuple[str, ...], FILES, _EACH] = (),
    credit: Annotated[tuple[str, ...], FILES, _EACH] = (),
    license: Annotated[str, FILES] = "",
    run: Annotated[Path | None, FILES] = None,
    resume: Annotated[Path | None, FILES] = None,
    options: Annotated[TrainOptions, Parameter(name="*")] = TrainOptions(),  # noqa: B008
) -> int:
    """Train a network that paints any photo in the STYLES, in one pass (Johnson et al.).

    Ctrl-C saves a checkpoint and stops; go on with --resume. Works from about 50 photos up.

    Parameters
    ----------
    styles
        The painting: a picture file, or the name of a bundled one such as great-wave. Several
        become styles of one network, to choose among and to blend (Dumoulin et al.).
    photos
        Folder of photos to learn from, with all folders in it. What is on them matters little.
    output
        Model file to write, .safetensors. Without it, STYLE.safetensors in the current folder.
    name
        Name of the style inside the model; once per painting, or never.
    credit
        Painter, title, year and license of the painting, kept in the model; once per painting.
    license
        Under which you give the model away, kept in it.
    run
        Folder for checkpoints, metrics.jsonl and samples; OUTPUT with the ending .run if not given.
    resume
        Run folder to go on with, to the same end. Only --minutes or --steps can be changed; of
        photos that have been moved, name the folder anew with --photos.
    """
    from impasto.training.run import TrainRequest, check_model_output, resume_events, train_events

    given = changed(options)
    if resume is not None:
        if len(styles) > 1 or run or name or credit or license:
            raise ConfigError(
                "--resume RUN needs nothing else but --minutes or --steps, and what has been moved"
            )
        if set(given) - {"minutes", "steps"}:
            raise ConfigError("with --resume, only --minutes or --steps can be changed")
        moved = {"photos": photos, "paintings": next(iter(styles), None), "output": output}
        return _show(
            resume_events(resume, **moved, **given), resume, as_json=told.json, quiet=told.quiet
        )
    if not styles or photos is None:
        raise ConfigError("name a painting and --photos DIR, or --resume RUN; see train --help")
    output = output or Path(join_names([Path(styles[0]).stem], ".safetensors"))
    check_model_output(output)
    run = run or output.with_suffix(".run")
    request = TrainRequest(styles, photos, output, run, name, credit, license)
    return _show(train_events(request, options), run, as_json=told.json, quiet=told.quiet)


def _show(events: Generator[Event, None, None], run: Path, *, as_json: bool, quiet: bool) -> int:
    """Show the events of a training and return the exit code."""
    with (
        ProgressPrinter(as_json=as_json, quiet=quiet) as reader,
        interruptible(reader, _PROMISE) as interruption,
    ):
        saved: Saved | None = None
        ended: Trained | None = None
        for event in drive(events, reader, interruption, TrainStep):
            if isinstance(event, Saved):
                saved = event
            elif isinstance(event, Trained):
                ended = event
    if ended is None:  # a process of torchrun's that does not lead
        return 0
    if ended.stopped:
        line = f"impasto: stopped; go on with: {resume_command('train', run)}"
        print(line, file=sys.stderr)
        return INTERRUPTED
    assert saved is not None
    if not as_json:
        print_path(saved.path)
        if not quiet:
            print(f"{ended.step} steps, {format_seconds(ended.seconds)}; samples in {run}/samples")
    return 0
