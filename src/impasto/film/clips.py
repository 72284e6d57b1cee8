"""Films, frame by frame: read with PyAV, written with the sound of the film they were made from."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from impasto.core.errors import ConfigError, ImageError, MissingError, how_to_install
from impasto.io.temporary import check_place, temporary_beside

Frame = NDArray[np.uint8]
"""(H, W, 3), sRGB."""


TIME_BASE = Fraction(1, 90_000)
"""Of timestamps, in seconds, where nothing else is said."""


@dataclass(frozen=True)
class Codec:
    """How films of one ending are written."""

    name: str
    options: Mapping[str, str]
    sounds: tuple[str, ...]
    """What the container takes as it is."""

    pixels: str = "yuv420p"
    time_base: Fraction = TIME_BASE
    """Of timestamps, in seconds."""

    container: Mapping[str, str] = field(default_factory=dict)
    """Its options."""


_H264 = {"crf": "18", "preset": "veryfast"}
_IN_ORDER = {"libx264": {"bf": "0"}}
"""Options of codecs that would store frames in another order."""

_VP9 = {"crf": "30", "b": "0", "deadline": "realtime", "cpu-used": "5"}
_AAC = ("aac", "mp3", "ac3", "alac")
_AT_ONCE = {"movflags": "faststart"}

CODECS = {
    ".mp4": Codec("libx264", _H264, _AAC, container=_AT_ONCE),
    ".mov": Codec("libx264", _H264, _AAC, container=_AT_ONCE),
    ".mkv": Codec("libx264", _H264, (*_AAC, "opus", "vorbis", "flac")),
    ".webm": Codec("libvpx-vp9", _VP9, ("opus", "vorbis")),
    ".gif": Codec("gif", {}, (), "pal8", Fraction(1, 100)),
    ".webp": Codec(
        "libwebp_anim", {"quality": "80"}, (), "yuv420p", Fraction(1, 1000), {"loop": "0"}
    ),
}
"""By ending."""


@dataclass(frozen=True)
class ClipInfo:
    """What the head of a film says."""

    rate: Fraction
    """Frames per second, on average."""

    seconds: float
    """0 if the file does not tell."""

    sound: str | None
    """Its codec; None if there is none."""


def import_av() -> ModuleType:
    """Return PyAV.

    Raises:
        MissingError: it is not installed.
    """
    if importlib.util.find_spec("av") is None:
        raise MissingError(f"films need one more package: {how_to_install('video')}")
    import av

    av.logging.set_level(None)
    return av


class Source(Protocol):
    """What the sound comes from."""

    @property
    def sound(self) -> Any:
        """The first sound, to be copied; None if there is none."""

    def sound_packets(self, start: float, end: float | None) -> Iterator[Any]:
        """Yield the packets of the sound as they are, with times from `start` on."""


class ClipReader:
    """Reads the frames of a film; use it as a context manager.

    Args:
        path: anything that FFmpeg reads.

    Raises:
        ImageError: no such file, no film, or none with a picture.
        MissingError: PyAV is not installed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._av = import_av()
        try:
            self._container = self._av.open(str(path))
        except (self._av.FFmpegError, OSError) as error:
            raise ImageError(f"{path} cannot be read as a film ({_reason(error)})") from error
        if not self._container.streams.video:
            self._container.close()
            raise ImageError(f"{path} has no pictures in it; name a film")
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"

    def __enter__(self) -> ClipReader:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._container.close()

    def info(self) -> ClipInfo:
        """Return what the head of the film says.

        Raises:
            ImageError: there is no frame in it.
        """
        try:
            next(self.frames())
        except StopIteration:
            raise ImageError(f"{self.path} has no frames in it") from None
        stream, container = self._stream, self._container
        seconds = container.duration / self._av.time_base if container.duration else 0.0
        sounds = container.streams.audio
        return ClipInfo(
            rate=Fraction(stream.average_rate or stream.guessed_rate or 25),
            seconds=float(seconds),
            sound=sounds[0].codec_context.name if sounds else None,
        )

    def frames(
        self, start: float = 0.0, end: float | None = None
    ) -> Iterator[tuple[Fraction, Frame]]:
        """Yield when each frame is shown, in seconds from the film's beginning, and the frame.

        Args:
            start: seconds before which frames are left out.
            end: seconds from which on they are.

        Raises:
            ImageError: the file is damaged before its first frame.
        """
        stream = self._stream
        base = stream.time_base or TIME_BASE
        first = stream.start_time or 0
        self._container.seek(max(0, int(start / base) + first), stream=stream)
        number = 0
        try:
            for frame in self._container.decode(stream):
                at = Fraction(number) / Fraction(stream.average_rate or 25)
                if frame.pts is not None:
                    at = (frame.pts - first) * base
                number += 1
                if at < start:
                    continue
                if end is not None and at >= end:
                    return
                yield at, _upright(frame)
        except self._av.FFmpegError as error:
            if not number:
                raise ImageError(f"{self.path} is damaged ({_reason(error)})") from error

    def sound_packets(self, start: float, end: float | None) -> Iterator[Any]:
        """Yield the packets of the sound as they are, with times from `start` on."""
        for sound in self._container.streams.audio[:1]:
            base = sound.time_base or TIME_BASE
            offset = int(start / base) + (sound.start_time or 0)
            before = offset if start else offset - int(1 / base)  # some begin before 0
            self._container.seek(before, stream=sound)
            for packet in self._container.demux(sound):
                if packet.dts is None or packet.pts is None:
                    continue
                if start:
                    if packet.pts < offset:
                        continue
                    packet.pts, packet.dts = packet.pts - offset, packet.dts - offset
                if end is not None and packet.pts * base >= end - start:
                    return
                yield packet

    def about(self, *, keep_place: bool) -> dict[str, str]:
        """Return what the file says of itself, where it was taken only if that is asked for."""
        words = dict(self._container.metadata)
        return {
            key: value
            for key, value in words.items()
            if keep_place or "location" not in key.lower()
        }

    @property
    def sound(self) -> Any:
        """The first sound, to be copied; None if there is none."""
        return next(iter(self._container.streams.audio), None)


def _upright(frame: Any) -> Frame:
    turned = np.rot90(frame.to_ndarray(format="rgb24"), (getattr(frame, "rotation", 0) // 90) % 4)
    return np.ascontiguousarray(turned)


def _reason(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error)


def check_clip_output(path: Path, *, force: bool) -> None:
    """Refuse an output that could not be written, before any work is done.

    Raises:
        ConfigError: an ending that no film is written in.
        ImageError: as `check_place`.
    """
    if path.suffix.lower() not in CODECS:
        raise ConfigError(f"-o {path}: a film ends in {', '.join(CODECS)}")
    check_place(path, force=force)


class ClipWriter:
    """Writes the frames of a film under a temporary name; `finish` gives it its own.

    Args:
        path: its ending says the format.
        width: of the frames; odd ones lose a column, as the codecs want it.
        height: likewise.
        rate: frames per second, about.
        about: what the file says of itself, such as `title` and `comment`.
        in_order: whether frames are stored in the order in which they are shown, so that such
            files can be joined.

    Raises:
        ImageError: the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        rate: Fraction,
        about: Mapping[str, str],
        *,
        in_order: bool = False,
    ) -> None:
        self.path = path
        self._av = import_av()
        self._stack = ExitStack()
        self._temporary = self._stack.enter_context(temporary_beside(path))
        self._codec = codec = CODECS[path.suffix.lower()]
        with _as_image_error(self._av, path):
            self._container = self._av.open(
                str(self._temporary), "w", options=dict(codec.container)
            )
            self._container.metadata.update(about)
            options = {**codec.options, **(_IN_ORDER.get(codec.name, {}) if in_order else {})}
            self._stream = self._container.add_stream(codec.name, rate=rate, options=options)
        self._stream.width, self._stream.height = _even(width), _even(height)
        self._stream.pix_fmt = codec.pixels
        self._stream.codec_context.time_base = codec.time_base
        self._palettes = None
        if codec.pixels == "pal8":
            self._palettes = _Palettes(self._av, self._stream, codec.time_base)
        self._last = -1
        self._sound: Any = None

    def add_sound(self, reader: ClipReader) -> bool:
        """Get ready to copy the sound; return whether the container takes it as it is."""
        sound = reader.sound
        if sound is None or sound.codec_context.name not in self._codec.sounds:
            return False
        with _as_image_error(self._av, self.path):
            self._sound = self._container.add_stream_from_template(sound)
        return True

    def write(self, at: Fraction, image: Frame) -> None:
        """Write one frame, shown at so many seconds.

        Raises:
            ImageError: the disk is full.
        """
        width, height = self._stream.width, self._stream.height
        frame = self._av.VideoFrame.from_ndarray(
            np.ascontiguousarray(image[:height, :width]), format="rgb24"
        )
        base = self._codec.time_base
        self._last = frame.pts = max(self._last + 1, round(at / base))
        frame.time_base = base
        with _as_image_error(self._av, self.path):
            self._encode(frame)

    def _encode(self, frame: Any) -> None:
        """Write a frame; None for the end."""
        if self._palettes is not None:
            for each in self._palettes(frame):
                self._container.mux(self._stream.encode(each))
        elif frame is not None:
            self._container.mux(self._stream.encode(frame))
        if frame is None:
            self._container.mux(self._stream.encode(None))

    def finish(self, reader: Source | None, start: float, end: float | None) -> None:
        """Write the sound and give the file its name.

        Raises:
            ImageError: the disk is full.
        """
        with _as_image_error(self._av, self.path):
            self._encode(None)
            if self._sound is not None and reader is not None:
                for packet in reader.sound_packets(start, end):
                    packet.stream = self._sound
                    self._container.mux(packet)
            self._container.close()
            self._temporary.replace(self.path)
        self._stack.close()

    def discard(self) -> None:
        """Leave nothing behind, if the film was not finished."""
        with suppress(Exception):
            self._container.close()
        self._stack.close()


def size_of_clip(path: Path) -> tuple[int, int]:
    """Return width and height of a film.

    Raises:
        ImageError: it cannot be read.
    """
    with ClipReader(path) as reader:
        _, frame = next(reader.frames())
    height, width = frame.shape[:2]
    return width, height


def join_clips(
    parts: Sequence[tuple[Path, Fraction]],
    path: Path,
    reader: Source,
    about: Mapping[str, str],
    start: float,
    end: float,
) -> None:
    """Join films that were written `in_order` into one, as they are, with the sound of `reader`.

    Args:
        parts: at least one film, and at how many seconds each begins.
        path: of the whole; an existing file is replaced.
        reader: of the film they were painted from.
        about: what the file says of itself.
        start: seconds of that film at which they begin.
        end: at which they end.

    Raises:
        ImageError: a part cannot be read, or the whole cannot be written.
    """
    av = import_av()
    codec = CODECS[path.suffix.lower()]
    with _as_image_error(av, path), temporary_beside(path) as temporary:
        with av.open(str(temporary), "w", options=dict(codec.container)) as whole:
            whole.metadata.update(about)
            with av.open(str(parts[0][0])) as first:
                stream = whole.add_stream_from_template(first.streams.video[0])
            sound = None
            if reader.sound is not None and reader.sound.codec_context.name in codec.sounds:
                sound = whole.add_stream_from_template(reader.sound)
            for part, at in parts:
                with av.open(str(part)) as opened:
                    for packet in opened.demux(opened.streams.video[0]):
                        if packet.dts is None or packet.pts is None:
                            continue  # the empty one at the end
                        offset = round(at / packet.time_base)
                        packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                        packet.stream = stream
                        whole.mux(packet)
            if sound is not None:
                for packet in reader.sound_packets(start, end):
                    packet.stream = sound
                    whole.mux(packet)
        temporary.replace(path)


class _Palettes:
    """Gives every frame of a GIF the 256 colors that suit it."""

    def __init__(self, av: ModuleType, stream: Any, time_base: Fraction) -> None:
        self._av = av
        graph = self._graph = av.filter.Graph()
        size = {"width": stream.width, "height": stream.height}
        self._source = graph.add_buffer(format="rgb24", time_base=time_base, **size)
        split = graph.add("split")
        palette = graph.add("palettegen", "stats_mode=single")
        use = graph.add("paletteuse", "new=1:dither=bayer:bayer_scale=4")
        self._sink = graph.add("buffersink")
        self._source.link_to(split)
        split.link_to(palette, 0, 0)
        split.link_to(use, 1, 0)
        palette.link_to(use, 0, 1)
        use.link_to(self._sink)
        graph.configure()

    def __call__(self, frame: Any) -> Iterator[Any]:
        """Yield the frames that are ready; None for the end."""
        self._source.push(frame)
        while True:
            try:
                yield self._sink.pull()
            except (self._av.BlockingIOError, self._av.EOFError):
                return


def _even(side: int) -> int:
    return max(2, side - side % 2)


@contextmanager
def _as_image_error(av: ModuleType, path: Path) -> Iterator[None]:
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        raise ImageError(f"cannot write {path}: {_reason(error)}") from error
