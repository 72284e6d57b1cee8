"""`impasto compare`: one photo like one painting, by every method at hand."""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from impasto.analysis.options import METHODS, CompareOptions
from impasto.cli.drive import drive
from impasto.cli.interruption import INTERRUPTED, interruptible
from impasto.cli.output import FILES, PARTLY, OutputOptions, free_name, print_path
from impasto.cli.progress import ProgressPrinter
from impasto.core.errors import ConfigError, MissingError
from impasto.core.events import Advanced, Event, Saved
from impasto.core.memory import format_size

if TYPE_CHECKING:
    from impasto.analysis.comparison import Comparison, Entry


def compare(
    photo: str,
    /,
    *,
    to: Annotated[OutputOptions, Parameter(name="*")] = OutputOptions(),  # noqa: B008
    pictures: Annotated[Path | None, FILES] = None,
    options: Annotated[CompareOptions, Parameter(name="*")],
) -> int:
    """Paint PHOTO like one painting by every method at hand, and write all on one labeled sheet.

    Below each picture: seconds, memory, and its distances to the photo and to the painting
    (docs/measure.md). Beside the sheet, a plot of the loss over time, if matplotlib is there. Every
    method paints in a process of its own. Ctrl-C keeps the methods that are done.

    Parameters
    ----------
    photo
        The photo: a picture file, or the name of a bundled one such as castle.
    pictures
        Folder, which is made, for the painted pictures one by one.
    """
    from impasto.io.image import check_output

    path = to.output or free_name(Path(photo).stem, Path(options.style).stem, "methods")
    check_output(path, force=to.force)
    plot = path.with_name(f"{path.stem}_loss{path.suffix}")
    check_output(plot, force=to.force)
    if pictures is not None:
        _check_folder(pictures, options, force=to.force)
    from impasto.analysis.compare import compare_events

    reader = ProgressPrinter(as_json=to.json, quiet=to.quiet)
    comparison = _watch(compare_events(photo, options), reader)
    written = _write(comparison, path, plot, pictures, reader, force=to.force)
    if to.json:
        reader.print_record("done", {**comparison.to_dict(), "paths": list(map(str, written))})
    else:
        for file in written:
            print_path(file)
    if comparison.stopped:
        count = len(comparison.entries)
        print(f"impasto: stopped after {count} method{'s' * (count > 1)}", file=sys.stderr)
        return INTERRUPTED
    return PARTLY if comparison.failed else 0


def _check_folder(folder: Path, options: CompareOptions, *, force: bool) -> None:
    """Make the folder of the pictures, and refuse what would be overwritten in it."""
    from impasto.io.image import check_output

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--pictures {folder}: it cannot be made ({error.strerror})") from error
    for method in options.methods or METHODS:
        check_output(folder / f"{method}.png", force=force)


def _watch(events: Generator[Event, None, None], reader: ProgressPrinter) -> Comparison:
    """Show what happens, and return what came of it."""
    from impasto.analysis.compare import Compared, MethodDone

    with reader, interruptible(reader, "stopping, with the methods that are done") as interruption:
        for event in drive(events, reader, interruption, MethodDone, (MethodDone, Advanced)):
            if isinstance(event, MethodDone):
                _tell(event.entry, reader)
            elif isinstance(event, Compared):
                return event.comparison
    raise AssertionError("the events end with Compared")


def _tell(entry: Entry, reader: ProgressPrinter) -> None:
    if reader.as_json:
        reader.print_record("method", entry.to_dict())
    elif not reader.quiet:
        distances = entry.distances
        reader.say(
            f"{entry.title}: {entry.seconds:.1f} s, {format_size(entry.memory)}, content "
            f"{distances.content_distance:.2f}, style {distances.style_distance:.3f}"
        )


def _write(
    comparison: Comparison,
    path: Path,
    plot: Path,
    pictures: Path | None,
    reader: ProgressPrinter,
    *,
    force: bool,
) -> list[Path]:
    """Write the files and return their paths, those of the single pictures left out."""
    from impasto.io.image import write_picture

    write_picture(comparison.sheet(), path, force=force)
    written = [path]
    try:
        write_picture(comparison.plot(), plot, force=force)
        written.append(plot)
    except MissingError as error:
        reader.say(f"no plot of the loss over time: {error}")
    if pictures is not None:
        for entry in comparison.entries:
            write_picture(entry.image, pictures / f"{entry.method}.png", force=force)
    if reader.as_json:
        for file in written:
            reader.show(Saved(file))
    return written
