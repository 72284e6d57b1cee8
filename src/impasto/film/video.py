"""`impasto.video`: a film in a trained style, steady, with its sound."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from impasto.core.errors import ConfigError
from impasto.core.events import Advanced, Event, Note, Painted, StopEarly
from impasto.film.clips import ClipInfo, ClipReader, ClipWriter, Frame, check_clip_output
from impasto.film.options import FilmOptions
from impasto.film.steady import Steadier
from impasto.networks.model import Model, one_pass_only
from impasto.networks.options import StylizeOptions
from impasto.networks.stylize import load_events

Shown = tuple[Fraction, Frame]


def video(
    clip: str | Path,
    style: str | Path,
    output: str | Path,
    *,
    steady: float = 1.0,
    start: float = 0.0,
    end: float | None = None,
    force: bool = False,
    **options: Any,
) -> Path:
    """Paint a film in one pass a frame, and return the file.

    Args:
        clip: a film, anything that FFmpeg reads.
        style: a trained style, or a painting.
        output: .mp4, .mov, .mkv, .webm, .gif or .webp.
        steady: see `FilmOptions`.
        start: see `FilmOptions`.
        end: see `FilmOptions`.
        force: overwrite the output if it exists.
        **options: fields of `StylizeOptions`, such as `size=640`.

    Raises:
        InputError: a film, a style or an option that cannot be used.
        MissingError: PyAV or OpenCV is not installed (extra `video`).
    """
    film = FilmOptions(steady=steady, start=start, end=end)
    chosen = StylizeOptions(style=str(style), **options)
    for _ in video_events(clip, output, chosen, film, force=force):
        pass
    return Path(output)


def video_events(
    clip: str | Path,
    output: str | Path,
    options: StylizeOptions,
    film: FilmOptions,
    *,
    force: bool = False,
) -> Generator[Event, None, None]:
    """Yield what happens while a film is painted; the last event is `Painted`.

    Throw `StopEarly` in to end with the film so far.

    Args:
        clip: a film, anything that FFmpeg reads.
        output: .mp4, .mov, .mkv, .webm, .gif or .webp.
        options: of every frame.
        film: of the film.
        force: overwrite the output if it exists.

    Yields:
        `Note`, `Transfer`, `Advanced` for every frame, `Painted`.

    Raises:
        InputError: a film, a style or an option that cannot be used.
        MissingError: PyAV or OpenCV is not installed (extra `video`).
    """
    one_pass_only(options)
    path = Path(output)
    check_clip_output(path, force=force)
    with ClipReader(Path(clip)) as reader:
        info = reader.info()
        model = yield from load_events(options)
        if model.choice.paintings:
            yield Note(
                "every frame is painted in one pass of the network for any painting; impasto learn "
                "PAINTING makes a network that paints nearer to it"
            )
        yield from _Film(model, options, film, reader, info, path).events()


class _Film:
    """One film while it is painted."""

    def __init__(
        self,
        model: Model,
        options: StylizeOptions,
        film: FilmOptions,
        reader: ClipReader,
        info: ClipInfo,
        path: Path,
    ) -> None:
        self.model, self.options, self.film = model, options, film
        self.reader, self.info, self.path = reader, info, path
        self.steadier = Steadier(film.steady)
        end = info.seconds if film.end is None else min(film.end, info.seconds or film.end)
        self.expected = max(1, round((end - film.start) * info.rate))

    def events(self) -> Generator[Event, None, None]:
        """Yield what happens."""
        began, done = time.perf_counter(), 0
        writer: ClipWriter | None = None
        last, start = Fraction(0), Fraction(self.film.start)
        try:
            with closing(_ahead(self.reader.frames(self.film.start, self.film.end))) as frames:
                for at, frame in frames:
                    image = self.steadier(frame, self._paint(frame))
                    if writer is None:
                        writer = self._writer(image)
                        if self.info.sound and not writer.add_sound(self.reader):
                            ending = self.path.suffix
                            yield Note(f"the sound ({self.info.sound}) does not go into {ending}")
                    last = at - start  # not below 0: earlier frames are left out
                    writer.write(last, image)
                    done += 1
                    try:
                        yield self._advanced(done, time.perf_counter() - began)
                    except StopEarly:
                        break
            writer = self._something(writer)
            end = self.film.start + float(last) + 1 / float(self.info.rate)
            writer.finish(self.reader, self.film.start, end)
        except BaseException:
            if writer is not None:
                writer.discard()
            raise
        seconds = time.perf_counter() - began
        height, width = image.shape[:2]
        yield Painted(
            self.path, self.reader.path, width, height, seconds, done, done, done / seconds, 0.0
        )

    def _something(self, writer: ClipWriter | None) -> ClipWriter:
        if writer is None:
            raise ConfigError(
                f"--start {self.film.start:g}: the film ends before that, after "
                f"{self.info.seconds:.1f} s"
            )
        return writer

    def _paint(self, frame: Frame) -> Frame:
        return np.asarray(self.model.paint(frame, self.options).image.convert("RGB"))

    def _writer(self, image: Frame) -> ClipWriter:
        height, width = image.shape[:2]
        about = self.reader.about(keep_place=self.options.keep_place)
        style = self.model.source.name
        about["comment"] = f"impasto video {self.reader.path.name} --style {style}"
        return ClipWriter(self.path, width, height, self.info.rate, about)

    def _advanced(self, done: int, seconds: float) -> Advanced:
        total = max(done, self.expected)
        what = f"frame {done} of {total}, {done / seconds:.1f} a second"
        return Advanced(what, done / total, seconds / done * (total - done))


def _ahead(frames: Iterator[Shown]) -> Generator[Shown, None, None]:
    """Yield frames, of which a thread decodes the next while one is painted."""
    with ThreadPoolExecutor(1, "impasto-decode") as pool:
        following: Future[Shown | None] = pool.submit(next, frames, None)
        while (found := following.result()) is not None:
            following = pool.submit(next, frames, None)
            yield found
