"""Films: how much the strokes flicker, how sharp they stay, how fast it goes.

    python benchmarks/video.py PHOTOS [--films bikes.mp4] [--styles starry-night cafe-terrace]

The clips are camera moves over photos, with the grain of a camera, and the middle of each film that
--films names, at its own speed. Temporal error: for every pixel
that optical flow (DIS, there and back agree) sees in both frames, the root mean square of frame t
minus frame t-1 warped along the *input's* flow, 0..1. Sharpness: variance of the Laplacian beside
that of the frames painted one by one. Both are the painted frames'; packing them adds an error,
which has a column of its own.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

import impasto
from impasto.film.clips import ClipWriter, Frame
from impasto.film.pictures import open_film
from impasto.film.steady import Steadier
from impasto.io.folder import find_pictures
from report import DOCS, Cell, Table, write

WIDTH, HEIGHT, RATE = 640, 360, 25
GRAIN = 3.0
"""Standard deviation of the clips' noise, of 255."""

SHOWN = 320, 180
"""Size of a film in the moving picture of all."""

BLEND = 0.7
"""Of the last result, in the plain blend."""


def moves(photo: Path, frames: int, number: int) -> list[Frame]:
    """Return a camera move over a photo: a pan, a zoom in, a turn."""
    with Image.open(photo) as opened:
        image = np.asarray(opened.convert("RGB").resize((1280, 720), Image.Resampling.LANCZOS))
    noise = np.random.default_rng(number)
    found = []
    for at in np.linspace(0, 1, frames):
        x, y, scale, angle = [
            (300 + 600 * at, 200 + 300 * at, 1.0, 0.0),
            (640.0, 360.0, 1.0 + 0.6 * at, 0.0),
            (640.0, 360.0, 1.1, 12 * at),
        ][number % 3]
        matrix = cv2.getRotationMatrix2D((x, y), float(angle), float(scale))
        matrix[:, 2] += WIDTH / 2 - x, HEIGHT / 2 - y
        frame = cv2.warpAffine(image, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
        grain = noise.normal(0, GRAIN, frame.shape)
        found.append((frame + grain).clip(0, 255).astype(np.uint8))
    return found


def middle(film: Path, frames: int) -> list[Frame]:
    """Return frames of a real film from its middle on, cut to the same shape."""
    found = read(film)
    start = max(0, (len(found) - frames) // 2)
    return [cut(frame) for frame in found[start : start + frames]]


def cut(frame: Frame) -> Frame:
    height, width = frame.shape[:2]
    scale = max(WIDTH / width, HEIGHT / height)
    large = cv2.resize(
        frame, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA
    )
    top, left = (large.shape[0] - HEIGHT) // 2, (large.shape[1] - WIDTH) // 2
    return large[top : top + HEIGHT, left : left + WIDTH]


def temporal_error(film: Sequence[Frame], results: Sequence[Frame]) -> float:
    """Return the median over all pairs of frames."""
    judge = Steadier(1.0)
    errors = []
    for number in range(1, len(film)):
        flow, seen = judge.motion(film[number], film[number - 1])
        height, width = results[number].shape[:2]
        flow = judge.resized(flow, width, height)
        mask = cv2.resize(seen, (width, height)) > 0.99
        moved = judge.warp(results[number - 1].astype(np.float32), flow)
        difference = (results[number].astype(np.float32) - moved)[mask] / 255
        errors.append(float(np.sqrt(np.mean(np.square(difference)))))
    return statistics.median(errors)


def sharpness(frames: Sequence[Frame]) -> float:
    grays = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames)
    return statistics.median(float(cv2.Laplacian(gray, cv2.CV_64F).var()) for gray in grays)


def blended(frames: Sequence[Frame]) -> list[Frame]:
    """Return every frame mixed with the last result, where that was."""
    found: list[NDArray[np.float32]] = []
    for frame in frames:
        now = frame.astype(np.float32)
        found.append(BLEND * found[-1] + (1 - BLEND) * now if found else now)
    return [frame.astype(np.uint8) for frame in found]


def read(path: Path) -> list[Frame]:
    with open_film(path) as reader:
        return [frame for _, frame in reader.frames()]


def draw(ways: Sequence[Sequence[Frame]], folder: Path) -> None:
    """Draw a short moving picture of several films side by side, and three stills below another."""
    rows = []
    for frames in zip(*ways, strict=True):
        row = np.concatenate(
            [cv2.resize(each, SHOWN, interpolation=cv2.INTER_AREA) for each in frames], 1
        )
        rows.append(Image.fromarray(row))
    first, *rest = rows[::2]
    how = {"duration": 2000 // RATE, "loop": 0, "quality": 62}
    first.save(folder / "film.webp", save_all=True, append_images=rest, **how)
    stills = np.concatenate([np.asarray(rows[at]) for at in (10, 12, 14)])
    Image.fromarray(stills).save(folder / "film-stills.jpg", quality=88)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--styles", nargs="+", default=["starry-night", "cafe-terrace"])
    parser.add_argument("--films", type=Path, nargs="+", default=[], help="real ones")
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--no-report", action="store_true", help="leave docs/benchmarks.md alone")
    arguments = parser.parse_args()
    rows: list[list[Cell]] = []
    with tempfile.TemporaryDirectory() as folder:
        photos = find_pictures(arguments.photos)[:3]
        moving = [moves(photo, arguments.frames, number) for number, photo in enumerate(photos)]
        names = ["pan", "zoom", "turn"][: len(photos)] + [film.stem for film in arguments.films]
        moving += [middle(film, arguments.frames) for film in arguments.films]
        for name, frames in zip(names, moving, strict=True):
            clip = Path(folder, f"{name}.mkv")
            writer = ClipWriter(clip, WIDTH, HEIGHT, Fraction(RATE), {})
            for at, frame in enumerate(frames):
                writer.write(Fraction(at, RATE), frame)
            writer.finish(None, 0.0, None)
            film = read(clip)
            for style in arguments.styles:
                painted = {}
                for steady in (0.0, 1.0):
                    path = Path(folder, f"{name}-{style}-{steady:.0f}")
                    impasto.video(clip, style, path, steady=steady)
                    painted[steady] = read(path)
                alone, steady_film = painted[0.0], painted[1.0]
                began = time.perf_counter()
                packed = Path(folder, f"{name}-{style}.mp4")
                impasto.video(clip, style, packed)
                seconds = time.perf_counter() - began
                ways = (alone, blended(alone), steady_film, read(packed), film)
                rows.append(
                    [
                        name,
                        style,
                        *(temporal_error(film, results) for results in ways),
                        sharpness(steady_film) / sharpness(alone),
                        len(film) / seconds,
                    ]
                )
                print(rows[-1], flush=True)
                if len(rows) == 1 and not arguments.no_report:
                    draw((film, alone, steady_film), DOCS / "gallery")
    if not arguments.no_report:
        columns = (
            *("film", "style", ("frame by frame", "{:.3f}"), ("plain blend", "{:.3f}")),
            *(("steady", "{:.3f}"), ("steady, as MP4", "{:.3f}"), ("the film itself", "{:.3f}")),
            *(("sharpness kept", "{:.2f}"), ("frames/s, file to file", "{:.1f}")),
        )
        note = f"Temporal error, {WIDTH} x {HEIGHT}, {arguments.frames} frames each."
        write("video", note, Table(columns, rows), packages=["openvino"])


if __name__ == "__main__":
    main()
