"""`impasto compare`: one photo like one painting, by every method at hand."""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter

from impasto.cli.interruption import INTERRUPTED, interruptible
from impasto.cli.output import free_name, print_path
from impasto.cli.progress import Reader
from impasto.core.errors import ConfigError, MissingError
from impasto.core.events import Event, Saved, StopEarly
from impasto.core.memory import format_size
from impasto.core.options import FLAG
from impasto.measurement.options import METHODS, CompareOptions

if TYPE_CHECKING:
    from impasto.measurement.comparison import Comparison, Entry

PARTLY = 3
"""Exit code if some of the methods failed."""

_FILES = Parameter(group=Group("Files and output", sort_key=0))


def compare(
    photo: str,
    /,
    *,
    output: Annotated[Path | None, _FILES, Parameter(alias="-o")] = None,
    pictures: Annotated[Path | None, _FILES] = None,
    force: Annotated[bool, _FILES, FLAG] = False,
    json: Annotated[bool, _FILES, FLAG] = False,
    quiet: Annotated[bool, _FILES, FLAG, Parameter(alias="-q")] = False,
    options: Annotated[CompareOptions, Parameter(name="*")],
) -> int:
    """Paint PHOTO like one painting by every method at hand, and write all on one labelled sheet.

    Below each picture: seconds, memory, and its distances to the photo and to the painting
    (docs/measure.md). Beside the sheet, a plot of the loss over time, if matplotlib is there. Every
    method paints in a process of its own. Ctrl-C keeps the methods that are done.

    Parameters
    ----------
    photo
        The photo: a picture file, or the name of a bundled one such as castle.
    output
        File to write the sheet to; the plot goes beside it. Without it, PHOTO_STYLE_methods.png in
        the current folder, numbered if that exists.
    pictures
        Folder, which is made, for the painted pictures one by one.
    force
        Overwrite files that exist.
    json
        Print one line of JSON per event on stdout, all numbers last.
    quiet
        Print nothing but the paths of the sheet and the plot.
    """
    from impasto.io.image import check_output

    path = output or free_name(Path(photo).stem, Path(options.style).stem, "methods")
    check_output(path, force=force)
    plot = path.with_name(f"{path.stem}_loss{path.suffix}")
    check_output(plot, force=force)
    if pictures is not None:
        _check_folder(pictures, options, force=force)
    from impasto.api.compare import compare_events

    reader = Reader(as_json=json, quiet=quiet)
    comparison = _watch(compare_events(photo, options), reader)
    written = _write(comparison, path, plot, pictures, reader, force=force)
    if json:
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


def _watch(events: Generator[Event, None, None], reader: Reader) -> Comparison:
    """Show what happens, and return what came of it."""
    from impasto.api.compare import Compared, MethodDone

    with reader, interruptible(reader, "stopping, with the methods that are done") as interruption:
        for event in events:
            told = event
            if interruption.asked and not isinstance(event, Compared):
                told = events.throw(StopEarly)
            if isinstance(told, MethodDone):
                interruption.can_wait = True
                _tell(told.entry, reader)
            elif isinstance(told, Compared):
                return told.comparison
            else:
                reader.show(told)
    raise AssertionError("the events end with Compared")


def _tell(entry: Entry, reader: Reader) -> None:
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
    reader: Reader,
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
