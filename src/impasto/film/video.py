"""`impasto.video`: a film in a trained style, steady, with its sound."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, nullcontext, suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from impasto.core.errors import ConfigError
from impasto.core.events import Advanced, Event, Note, Painted, Preview, StopEarly
from impasto.film.clips import ClipInfo, ClipReader, ClipWriter, Frame, join_clips, size_of_clip
from impasto.film.optimized import FramePainter, frame_painter
from impasto.film.options import FilmOptions, Method
from impasto.film.pictures import (
    FolderWriter,
    Reader,
    Writer,
    check_film_output,
    frames_in,
    is_frames,
    open_film,
    takes_sound,
)
from impasto.film.run_folder import FilmRun, FilmState, begins
from impasto.film.steady import Motion, Steadier
from impasto.io.image import read_picture
from impasto.io.inputs import describe
from impasto.io.paths import is_folder
from impasto.networks.model import one_pass_only
from impasto.networks.options import StylizeOptions
from impasto.networks.registry import find_style, is_random, style_of_painting
from impasto.networks.stylize import Painter, load_events
from impasto.training.learn import Learned, learn_events

Prepared = tuple[Fraction, Frame, Motion | None]
"""When a frame is shown, the frame, and its motion from the one before."""

PREVIEW_SECONDS = 2.0
"""How often a painted frame is shown."""

PART_FRAMES = 100
"""After so many, a run keeps how far it has come."""


def video(
    clip: str | Path,
    style: str | Path,
    output: str | Path,
    *,
    steady: float = 1.0,
    start: float = 0.0,
    end: float | None = None,
    fps: float | None = None,
    method: Method = "network",
    force: bool = False,
    **options: Any,
) -> Path:
    """Paint a film in one pass a frame, and return the file.

    Args:
        clip: a film, anything that FFmpeg reads, an animated WebP or PNG, or a folder of frames.
        style: a trained style; or a painting, which is learned first (`impasto.learn`), unless
            `seconds=0` asks for one pass of the network for any painting.
        output: .mp4, .mov, .mkv, .webm, .gif or .webp; without an ending a folder of frames.
        steady: see `FilmOptions`.
        start: see `FilmOptions`.
        end: see `FilmOptions`.
        fps: see `FilmOptions`.
        method: see `FilmOptions`.
        force: overwrite the output if it exists.
        **options: fields of `StylizeOptions`, such as `size=640`.

    Raises:
        InputError: a film, a style or an option that cannot be used.
        MissingError: PyAV or OpenCV is not installed (extra `video`).
    """
    film = FilmOptions(steady=steady, start=start, end=end, fps=fps, method=method)
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
    run: str | Path | None = None,
) -> Generator[Event, None, None]:
    """Yield what happens while a film is painted; the last event is `Painted`.

    Throw `StopEarly` in to end with the film so far.

    Args:
        clip: a film, anything that FFmpeg reads, an animated WebP or PNG, or a folder of frames.
        output: .mp4, .mov, .mkv, .webm, .gif or .webp; without an ending a folder of frames.
        options: of every frame.
        film: of the film.
        force: overwrite the output if it exists.
        run: folder to keep finished parts in, so that `resume_video_events` can go on from there;
            not for .gif and .webp.

    Yields:
        `Note`, `Transfer`, `Advanced` for every frame, `Preview` now and then, `Painted`.

    Raises:
        InputError: a film, a style or an option that cannot be used.
        MissingError: PyAV or OpenCV is not installed (extra `video`).
    """
    one_pass_only(options)
    if film.method == "optimize" and options.regions is not None:
        raise ConfigError("--method optimize paints whole frames; leave out --regions")
    if options.regions is None and is_random(options.style):
        raise ConfigError(f"--style {options.style} names several; name the one style of the film")
    path = Path(output)
    check_film_output(path, force=force)
    with open_film(Path(clip), film.fps) as reader:
        reader.info()  # refuses what is no film, before anything is learned or made
    folder = None if run is None else FilmRun(Path(run))
    if folder is not None:
        folder.check(path)
    if film.method == "network":
        options = yield from _learned(options)
    if folder is not None:
        folder.create(Path(clip), path, options, film)
    with nullcontext() if folder is None else folder.held():
        yield from _paint(Path(clip), path, options, film, folder)


def resume_video_events(
    run: str | Path, moved: str | Path | None = None
) -> Generator[Event, None, None]:
    """Yield what happens while a run goes on after its last finished part; the last is `Painted`.

    Args:
        run: the folder that was named to `video_events`.
        moved: where the film is now, if it is in another place.

    Raises:
        InputError: no run folder, or the film is gone or has changed.
    """
    folder = FilmRun(Path(run))
    task = folder.task(None if moved is None else Path(moved))
    with folder.held():
        yield from _paint(Path(task.clip), Path(task.output), task.options, task.film, folder)


def _learned(options: StylizeOptions) -> Generator[Event, None, StylizeOptions]:
    """Learn a painting of one's own first, unless one pass is asked for (`seconds` 0)."""
    if options.regions is not None:
        return options
    choice = find_style(options.style, options.any_model)
    if len(choice.paintings) != 1 or options.seconds is not None or options.names_a_network:
        return options
    painting = choice.paintings[0]
    name = style_of_painting(describe(painting).sha256)
    if name is None:
        yield Note(
            f"learning {painting} first, which takes a minute and more; --seconds 0 paints at once "
            "with the network for any painting"
        )
        for event in learn_events(painting):
            yield event
            name = event.name if isinstance(event, Learned) else name
    else:
        yield Note(f"{painting} is the style {name} already")
    assert name is not None
    return replace(options, style=name, style_scale=1.0)


def _paint(
    clip: Path, path: Path, options: StylizeOptions, film: FilmOptions, run: FilmRun | None
) -> Generator[Event, None, None]:
    with open_film(clip, film.fps) as reader:
        info = reader.info()
        painter: Painter | FramePainter
        if film.method == "optimize":
            painter = yield from frame_painter(options)
        else:
            painter = yield from load_events(_with_map(options, _maps_of(options), 0))
        yield from _Film(painter, options, film, reader, info, path, run).events()


def _maps_of(options: StylizeOptions) -> list[Path]:
    """Return the region maps of the frames; of one map for all, or none, nothing."""
    if options.regions is None or not is_folder(options.regions):
        return []
    found = frames_in(Path(options.regions))
    if not found:
        raise ConfigError(f"--regions {options.regions}: the folder has no pictures in it")
    return found


def _with_map(options: StylizeOptions, maps: list[Path], number: int) -> StylizeOptions:
    """Return the options of one frame; the last map goes on."""
    if not maps:
        return options
    return replace(options, regions=str(maps[min(number, len(maps) - 1)]))


class _Film:
    """One film while it is painted."""

    def __init__(
        self,
        painter: Painter | FramePainter,
        options: StylizeOptions,
        film: FilmOptions,
        reader: Reader,
        info: ClipInfo,
        path: Path,
        run: FilmRun | None,
    ) -> None:
        self.painter, self.options, self.film = painter, options, film
        self.reader, self.info, self.path, self.run = reader, info, path, run
        self.maps = _maps_of(options)
        self.steadier = Steadier(film.steady)
        end = info.seconds if film.end is None else min(film.end, info.seconds or film.end)
        self.rate = info.rate if film.fps is None else min(info.rate, Fraction(film.fps))
        self.expected = max(1, round((end - film.start) * self.rate))
        self.start = Fraction(film.start)
        state = None if run is None else run.state()
        self.begins = [] if state is None else begins(state)
        self.done = 0 if state is None else state.done
        self.last = None if state is None else Fraction(state.last)
        self.before = 0.0 if state is None else state.seconds
        self.began = time.perf_counter()
        self.size = 0, 0
        self.shown = self.began
        if state is not None:
            self.steadier.restore(state.arrays)

    def events(self) -> Generator[Event, None, None]:
        """Yield what happens."""
        if self.info.sound and not takes_sound(self.path, self.info.sound):
            where = self.path.suffix or "a folder"
            yield Note(f"the sound ({self.info.sound}) does not go into {where}")
        sink: _Sink | None = None
        painted_before = self.done
        with ThreadPoolExecutor(1, "impasto-encode") as encoder:
            try:
                with closing(_ahead(self._prepared())) as frames:
                    for at, frame, motion in frames:
                        image = self.steadier(frame, self._paint(frame, motion), motion)
                        if sink is None:
                            sink = self._sink(image, at)
                        sink.write(encoder, at - self.start, image)
                        self.done, self.last = self.done + 1, at
                        if sink.is_full:
                            self._end_part(sink)
                            sink = None
                        try:
                            yield self._advanced(self.done - painted_before)
                            if time.perf_counter() - self.shown >= PREVIEW_SECONDS:
                                self.shown = time.perf_counter()
                                yield Preview(self.done, read_picture(image).image)
                        except StopEarly:
                            break
                self._finish(sink)
            except BaseException:
                if sink is not None:
                    sink.discard()
                raise
        seconds = self._seconds()
        width, height = self.size
        yield Painted(
            *(self.path, self.reader.path, width, height, seconds),
            *(self.done, self.done, self.done / seconds, 0.0),
        )

    def _prepared(self) -> Iterator[Prepared]:
        """Yield the frames that are to be painted, each with its motion from the one before."""
        before, last = self.steadier.state().get("frame"), self.last
        first = self.film.start if last is None else float(last)
        slot = None if last is None else self._slot(last)
        for at, frame in self.reader.frames(first, self.film.end):
            if (last is not None and at <= last) or self._slot(at) == slot:
                continue  # painted by an earlier run, or more than --fps asks for
            slot = self._slot(at)
            motion = None
            if self.steadier.is_on and before is not None and before.shape == frame.shape:
                motion = self.steadier.motion(frame, before)
            yield at, frame, motion
            before = frame

    def _slot(self, at: Fraction) -> Fraction:
        """Return the time of a frame; of all frames with the same one, --fps shows the first."""
        if self.film.fps is None:
            return at
        return Fraction(math.floor((at - self.start) * Fraction(self.film.fps)))

    def _paint(self, frame: Frame, motion: Motion | None) -> Frame:
        if not isinstance(self.painter, FramePainter):
            options = _with_map(self.options, self.maps, self.done)
            return np.asarray(self.painter.paint(frame, options).image.convert("RGB"))
        found = self.steadier.moved(frame, motion)
        return self.painter(frame, None if found is None else found[0])

    def _about(self) -> dict[str, str]:
        about = self.reader.about(keep_place=self.options.keep_place)
        style = self.options.style
        method = "" if self.film.method == "network" else f" --method {self.film.method}"
        about["comment"] = f"impasto video {self.reader.path.name} --style {style}{method}"
        return about

    def _sink(self, image: Frame, at: Fraction) -> _Sink:
        """Return where the next frames go: the film itself, or its next part."""
        height, width = image.shape[:2]
        self.size = width, height
        if self.run is None and is_frames(self.path):
            return _Sink(FolderWriter(self.path), Fraction(0), None)
        if self.run is None:
            writer = ClipWriter(self.path, width, height, self.rate, self._about())
            if isinstance(self.reader, ClipReader):
                writer.add_sound(self.reader)
            return _Sink(writer, Fraction(0), None)
        self.begins.append(at - self.start)
        path = self.run.part(len(self.begins), self.path)
        writer = ClipWriter(path, width, height, self.rate, {}, in_order=True)
        return _Sink(writer, at - self.start, PART_FRAMES)

    def _end_part(self, sink: _Sink) -> None:
        """Finish a part, and keep how to go on after it."""
        assert self.run is not None
        sink.finish(None, 0.0, None)
        self.run.save(
            FilmState(
                parts=tuple(map(str, self.begins)),
                done=self.done,
                last=str(self.last),
                seconds=self._seconds(),
                arrays=self.steadier.state(),
            )
        )

    def _finish(self, sink: _Sink | None) -> None:
        """Give the film its name and its sound."""
        if self.last is None:
            raise ConfigError(
                f"--start {self.film.start:g}: the film ends before that, after "
                f"{self.info.seconds:.1f} s"
            )
        end = float(self.last) + 1 / float(self.rate)
        if self.run is None:
            assert sink is not None
            sink.finish(self.reader, self.film.start, end)
            return
        if sink is not None:
            self._end_part(sink)
        parts = [
            (self.run.part(number, self.path), begin) for number, begin in enumerate(self.begins, 1)
        ]
        if self.size == (0, 0):  # all was painted by an earlier run
            self.size = size_of_clip(parts[-1][0])
        join_clips(parts, self.path, self.reader, self._about(), self.film.start, end)

    def _seconds(self) -> float:
        return self.before + time.perf_counter() - self.began

    def _advanced(self, now: int) -> Advanced:
        """Return how far it is, `now` frames after this run has begun."""
        rate = now / (time.perf_counter() - self.began)
        total = max(self.done, self.expected)
        what = f"frame {self.done} of {total}, {rate:.1f} a second"
        return Advanced(what, self.done / total, (total - self.done) / rate)


class _Sink:
    """Frames on their way into a file: one is encoded while the next is painted."""

    def __init__(self, writer: Writer, begin: Fraction, most: int | None) -> None:
        self.writer, self.begin, self.most = writer, begin, most
        self.count = 0
        self._writing: Future[None] | None = None

    def write(self, encoder: ThreadPoolExecutor, at: Fraction, image: Frame) -> None:
        self._wait()
        self._writing = encoder.submit(self.writer.write, max(Fraction(0), at - self.begin), image)
        self.count += 1

    @property
    def is_full(self) -> bool:
        return self.most is not None and self.count >= self.most

    def finish(self, reader: Reader | None, start: float, end: float | None) -> None:
        self._wait()
        self.writer.finish(reader, start, end)

    def discard(self) -> None:
        with suppress(Exception):
            self._wait()
        self.writer.discard()

    def _wait(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()


def _ahead(frames: Iterator[Prepared]) -> Generator[Prepared, None, None]:
    """Yield frames, of which a thread decodes the next, and finds its motion, meanwhile."""
    with ThreadPoolExecutor(1, "impasto-decode") as pool:
        following: Future[Prepared | None] = pool.submit(next, frames, None)
        while (found := following.result()) is not None:
            following = pool.submit(next, frames, None)
            yield found
