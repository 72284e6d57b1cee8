"""Films as pictures: folders of frames, in and out, and what moves and FFmpeg does not read."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageSequence

from impasto.core.errors import ConfigError, ImageError
from impasto.film.clips import CODECS, ClipInfo, ClipReader, ClipWriter, Frame
from impasto.film.clips import check_clip_output as check_film
from impasto.io.folder import find_pictures
from impasto.io.image import read_pixels, write_picture
from impasto.io.opening import opening
from impasto.io.paths import is_folder, is_taken

RATE = 25
"""Frames per second of a folder, if nothing else is said."""

MOVING = (".webp", ".png", ".apng")
"""Endings of moving pictures that are read with Pillow, with transparent places on white."""

SHORTEST = Fraction(1, 50)
"""Seconds of a frame that says it is shown for none: browsers take a tenth, films a fiftieth."""


class PicturesReader:
    """Reads a folder of pictures, or a moving picture, as a film; like `ClipReader`.

    Args:
        path: the folder, whose pictures are taken in the order of the numbers in their names; or
            an animated WebP or PNG.
        rate: frames per second of a folder.

    Raises:
        ImageError: no pictures, or a file that does not move.
    """

    sound = None

    def __init__(self, path: Path, rate: float | None = None) -> None:
        self.path = path
        self._rate = Fraction(rate or RATE).limit_denominator(1001)
        self._files: list[Path] = []
        if is_folder(path):
            self._files = frames_in(path)
            if not self._files:
                raise ImageError(f"{path} has no pictures in it; name a film or a folder of frames")
            return
        with opening(path, str(path)) as opened:
            if getattr(opened, "n_frames", 1) < 2:
                raise ImageError(f"{path} is one picture, not a film; use impasto stylize")

    def __enter__(self) -> PicturesReader:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open between two frames."""

    def info(self) -> ClipInfo:
        """Return how many seconds there are."""
        if self._files:
            return ClipInfo(self._rate, len(self._files) / float(self._rate), None)
        with opening(self.path, str(self.path)) as opened:
            times = [_seconds(frame) for frame in ImageSequence.Iterator(opened)]
        return ClipInfo(Fraction(len(times)) / sum(times), float(sum(times)), None)

    def frames(
        self, start: float = 0.0, end: float | None = None
    ) -> Iterator[tuple[Fraction, Frame]]:
        """Yield when each frame is shown, in seconds, and the frame.

        Raises:
            ImageError: a picture that cannot be read, or has another size than the first.
        """
        size: tuple[int, ...] | None = None
        for at, frame in self._folder() if self._files else self._moving():
            if end is not None and at >= end:
                return
            if at < start:
                continue
            picture = frame() if callable(frame) else frame
            if size is not None and picture.shape != size:
                raise ImageError(
                    f"{self.path}: frame {round(at * self._rate) + 1} has another size than the "
                    "first; all frames of a film have one"
                )
            size = picture.shape
            yield at, picture

    def _folder(self) -> Iterator[tuple[Fraction, Any]]:
        for number, path in enumerate(self._files):
            yield number / self._rate, lambda path=path: _read(path)

    def _moving(self) -> Iterator[tuple[Fraction, Any]]:
        at = Fraction(0)
        with opening(self.path, str(self.path)) as opened:
            for frame in ImageSequence.Iterator(opened):
                image = frame.convert("RGBA")
                white = Image.new("RGBA", image.size, "white")
                yield at, np.asarray(Image.alpha_composite(white, image).convert("RGB"))
                at += _seconds(frame)

    def sound_packets(self, _start: float, _end: float | None) -> Iterator[Any]:
        """Yield nothing: pictures make no sound."""
        return iter(())

    def about(self, *, keep_place: bool) -> dict[str, str]:  # noqa: ARG002
        """Return nothing: a folder says nothing of itself."""
        return {}


Reader = ClipReader | PicturesReader


def open_film(path: Path, rate: float | None = None) -> Reader:
    """Return a reader of a film, a moving picture or a folder of frames; a context manager.

    Raises:
        ImageError: none of these.
        MissingError: PyAV is needed and not installed.
    """
    if is_folder(path) or (path.suffix.lower() in MOVING and path.is_file()):
        return PicturesReader(path, rate)
    return ClipReader(path)


def frames_in(folder: Path) -> list[Path]:
    """Return the pictures in a folder in the order of their numbers."""
    return sorted(find_pictures(folder), key=_by_number)


def _by_number(path: Path) -> list[Any]:
    """Return what sorts frame-2 before frame-10."""
    parts = re.split(r"(\d+)", path.as_posix())
    return [(int(part), part) if part.isdecimal() else (-1, part) for part in parts]


def _read(path: Path) -> Frame:
    pixels = read_pixels(path)
    found: Frame = (pixels.array * 255).round().clip(0, 255).astype(np.uint8)
    return found


def _seconds(frame: Image.Image) -> Fraction:
    shown = Fraction(frame.info.get("duration", 0) or 0).limit_denominator(10**6) / 1000
    return shown or SHORTEST


class FolderWriter:
    """Writes the frames of a film as pictures, like `ClipWriter`.

    They come into a folder beside it first; `finish` gives that its name.

    Args:
        path: of the folder.

    Raises:
        ImageError: it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._number = 0
        try:
            made = tempfile.mkdtemp(prefix=".impasto-", suffix=".part", dir=path.parent)
        except OSError as error:
            raise ImageError(f"cannot write into {path.parent}: {error.strerror}") from error
        self._folder = Path(made)

    def add_sound(self, _reader: Reader) -> bool:
        """Return False: a folder has no room for sound."""
        return False

    def write(self, _at: Fraction, image: Frame) -> None:
        """Write one frame as 00001.png and so on.

        Raises:
            ImageError: the disk is full.
        """
        self._number += 1
        write_picture(Image.fromarray(image), self._folder / f"{self._number:05}.png")

    def finish(self, _reader: Reader | None, _start: float, _end: float | None) -> None:
        """Give the folder its name.

        Raises:
            ImageError: it cannot be renamed.
        """
        try:
            if is_folder(self.path):
                shutil.rmtree(self.path)
            self._folder.chmod(0o777 & ~_umask())
            self._folder.replace(self.path)
        except OSError as error:
            raise ImageError(f"cannot write {self.path}: {error.strerror}") from error

    def discard(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _umask() -> int:
    import os

    mask = os.umask(0)
    os.umask(mask)
    return mask


Writer = ClipWriter | FolderWriter


def is_frames(path: Path) -> bool:
    """Return whether a film of this name is a folder of frames: it has no ending."""
    return not path.suffix


def check_film_output(path: Path, *, force: bool) -> None:
    """Refuse an output that could not be written, before any work is done.

    Raises:
        ConfigError: an ending that no film is written in.
        ImageError: it exists, or its folder does not.
    """
    if not is_frames(path):
        check_film(path, force=force)
        return
    if not is_folder(path.absolute().parent):
        raise ImageError(f"cannot write {path}: the folder {path.parent} does not exist")
    if is_taken(path):
        names = [each.name for each in path.iterdir()] if is_folder(path) else ["a file"]
        if not all(re.fullmatch(r"\d{5,}\.png", name) for name in names):
            raise ConfigError(f"-o {path} is there and is no folder of frames; name a new folder")
        if names and not force:
            raise ImageError(f"{path} exists; use --force to overwrite it, or another name with -o")


def takes_sound(path: Path, sound: str | None) -> bool:
    """Return whether a film of this ending takes such sound as it is."""
    return not is_frames(path) and sound in CODECS[path.suffix.lower()].sounds
