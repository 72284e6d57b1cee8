"""One pass over large pictures: memory and time per megapixel.

    python benchmarks/large.py PHOTO [--styles cafe-terrace starry-night]

The photo is enlarged. Every row is a process of its own, from file to file, JPEG both. *Peak* is
the largest resident memory of that process (VmHWM), everything included; the seconds are the
processor's, of all threads, for `impasto.stylize`: the same beside other work.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from report import Cell, Table, write

SIZES = ((4000, 3000), (11600, 8700))


def measure(photo: str, style: str) -> None:
    """Paint, and print what it took as JSON."""
    import impasto

    began = time.process_time()
    result = impasto.stylize(photo, style, engine="torch")
    seconds = time.process_time() - began
    result.save(Path(photo).with_name("painted.jpg"), force=True)
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"peak": peak / 2**20, "seconds": seconds}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("--styles", nargs="+", default=["cafe-terrace"])
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        measure(str(arguments.photo), arguments.one)
        return
    rows: list[list[Cell]] = []
    with tempfile.TemporaryDirectory() as folder, Image.open(arguments.photo) as opened:
        for size in SIZES:
            path = Path(folder, "photo.jpg")
            opened.convert("RGB").resize(size, Image.Resampling.BICUBIC).save(path, quality=90)
            for style in arguments.styles:
                command = [sys.executable, __file__, str(path), "--one", style]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                found = json.loads(done.stdout.splitlines()[-1])
                megapixels = size[0] * size[1] / 1e6
                rows.append(
                    [
                        f"{size[0]} x {size[1]} ({megapixels:.0f} MP)",
                        style,
                        found["peak"],
                        found["seconds"],
                        found["seconds"] / megapixels,
                    ]
                )
                print(rows[-1], flush=True)
    columns = (
        *("picture", "style", ("peak, GiB", "{:.2f}"), ("processor seconds", "{:.1f}")),
        ("per megapixel", "{:.2f}"),
    )
    write("large", Table(columns, rows))


if __name__ == "__main__":
    main()
