"""`impasto stylize`: paint photos in one pass, or for some seconds."""

from __future__ import annotations

import difflib
import sys
import time
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from impasto.cli import streams
from impasto.cli.drive import drive
from impasto.cli.interruption import INTERRUPTED, interruptible
from impasto.cli.many import Work, duration, end, folder_of, paint_many, print_tally
from impasto.cli.optimize import PROMISE
from impasto.cli.output import FILES, ReportOptions, free_name, print_path
from impasto.cli.progress import ProgressPrinter
from impasto.cli.report import REPORT, Report
from impasto.cluster.options import ClusterOptions
from impasto.core.addresses import Place, is_address, place
from impasto.core.errors import ConfigError, ImageError
from impasto.core.events import Opened, Painted, Planned, Step
from impasto.core.options import FLAG
from impasto.io.folder import PICTURE_SUFFIXES
from impasto.io.paths import is_folder, is_taken
from impasto.networks.options import StylizeOptions

if TYPE_CHECKING:
    from impasto.io.inputs import Result

PIPE = "-"
"""As PHOTO: standard input; as output: standard output."""

MOST_PIPED = 1_000_000_000
"""Bytes that are read from standard input."""

_PIPES = Parameter(allow_leading_hyphen=True)


def stylize(
    photos: Annotated[tuple[str, ...], _PIPES],
    /,
    *,
    told: Annotated[ReportOptions, Parameter(name="*")] = ReportOptions(),  # noqa: B008
    output: Annotated[str | None, FILES, _PIPES, Parameter(alias="-o")] = None,
    force: Annotated[bool, FILES, FLAG] = False,
    report: Annotated[str | None, FILES] = None,
    cluster: Annotated[ClusterOptions, Parameter(name="*")] = ClusterOptions(),  # noqa: B008
    options: Annotated[StylizeOptions, Parameter(name="*")],
) -> int:
    """Paint PHOTOS in a style: a trained one, in one pass, or that of a painting of your own.

    One photo in the style of a painting is sketched by optimization in 2 seconds, and gets better
    with --seconds; several are painted in one pass (Johnson et al.), as are all in a trained style.

    Of several photos, those that fail are listed at the end (exit code 3). Ctrl-C stops after the
    current one; the same command again paints the rest.

    Parameters
    ----------
    photos
        Picture files, or folders, which are searched with all folders in them and mirrored, here
        or at an address such as s3://bucket/photos. A lone - is the picture on standard input.
    output
        File to write (.png, .jpg, .webp, .avif or .tif), - for a PNG on standard output, or a
        folder, which is made, here or at an address. Without it, PHOTO_STYLE.png, or FOLDER_STYLE
        for a folder, in the current folder.
    force
        Overwrite results that exist. Of several photos, those with a result are skipped without
        it.
    report
        File for what became of every photo, one line of JSON each. On a cluster, and where results
        go to an address: impasto-report.jsonl among them, if nothing else is said.
    """
    _refuse_options(photos)
    if output == PIPE:
        return _into_pipe(photos, options, as_json=told.json)
    reader = ProgressPrinter(as_json=told.json, quiet=told.quiet)
    far = bool(cluster.cluster) or any(map(is_address, (*photos, output, report)))
    if not far and report is None and _is_one(photos, output):
        painted, result, stopped = _paint_one(photos[0], output, options, reader, force=force)
        if told.json:
            reader.show(painted)
        else:
            print_path(painted.path)
            if not told.quiet:
                print(_describe(painted, result))
        return INTERRUPTED if stopped else 0
    if options.seconds:
        raise ConfigError("--seconds paints one picture; several are painted in one pass")
    if PIPE in photos:
        raise ConfigError("- (standard input) is one picture; it cannot be painted elsewhere")
    results = folder_of(photos, output, options)
    work = Work(options, output, cluster, Report(_report_at(report, results, far=far)), force=force)
    tally = paint_many(photos, work, reader)
    if not told.json and len(tally.failed) < tally.total:
        print_tally(tally, results, quiet=told.quiet)
    return end(tally)


def _report_at(report: str | None, results: Place | None, *, far: bool) -> Place | None:
    """Return where the report goes, None if there is none."""
    if report is not None:
        return place(report)
    if not far or results is None:
        return None
    return (results.parent if results.suffix else results) / REPORT


def _refuse_options(photos: Sequence[str]) -> None:
    """Refuse a misspelled option: only the photo that is standard input begins with a hyphen."""
    for word in photos:
        if word.startswith("-") and word != PIPE and not is_taken(word):
            names = [option.name.replace("_", "-") for option in fields(StylizeOptions)]
            known = [f"--{name}" for name in (*names, "output", "force", "json", "quiet")]
            close = difflib.get_close_matches(word, known, n=1)
            hint = f"did you mean {close[0]}?" if close else "see impasto stylize --help"
            raise ConfigError(f"unknown option {word}; {hint}")


def _is_one(photos: Sequence[str], output: str | None) -> bool:
    """Return whether this is one picture into one file.

    Raises:
        ConfigError: several pictures into one file, or one from standard input among several.
    """
    if len(photos) > 1 and PIPE in photos:
        raise ConfigError("- (standard input) is one picture; it cannot be one of several")
    path = None if output is None else Path(output)
    into_folder = path is not None and (is_folder(path) or not path.suffix)
    if len(photos) == 1 and not is_folder(photos[0]):
        return photos[0] == PIPE or not into_folder
    if path is not None and not is_folder(path) and path.suffix.lower() in PICTURE_SUFFIXES:
        raise ConfigError(f"-o {output}: several photos need a folder to be written to")
    return False


def _into_pipe(photos: Sequence[str], options: StylizeOptions, *, as_json: bool) -> int:
    """Paint one picture and write it, and nothing else, to standard output."""
    if len(photos) > 1 or is_folder(photos[0]):
        raise ConfigError("-o - writes one picture to standard output; name one photo")
    if as_json:
        raise ConfigError("-o - and --json would both write to standard output; choose one")
    if streams.is_closed(1):
        raise ConfigError("-o - writes to standard output, but that is closed; name a file")
    if sys.stdout.isatty():
        raise ConfigError("-o - writes a PNG file to standard output; send it on with > or |")
    from impasto.core.events import outcome
    from impasto.io.image import to_bytes
    from impasto.optimization.refine import paint_events

    result = outcome(paint_events(_source(photos[0]), options))
    try:
        note = result.recipe.to_json()
        sys.stdout.buffer.write(to_bytes(result.image, ".png", note, result.metadata))
        sys.stdout.flush()
    except OSError as error:
        raise streams.OutputError(error.strerror) from error
    return 0


def _source(photo: str) -> str | bytes:
    """Return the name of the photo, or the bytes of the one on standard input.

    Raises:
        ConfigError: standard input is closed.
        ImageError: standard input goes on and on.
    """
    if photo != PIPE:
        return photo
    if sys.stdin is None:
        raise ConfigError("- is the picture on standard input, but that is closed; name a file")
    data = sys.stdin.buffer.read(MOST_PIPED + 1)
    if len(data) > MOST_PIPED:
        raise ImageError(
            f"standard input is no picture: it goes on after {MOST_PIPED // 10**6} MB; name a file"
        )
    return data


def _paint_one(
    photo: str, output: str | None, options: StylizeOptions, reader: ProgressPrinter, *, force: bool
) -> tuple[Painted, Result, bool]:
    """Paint one picture into one file; return what became of it, and whether it was stopped."""
    from impasto.io.encode import check_size
    from impasto.io.image import check_output
    from impasto.networks.regions import label_for

    stem = "stdin" if photo == PIPE else Path(photo).stem
    label = label_for(options)
    path = Path(output) if output else free_name(stem, label)
    check_output(path, force=force)

    from impasto.optimization.refine import paint_events

    with reader, interruptible(reader, PROMISE) as interruption:
        events = paint_events(_source(photo), options)
        began = time.perf_counter()
        for event in drive(events, reader, interruption, Step):
            if isinstance(event, Opened | Planned):
                check_size(path, event.width, event.height)
        result: Result = interruption.outcome
        result.save(path, force=force, or_elsewhere=True)
        seconds = time.perf_counter() - began
        width, height = result.image.size
    painted = Painted(path, Path(photo), width, height, seconds, 1, 1, 1 / seconds, 0.0)
    return painted, result, interruption.asked


def _describe(painted: Painted, result: Result) -> str:
    """Return size, time and, of an optimization, steps in one line."""
    line = f"{painted.width}x{painted.height}, {duration(painted.seconds)}"
    steps = getattr(result, "steps", ())
    return f"{line}, {' + '.join(map(str, steps))} steps" if steps else line
