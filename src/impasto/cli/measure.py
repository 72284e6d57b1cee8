"""`impasto measure`: what a painted picture is worth."""

from __future__ import annotations

import csv as csv_format
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Group, Parameter
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from impasto.analysis.options import MeasureOptions
from impasto.cli.drive import drive
from impasto.cli.interruption import INTERRUPTED, interruptible
from impasto.cli.output import PARTLY
from impasto.cli.progress import ProgressPrinter
from impasto.core.errors import ConfigError
from impasto.core.events import Failed
from impasto.core.options import FLAG
from impasto.core.shell import printable
from impasto.io.paths import is_folder

if TYPE_CHECKING:
    from impasto.analysis.measure import Measurement

WIDE = 160
"""Columns of text where there is no terminal that says how many it has."""

_FILES = Parameter(group=Group("Files and output", sort_key=0))

_MANY = Parameter(negative=())

_NUMBERS = (
    ("content_distance", "content distance", "{:.3f}", "0: the photo; above 2 it drowns"),
    ("style_distance", "style distance", "{:.4f}", "0: the painting's style"),
    ("classic_loss", "classic loss", "{:,.0f}", "both, as neural-style adds them"),
    ("fast_loss", "fast loss", "{:,.0f}", "both, as networks learn them"),
    ("lpips", "LPIPS", "{:.3f}", "0: equal to the photo"),
    ("coverage", "coverage", "{:.3f}", "least painted tenth; 0: only recolored"),
    ("coverage_median", "middle coverage", "{:.3f}", "half of the places are painted less"),
    ("ssim", "SSIM", "{:.3f}", "1: equal to the photo"),
    ("total_variation", "total variation", "{:.4f}", "how busy it is"),
    ("equivalent_steps", "equivalent steps", "{:.0f}", "of L-BFGS from noise"),
)
"""Field, name, how it is shown, how it is read."""


def measure(
    output: Path,
    /,
    *,
    content: Annotated[Path | None, _FILES] = None,
    style: Annotated[tuple[Path, ...], _FILES, _MANY] = (),
    json: Annotated[bool, _FILES, FLAG] = False,
    csv: Annotated[bool, _FILES, FLAG] = False,
    options: Annotated[MeasureOptions, Parameter(name="*")] = MeasureOptions(),  # noqa: B008
) -> int:
    """Measure how far OUTPUT, a painted picture or a folder of them, is from photo and painting.

    The photo and the painting are those that the recipe inside the picture names, unless they are
    given. docs/measure.md says what each number means.

    Parameters
    ----------
    output
        A painted picture; or a folder, which is searched with all folders in it.
    content
        The photo it was painted from; or a folder of photos, of whose names those of the results
        begin.
    style
        The painting; of several, each with a --style of its own.
    json
        Print one line of JSON per picture on stdout.
    csv
        Print a table of comma-separated values on stdout.
    """
    if json and csv:
        raise ConfigError("--json and --csv would both write to standard output; choose one")
    from impasto.analysis.measure import Measured, measure_events

    tally = _Tally()
    reader = ProgressPrinter(as_json=json)
    with reader, interruptible(reader, "stopping after this picture") as interruption:
        events = measure_events(output, content, style, options)
        for event in drive(events, reader, interruption, Measured, (Measured, Failed)):
            if isinstance(event, Measured):
                tally.found.append(event.measurement)
                if json:
                    reader.print_record("measured", _record(event.measurement))
            elif isinstance(event, Failed):
                tally.failed.append(event)
    if csv:
        _print_csv(tally.found)
    elif not json and tally.found:
        _print(_many(tally.found, output) if is_folder(output) else _one(tally.found[0]))
        if not is_folder(output) and tally.found[0].regions:
            _print(_regions(tally.found[0]))
    return tally.end(interrupted=interruption.asked)


@dataclass
class _Tally:
    """What became of the pictures."""

    found: list[Measurement] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)

    def end(self, *, interrupted: bool) -> int:
        """List the failures and return the exit code."""
        for failure in self.failed:
            print("impasto:", printable(" ".join(failure.message.split())), file=sys.stderr)
        if interrupted:
            return INTERRUPTED
        return PARTLY if self.failed else 0


def _print(table: Table) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDE)
    console.print(table)


def _one(measurement: Measurement) -> Table:
    """Return a table of one picture, a number in each row, beside the photo's own."""
    pair = f"{measurement.content} in the style of {', '.join(measurement.styles)}"
    size = f"{measurement.width}x{measurement.height}"
    title = Text(f"{printable(str(measurement.output))}, {size}\n{printable(pair)}")
    table = Table(title=title, title_justify="left", title_style="", box=box.SIMPLE_HEAD)
    table.add_column("")
    table.add_column("picture", justify="right")
    table.add_column("the photo", justify="right")
    table.add_column("how to read it", style="dim")
    for key, name, shown, meaning in _NUMBERS:
        value = getattr(measurement, key)
        if value is None:
            continue
        own = 1.0 if key == "ssim" else getattr(measurement.photo, key, None)
        table.add_row(name, _show(key, value, shown, measurement), _shown(own, shown), meaning)
        if key == "style_distance":
            for layer, distance in measurement.style_layers.items():
                unpainted = measurement.photo.style_layers[layer]
                table.add_row(f"  {layer}", _shown(distance, shown), _shown(unpainted, shown), "")
    return table


def _regions(measurement: Measurement) -> Table:
    """Return a table of the regions of one picture."""
    table = Table(box=box.SIMPLE_HEAD)
    names = ("region", "style", "share", "style distance", "content distance", "change", "seam")
    for name in names:
        table.add_column(name, justify="left" if name in names[:2] else "right")
    for each in measurement.regions:
        table.add_row(
            *(Text(printable(each.color)), Text(printable(each.style)), f"{each.share:.0%}"),
            *(_shown(each.style_distance, "{:.4f}"), _shown(each.content_distance, "{:.3f}")),
            *(_shown(each.change, "{:.3f}"), _shown(each.seam, "{:.2f}")),
        )
    return table


def _many(found: Sequence[Measurement], folder: Path) -> Table:
    """Return a table of many pictures, one in each row, their medians last."""
    fields = [row for row in _NUMBERS if any(getattr(m, row[0]) is not None for m in found)]
    table = Table(
        box=box.SIMPLE_HEAD, show_footer=len(found) > 1, pad_edge=False, padding=(0, 1, 0, 0)
    )
    table.add_column("picture", footer="median", overflow="fold")
    for key, name, shown, _ in fields:
        known = [getattr(m, key) for m in found if getattr(m, key) is not None]
        median = _shown(statistics.median(known), shown)
        heading = "\n".join(name.split())
        table.add_column(heading, justify="right", vertical="bottom", no_wrap=True, footer=median)
    for measurement in found:
        cells = [_show(row[0], getattr(measurement, row[0]), row[2], measurement) for row in fields]
        table.add_row(Text(printable(str(Path(measurement.output).relative_to(folder)))), *cells)
    return table


def _show(key: str, value: float | None, shown: str, measurement: Measurement) -> str:
    text = _shown(value, shown)
    if key == "equivalent_steps" and value == measurement.reference_steps:
        return f"{text} or more"
    return text


def _shown(value: float | None, shown: str) -> str:
    return "" if value is None else shown.format(value)


def _print_csv(found: Sequence[Measurement]) -> None:
    rows = [_flat(measurement) for measurement in found]
    if rows:
        writer = csv_format.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _record(measurement: Measurement) -> dict[str, Any]:
    """Return all that was measured, beginning with what was measured."""
    record = asdict(measurement)
    names = ("output", "content", "styles", "width", "height")
    return {**{name: record.pop(name) for name in names}, **record}


def _flat(measurement: Measurement) -> dict[str, Any]:
    """Return a row for a spreadsheet: the style layers one by one, the photo's numbers left out."""
    record = _record(measurement)
    layers = record.pop("style_layers")
    del record["photo"], record["regions"]
    record["styles"] = " ".join(record["styles"])
    return {**record, **{f"style_{layer}": value for layer, value in layers.items()}}
