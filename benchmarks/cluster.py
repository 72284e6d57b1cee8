"""Many photos: workers of a Ray cluster on this machine against its folder pipeline.

    python benchmarks/cluster.py PHOTO [--style kazusa] [--copies 24 120]

PHOTO is painted as so many copies of a megapixel, in two runs of different length: what the longer
one takes more, by the picture, is the rate; what is left of the shorter one is start-up. Every run
is a process of its own, with one thread for each processor that it may use.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from impasto.cluster.options import ClusterOptions
from impasto.cluster.run import cluster_events
from impasto.core.events import Painted
from impasto.networks.options import StylizeOptions
from impasto.networks.stylize import stylize_events
from report import Cell, Table, write

WIDTH, HEIGHT = 1152, 864
"""A megapixel."""

MACHINES = 100
PRICE = 0.04
"""Dollars for an hour of one processor: what clouds take for plain ones, roughly."""

MILLION = 1_000_000


def resident(needle: str) -> float:
    """Return the largest resident memory of a process with `needle` in its command, in bytes."""
    largest = 0.0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            if needle not in (status.parent / "cmdline").read_text():
                continue
            found = next(line for line in status.read_text().splitlines() if "VmHWM" in line)
        except (OSError, StopIteration):
            continue
        largest = max(largest, 1024.0 * int(found.split()[1]))
    return largest


@contextmanager
def watched(needle: str) -> Iterator[Callable[[], float]]:
    """Look at the memory of such processes meanwhile; yields what tells the most so far."""
    most, over = 0.0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not over.wait(0.5):
            most = max(most, resident(needle))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield lambda: most
    finally:
        over.set()
        watcher.join()


def child(folder: Path, style: str, workers: int) -> None:
    """Paint a folder, by `workers` or, with 0, as one machine does; print what it took."""
    options, output = StylizeOptions(style=style), folder.with_name("out")
    began = time.perf_counter()
    if workers:
        asked = ClusterOptions(cluster=True, workers=workers)
        events = cluster_events([folder], options, asked, output=output, force=True)
    else:
        events = stylize_events([folder], options, output=output, force=True)
    needle = "ray::MapWorker" if workers else f"{Path(__file__).name}\0--child"
    with watched(needle) as most:
        painted = sum(isinstance(event, Painted) for event in events)
        seconds = time.perf_counter() - began
    print(json.dumps({"painted": painted, "seconds": seconds, "memory": most()}))


def measure(photo: Path, style: str, copies: int, threads: int, workers: int) -> dict[str, float]:
    """Run a child on so many copies of the photo."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "photos"
        folder.mkdir()
        for number in range(copies):
            shutil.copy(photo, folder / f"{number}.jpg")
        words = [sys.executable, __file__, "--child", str(folder), style, str(workers)]
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        done = subprocess.run(words, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        size = sum(path.stat().st_size for path in (Path(place) / "out").glob("*.jpg")) / copies
        found = json.loads(done.stdout.splitlines()[-1])
    assert found["painted"] == copies
    return {**found, "size": size}


def reckon(rate: float, cores: int, megabytes: float) -> str:
    """Return what a million photos would take on many machines like this one."""
    hours = MILLION / (rate * MACHINES) / 3600
    core_hours = MILLION / (rate / cores) / 3600
    flow = rate * MACHINES * megabytes * 8 / 1000
    return (
        f"A calculation, not a measurement: a million photos of one megapixel on {MACHINES} "
        f"machines like this one, {cores} processors each, {rate:.2f} pictures a second and "
        f"machine: {60 * hours:.0f} minutes, {core_hours:,.0f} processor hours, "
        f"${core_hours * PRICE:,.0f} at ${PRICE:.2f} for one of them; {megabytes:.2f} MB read and "
        f"written a picture, {megabytes * MILLION / 1e6:.2f} TB in all, {flow:.1f} Gbit/s."
    )


def main() -> None:
    if "--child" in sys.argv:
        folder, style, workers = sys.argv[2:]
        child(Path(folder), style, int(workers))
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("--style", default="kazusa")
    parser.add_argument("--copies", type=int, nargs=2, default=[24, 120])
    arguments = parser.parse_args()
    few, many = arguments.copies
    rows: list[list[Cell]] = []
    rates = {}
    with tempfile.TemporaryDirectory() as place:
        photo = Path(place) / "photo.jpg"
        picture = Image.open(arguments.photo).convert("RGB").resize((WIDTH, HEIGHT))
        picture.save(photo, quality=92)
        read = photo.stat().st_size
        for count in (1, 2):
            for workers, name in ((0, "the folder pipeline"), (count, "workers of a cluster")):
                short, long = (
                    measure(photo, arguments.style, copies, 1 if workers else count, workers)
                    for copies in (few, many)
                )
                rate = (many - few) / (long["seconds"] - short["seconds"])
                rates[count, bool(workers)] = rate
                share = rate / rates[count, False]
                start = short["seconds"] - few / rate
                overhead = 1000 * (count / rate - count / rates[count, False])
                rows.append([
                    f"{count} x 1 thread: {name}" if workers else f"{count} threads: {name}",
                    *(rate, share, overhead, start, long["memory"] / 1e6),
                ])  # fmt: skip
                print(rows[-1], flush=True)
    columns = (
        *("", ("pictures/s", "{:.2f}"), ("of the folder pipeline", "{:.2f}")),
        *(("ms more a picture and worker", "{:.0f}"), ("start-up s", "{:.1f}")),
        ("MB a process", "{:.0f}"),
    )
    megabytes = (read + long["size"]) / 1e6
    note = (
        f"One photo of {WIDTH}x{HEIGHT}, {few} and {many} copies, {arguments.style}, JPEG to JPEG."
    )
    write("cluster", note, Table(columns, rows), reckon(rate, 2, megabytes), packages=["ray"])


if __name__ == "__main__":
    main()
