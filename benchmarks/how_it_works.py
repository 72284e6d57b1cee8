"""Makes the pictures of docs/how-it-works.md with the commands that the page names.

python benchmarks/how_it_works.py            # those that are missing, about 20 minutes
python benchmarks/how_it_works.py grid.jpg   # this one anew
"""

from __future__ import annotations

import argparse
import io
import shlex
import tempfile
from pathlib import Path

from PIL import Image

import impasto
from impasto.analysis.figure import Row, picture_table
from impasto.cli.start import main as impasto_command

FOLDER = Path(__file__).parent.parent / "docs" / "how-it-works"
LARGEST = 245_000
"""Bytes of one picture."""

COMMANDS = {
    "maps-relu1_1.jpg": "inspect castle --layer relu1_1 --show maps --channels 11",
    "maps-relu3_1.jpg": "inspect castle --layer relu3_1 --show maps --channels 11",
    "maps-relu5_1.jpg": "inspect castle --layer relu5_1 --show maps --channels 11",
    "layers-castle.jpg": "reconstruct castle --all",
    "layers-starry-night.jpg": "reconstruct starry-night --all",
    "gram.jpg": "inspect starry-night --show gram",
    "pairs-relu3_1.jpg": "inspect starry-night --layer relu3_1 --show pairs",
    "pairs-relu4_1.jpg": "inspect starry-night --layer relu4_1 --show pairs",
    "texture.jpg": "reconstruct starry-night --style-layers relu1_1,relu2_1,relu3_1,relu4_1 "
    "--size 800x300",
    "grid.jpg": "grid castle starry-night --coarsest 64",
}
"""By file; each command also takes -o FILE."""

STEPS = (0, 5, 15, 40, 100)
"""Of the optimization that is shown in steps.jpg."""


def run_command(command: str, folder: Path) -> Image.Image:
    path = folder / "made.png"
    words = [*shlex.split(command), "-o", str(path), "--force"]
    if command.startswith("grid"):
        words += ["--run", str(Path(tempfile.gettempdir()) / "how-it-works.grid")]
    if impasto_command(words):
        raise SystemExit(f"impasto {command} failed")
    with Image.open(path) as opened:
        return opened.convert("RGB")


def show_steps() -> Image.Image:
    """Return what `impasto optimize castle starry-night --init noise` paints on the way."""
    shown = []
    for steps in STEPS:
        result = impasto.optimize(
            "castle", "starry-night", init="noise", size=256, coarsest=0, steps=(steps,)
        )
        loss = result.losses["total"]
        shown.append((f"step {steps}, loss {loss:.2g}", result.image))
    return picture_table([], [Row("", shown)])


def save(image: Image.Image, path: Path) -> None:
    """Write a JPEG of at most LARGEST bytes, shrunk as little as that takes."""
    if image.width > 1500:
        image = image.resize((1500, round(image.height * 1500 / image.width)), Image.LANCZOS)
    for quality in range(90, 40, -4):
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=quality, optimize=True, progressive=True)
        if stream.tell() <= LARGEST:
            path.write_bytes(stream.getvalue())
            print(path.name, image.size, f"{stream.tell() / 1000:.0f} kB, quality {quality}")
            return
    raise SystemExit(f"{path.name} does not fit into {LARGEST} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="files to make anew; all that are missing if none")
    names = parser.parse_args().names
    FOLDER.mkdir(exist_ok=True)
    for name in names or [*COMMANDS, "steps.jpg"]:
        path = FOLDER / name
        if path.exists() and not names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            image = (
                show_steps() if name == "steps.jpg" else run_command(COMMANDS[name], Path(folder))
            )
        save(image, path)


if __name__ == "__main__":
    main()
