"""Painting many pictures from the command line, and counting what becomes of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from impasto.cli.drive import drive
from impasto.cli.interruption import INTERRUPTED, interruptible
from impasto.cli.output import PARTLY, print_path
from impasto.cli.progress import ProgressPrinter, format_seconds
from impasto.cli.report import Report
from impasto.cluster.options import ClusterOptions
from impasto.core.addresses import Place, place
from impasto.core.events import Event, Failed, Painted, Skipped
from impasto.core.shell import printable
from impasto.networks.options import StylizeOptions

PROMISE = "stopping after the pictures in hand"

MOST_TOLD = 100
"""Failures that are listed on the terminal."""


@dataclass
class Tally:
    """What became of many pictures."""

    report: Report
    painted: list[Painted] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    total: int = 0
    seconds: float = 0.0
    interrupted: bool = False

    def add(self, event: Painted | Skipped | Failed) -> None:
        """Count one more."""
        self.total = event.total
        if isinstance(event, Painted):
            self.painted.append(event)
        elif isinstance(event, Skipped):
            self.skipped.append(event)
        else:
            self.failed.append(event)


@dataclass(frozen=True)
class Work:
    """What is to be done with many pictures."""

    options: StylizeOptions
    output: str | None
    cluster: ClusterOptions
    report: Report
    force: bool

    def events(self, photos: Sequence[str]) -> Generator[Event, None, None]:
        """Yield what becomes of the pictures, painted here or on a cluster."""
        if self.cluster.cluster:
            from impasto.cluster.run import cluster_events

            return cluster_events(
                photos, self.options, self.cluster, output=self.output, force=self.force
            )
        from impasto.networks.stylize import stylize_events

        return stylize_events(photos, self.options, output=self.output, force=self.force)


def paint_many(photos: Sequence[str], work: Work, reader: ProgressPrinter) -> Tally:
    """Paint many pictures, and count what becomes of them."""
    tally = Tally(report=work.report)
    with reader, interruptible(reader, PROMISE) as interruption, work.report:
        began = time.perf_counter()
        try:
            kept = (Painted, Skipped, Failed)
            for event in drive(work.events(photos), reader, interruption, kept):
                if isinstance(event, Painted | Skipped | Failed):
                    tally.add(event)
                    work.report.add(event)
        except KeyboardInterrupt:
            tally.interrupted = True
        tally.interrupted |= interruption.asked
        tally.seconds = time.perf_counter() - began
    return tally


def folder_of(photos: Sequence[str], output: str | None, options: StylizeOptions) -> Place | None:
    """Return the one folder that all results are in, None if they are in the current one."""
    if output is not None:
        return place(output)
    from impasto.networks.pipeline import default_folder
    from impasto.networks.regions import label_for

    if len(photos) == 1:
        label = label_for(options)
        return default_folder(place(photos[0]), label)
    return None


def print_tally(tally: Tally, folder: Place | None, *, quiet: bool) -> None:
    """Print where the results are, and how many there are."""
    if quiet or folder is None:
        for painted in tally.painted:
            print_path(painted.path)
    else:
        print_path(folder)
    if quiet:
        return
    counts = [f"{len(tally.painted)} painted"]
    if tally.skipped:
        counts.append(f"{len(tally.skipped)} skipped (painted before; --force paints them again)")
    if tally.failed:
        counts.append(f"{len(tally.failed)} failed")
    rate = f", {len(tally.painted) / tally.seconds:.1f} photos/s" if tally.painted else ""
    print(f"{', '.join(counts)}; {duration(tally.seconds)}{rate}")


def end(tally: Tally) -> int:
    """List the failures, say how to go on, and return the exit code."""
    for failure in tally.failed[:MOST_TOLD]:
        print("impasto:", printable(" ".join(failure.message.split())), file=sys.stderr)
    if len(tally.failed) > MOST_TOLD:
        more = len(tally.failed) - MOST_TOLD
        print(f"impasto: and {more} more; --report FILE lists them", file=sys.stderr)
    if tally.report.problem is not None:
        print("impasto: no report:", printable(tally.report.problem), file=sys.stderr)
    elif tally.failed and tally.report.path is not None:
        print(f"impasto: what became of every photo is in {tally.report.path}", file=sys.stderr)
    if tally.interrupted:
        done = len(tally.painted) + len(tally.skipped) + len(tally.failed)
        count = f" after {done} of {tally.total}" if done else ""
        line = f"impasto: interrupted{count}; the same command again paints the rest"
        print(line, file=sys.stderr)
        return INTERRUPTED
    if not tally.failed:
        return 0 if tally.report.problem is None else 2
    return 2 if tally.total == 1 else PARTLY


def duration(seconds: float) -> str:
    """Return seconds as people say them, a short time to the hundredth."""
    return f"{seconds:.2f} s" if seconds < 10 else format_seconds(seconds)
