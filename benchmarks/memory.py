"""Memory and time of a step of optimization at print size, in tiles and whole.

    python benchmarks/memory.py PHOTO PAINTING

Every row is a process of its own: some steps of L-BFGS at one size, of which all but the first are
timed (median). *Peak* is the largest resident memory of that process (VmHWM), everything included.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from report import Table, write

ROWS = (
    (1024, "64GB", 6),
    (1024, "1.5GB", 6),
    (1024, "1.1GB", 6),
    (1155, "1.1GB", 6),
    (2310, "64GB", 4),
    (2310, "2GB", 4),
    (4096, "8GB", 3),
    (4096, "4GB", 3),
)
"""Long side, the memory that is allowed, and steps: each fills L-BFGS' memory a little more."""


def measure(photo: str, painting: str, size: int, memory: str, steps: int) -> None:
    """Paint, and print what it took as JSON."""
    import impasto

    options = impasto.OptimizeOptions(
        size=size, memory=memory, steps=(steps,), coarsest=0, init="content"
    )
    plan, seconds, last = None, [], time.perf_counter()
    for event in impasto.optimize_events(photo, painting, options):
        if isinstance(event, impasto.Planned):
            plan = event
        elif isinstance(event, impasto.Step):
            seconds.append(time.perf_counter() - last)
        last = time.perf_counter()
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    width, height = plan.sizes[-1]
    step = statistics.median(seconds[1:])
    print(
        json.dumps(
            {
                "width": width,
                "height": height,
                "tile": plan.tile,
                "peak": peak / 2**20,
                "step": step,
            }
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo")
    parser.add_argument("painting")
    parser.add_argument(
        "--one", nargs=3, metavar=("SIZE", "MEMORY", "STEPS"), help=argparse.SUPPRESS
    )
    arguments = parser.parse_args()
    if arguments.one:
        size, memory, steps = arguments.one
        measure(arguments.photo, arguments.painting, int(size), memory, int(steps))
        return
    rows = []
    for size, memory, steps in ROWS:
        command = [sys.executable, __file__, arguments.photo, arguments.painting]
        done = subprocess.run(
            [*command, "--one", str(size), memory, str(steps)],
            check=True,
            capture_output=True,
            text=True,
        )
        found = json.loads(done.stdout.splitlines()[-1])
        megapixels = found["width"] * found["height"] / 1e6
        rows.append(
            (
                f"{found['width']} x {found['height']}",
                memory if memory != "64GB" else "no limit",
                f"tiles of {found['tile']} px" if found["tile"] else "whole",
                steps,
                found["peak"],
                found["step"],
                found["step"] / megapixels,
            )
        )
        print(rows[-1], flush=True)
    columns = (
        "picture",
        "--memory",
        "seen",
        "steps",
        ("peak, GiB", "{:.2f}"),
        ("s per step", "{:.1f}"),
        ("s per step and megapixel", "{:.2f}"),
    )
    write("memory", Table(columns, rows))


if __name__ == "__main__":
    main()
