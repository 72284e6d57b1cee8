"""`impasto optimize`: paint one picture by optimization."""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from impasto.cli.drive import drive
from impasto.cli.interruption import INTERRUPTED, interruptible
from impasto.cli.output import FILES, OutputOptions, free_name, print_path, resume_command
from impasto.cli.progress import ProgressPrinter, describe_plan, format_seconds
from impasto.core.errors import ConfigError, ImpastoError
from impasto.core.events import Event, Note, Planned, Preview, Saved, Step
from impasto.core.options import FLAG, changed
from impasto.io.paths import is_taken
from impasto.optimization.options import OptimizeOptions

if TYPE_CHECKING:
    from impasto.optimization.run import OptimizeResult

PROMISE = "stopping after this step to save the picture so far"


def optimize(
    content: str | None = None,
    styles: tuple[str, ...] = (),
    /,
    *,
    to: Annotated[OutputOptions, Parameter(name="*")] = OutputOptions(),  # noqa: B008
    dry_run: Annotated[bool, FILES, FLAG] = False,
    run: Annotated[Path | None, FILES] = None,
    resume: Annotated[Path | None, FILES] = None,
    options: Annotated[OptimizeOptions, Parameter(name="*")] = OptimizeOptions(),  # noqa: B008
) -> int:
    """Paint CONTENT in the style of one or more STYLES, step by step (Gatys et al.).

    Ctrl-C stops and saves the picture so far; go on from it with --init, or, if --run DIR was
    given, with --resume DIR as if nothing had happened.

    Parameters
    ----------
    content
        The photo: a picture file, or the name of a bundled one such as castle.
    styles
        The painting, or several: files, or bundled names such as great-wave.
    dry_run
        Only say what would be done: sizes, steps, expected time and memory.
    run
        Folder, which is made, to keep the state in: every minute, and on Ctrl-C.
    resume
        Run folder to go on with, to the same picture; nothing else is needed, but to name pictures
        that are in another place now. Of files, only what the run itself wrote is overwritten.
    """
    from impasto.io.image import check_output

    if resume is not None:
        if to.output is not None or run is not None or changed(options):
            raise ConfigError(
                "--resume RUN goes on as it was begun; leave out all but pictures that have moved"
            )
        moved = () if content is None else (content, *styles)
        return _resume(resume, moved, as_json=to.json, quiet=to.quiet)
    if content is None or not styles:
        raise ConfigError("name a photo and a painting, or --resume RUN; see optimize --help")
    from impasto.optimization.run import optimize_events

    if dry_run:
        return _show_plan(optimize_events(content, styles, options), as_json=to.json)
    path = to.output or _name_for(content, styles)
    check_output(path, force=to.force, bits=options.bits)
    preview = _preview_of(path)
    if options.preview_every:
        check_output(preview, force=to.force)
    events = optimize_events(content, styles, options, run=run, output=path)
    show = _Show(path, preview, run, as_json=to.json, quiet=to.quiet)
    return show(events, force=to.force)


def _name_for(content: str, styles: Sequence[str]) -> Path:
    return free_name(*(Path(name).stem for name in (content, *styles)))


def _preview_of(path: Path) -> Path:
    return path.with_name(f"{path.stem}.preview{path.suffix}")


def _say_finished(path: Path, run: Path, *, as_json: bool, quiet: bool) -> int:
    """Say that there is nothing to go on with."""
    with ProgressPrinter(as_json=as_json, quiet=quiet) as reader:
        reader.show(Note(f"{run} is finished"))
        reader.show(Saved(path))
        if as_json:
            reader.print_record("done", {"path": str(path)})
    if not as_json:
        print_path(path)
    return 0


def _resume(run: Path, moved: Sequence[str], *, as_json: bool, quiet: bool) -> int:
    from impasto.io.image import check_output
    from impasto.optimization.run import resume_optimize_events
    from impasto.optimization.run_folder import OptimizeRun

    folder = OptimizeRun(run)
    last = folder.written["picture"]
    if last is not None and last.finished and last.is_there():
        return _say_finished(last.path, run, as_json=as_json, quiet=quiet)
    task = folder.task(moved)
    wanted = Path(task.output or _name_for(task.content, task.styles))
    if last is not None:
        wanted = last.path
    path = folder.written.place("picture", wanted)
    check_output(path, force=True, bits=task.options.bits)
    notes = []
    if last is not None and last.finished:
        notes.append(f"{run} was finished, but its picture is not there: painting the end again")
    if path != wanted:
        notes.append(f"{wanted} is not what {run} wrote: leaving it, and writing {path}")
    preview = folder.written.place("preview", _preview_of(path))
    show = _Show(path, preview, run, as_json=as_json, quiet=quiet)
    return show(_after(notes, resume_optimize_events(run, moved)), force=is_taken(path))


def _after(
    notes: Sequence[str], events: Generator[Event, None, None]
) -> Generator[Event, None, None]:
    yield from map(Note, notes)
    yield from events


@dataclass(frozen=True)
class _Show:
    """Shows the events of a painting and writes its files."""

    path: Path
    preview: Path
    run: Path | None
    as_json: bool
    quiet: bool

    def __call__(self, events: Generator[Event, None, None], *, force: bool) -> int:
        from impasto.optimization.run import Done

        result: OptimizeResult | None = None
        with (
            ProgressPrinter(as_json=self.as_json, quiet=self.quiet) as reader,
            interruptible(reader, PROMISE) as interruption,
        ):
            for event in drive(events, reader, interruption, Step):
                if isinstance(event, Planned | Preview):
                    self._follow(event, reader)
                elif isinstance(event, Done):
                    result = event.result
            assert result is not None
            result.save(self.path, force=force, or_elsewhere=True)
            is_whole = not (interruption.asked and result.stopped)
            self._remember("picture", self.path, reader, finished=is_whole)
            if self.as_json:
                reader.show(Saved(self.path))
                reader.print_record("done", _summary(result, self.path))
        if not self.as_json:
            _print_summary(result, self.path, quiet=self.quiet)
        if not interruption.asked:
            return 0
        if self.run is not None:
            line = f"impasto: stopped; go on with: {resume_command('optimize', self.run)}"
            print(line, file=sys.stderr)
        return INTERRUPTED

    def _follow(self, event: Planned | Preview, reader: ProgressPrinter) -> None:
        """Refuse a plan whose result its file could not hold; write a preview if that goes."""
        from impasto.io.encode import check_size
        from impasto.io.image import to_pil, write_picture

        if isinstance(event, Planned):
            check_size(self.path, event.width, event.height)
            return
        try:
            write_picture(to_pil(event.image), self.preview, force=True)
        except ImpastoError as error:
            reader.show(Note(str(error)))
        else:
            self._remember("preview", self.preview, reader, finished=False)

    def _remember(self, name: str, path: Path, reader: ProgressPrinter, *, finished: bool) -> None:
        """Let the run know what it has written, so that it may overwrite that, and only that."""
        from impasto.optimization.run_folder import OptimizeRun

        if self.run is None:
            return
        try:
            OptimizeRun(self.run).written.add(name, path, finished=finished)
        except OSError as error:
            reader.show(Note(f"{self.run} could not keep where {path} is ({error.strerror})"))


def _show_plan(events: Generator[Event, None, None], *, as_json: bool) -> int:
    """Say what would be done, and do nothing of it."""
    with ProgressPrinter(as_json=as_json, quiet=not as_json) as reader:
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
    print_path(path)
    if quiet:
        return
    steps = " + ".join(map(str, result.steps))
    early = ", stopped early" if result.stopped else ""
    size = f"{result.image.width}x{result.image.height}"
    print(f"{size}, {format_seconds(result.seconds)}, {steps} steps{early}")
    print("losses: " + ", ".join(f"{name} {value:.4g}" for name, value in result.losses.items()))
