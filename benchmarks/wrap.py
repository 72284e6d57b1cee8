"""Borders that meet: how visible the seam of a panorama or a texture is.

    python benchmarks/wrap.py [--size 512]

The panorama is a bundled photo beside its mirror image, whose ends go together. *Seam*: the mean
difference between the first and the last column (row), beside that of neighbors inside. What lies
below the steps of many columns inside is a step like others.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

import impasto
from impasto import assets
from report import Cell, Table, write

STYLES = ("great-wave", "cafe-terrace")
TEXTURES = ("starry-night", "poppies")
LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")


def seam(picture: Image.Image, axis: int) -> tuple[float, float]:
    """Return the step across the border, and how many steps inside are larger.

    Args:
        picture: of any size.
        axis: 0 down, 1 to the right.

    Returns:
        The mean difference over that of neighbors inside, and a share of the lines inside, 0..1.
    """
    values = np.moveaxis(np.asarray(picture.convert("RGB"), float), axis, 0)
    inside = np.abs(np.diff(values, axis=0)).mean((1, 2))
    border = np.abs(values[0] - values[-1]).mean()
    return float(border / inside.mean()), float((inside > border).mean())


def panorama(photo: str) -> Image.Image:
    path = assets.find(photo)
    assert path is not None
    with Image.open(path) as opened:
        half = opened.convert("RGB")
    whole = Image.new("RGB", (2 * half.width, half.height))
    whole.paste(half)
    whole.paste(ImageOps.mirror(half), (half.width, 0))
    return whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=512)
    size = parser.parse_args().size
    rows: list[list[Cell]] = []
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder, "panorama.png")
        panorama("castle").save(photo)
        for style in STYLES:
            for way, paint in (("optimize", impasto.optimize), ("stylize", impasto.stylize)):
                before, after = (
                    seam(paint(photo, style, size=size, wrap=wrap).image, 1)
                    for wrap in ("none", "x")
                )
                rows.append([f"panorama, {style}", f"`{way}`", before[0], *after])
                print(rows[-1], flush=True)
        for painting in TEXTURES:
            made = [
                impasto.reconstruct(
                    painting, style_layers=LAYERS, content_layers=(), size=(size, size), wrap=wrap
                ).image
                for wrap in ("none", "both")
            ]
            before, after = (max(seam(each, 0), seam(each, 1)) for each in made)
            rows.append([f"texture, {painting}", "`reconstruct`", before[0], *after])
            print(rows[-1], flush=True)
    columns = (
        *("picture", "by", ("seam without", "{:.2f}"), ("seam with `--wrap`", "{:.2f}")),
        ("steps inside that are larger", "{:.0%}"),
    )
    note = f"{size} px; of textures the worse of both directions."
    write("wrap", note, Table(columns, rows))


if __name__ == "__main__":
    main()
