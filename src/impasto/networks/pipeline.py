"""Painting many pictures: which file becomes which; while one is painted, the next is read."""

from __future__ import annotations

import tempfile
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Generic, TypeVar

from PIL import Image

from impasto.core.addresses import Address, Place, is_inside
from impasto.core.errors import ConfigError, ImageError, ImpastoError
from impasto.core.events import Event, Failed, Painted, Skipped, StopEarly
from impasto.io.encode import OUTPUT_SUFFIXES, check_size
from impasto.io.folder import PICTURE_SUFFIXES, search
from impasto.io.image import to_bytes, write_picture
from impasto.io.metadata import NOTHING, Metadata
from impasto.io.paths import exists, is_folder, is_taken, join_names, whole


@dataclass(frozen=True)
class Job:
    """One picture of a batch."""

    source: Place
    target: Place
    problem: str | None = None
    """Why it cannot be painted, if that is known beforehand."""

    done: bool | None = None
    """Whether the result is there, as far as that was asked for all of them at once."""

    def is_done(self) -> bool:
        """Return whether the result is there."""
        if self.done is not None:
            return self.done
        return self.problem is None and isinstance(self.target, Path) and is_taken(self.target)


def plan(sources: Sequence[Place], style: str, output: Place | None = None) -> list[Job]:
    """Return what is painted, and where to. Nothing is read or written.

    A file becomes `output/NAME`, or NAME_STYLE.png in the current folder. A folder is mirrored
    into `output` (into `output/FOLDER` if it is one of several sources), or into FOLDER_STYLE in
    the current folder. What lies in the output of a folder is no photo of that folder. Formats
    that cannot be written become PNG. Folders at addresses are listed once, the output too.

    Args:
        sources: files and folders. Files need not exist: painting them will fail, one by one.
        style: what to call the style in names.
        output: folder for the results, need not exist; of a single photo, its file, if it has a
            picture's ending and is at an address or the photo is.

    Raises:
        ConfigError: a result would overwrite a photo.
        ImageError: a folder without pictures.
    """
    jobs: list[Job] = []
    one = len(sources) == 1 and isinstance(output, Path | Address)
    for source in sources:
        if _is_folder(source):
            folder = output or default_folder(source, style)
            if output is not None and len(sources) > 1:
                folder = output / _whole(source).name
            jobs += _plan_folder(source, folder)
        elif output is not None and one and output.suffix.lower() in OUTPUT_SUFFIXES:
            jobs.append(Job(source, output))
        elif output is not None:
            jobs.append(Job(source, output / _writable(PurePath(source.name))))
        else:
            jobs.append(Job(source, Path(join_names([source.stem, style], ".png"))))
    jobs = _without_doubles(jobs)
    photos = {_whole(job.source) for job in jobs}
    for job in jobs:
        if _whole(job.target) in photos:
            raise ConfigError(f"{job.target} is one of the photos; name another folder with -o")
    if isinstance(output, Address):
        there = {output / key for key in output.files()} | ({output} if one else set())
        jobs = [replace(job, done=job.target in there) for job in jobs]
    return jobs


def default_folder(source: Place, style: str) -> Path:
    """Return where a folder's results go if nothing else is said."""
    return Path(join_names([_whole(source).name, style], ""))


def _is_folder(source: Place) -> bool:
    return source.is_folder() if isinstance(source, Address) else is_folder(source)


def _whole(name: Place) -> Place:
    return name if isinstance(name, Address) else whole(name)


def _plan_folder(folder: Place, output: Place) -> list[Job]:
    if isinstance(folder, Address):
        return _plan_address(folder, output)
    found = search(folder)
    photos = found.pictures
    inside = None if isinstance(output, Address) else whole(output)
    if inside is not None and inside != whole(folder) and inside.is_relative_to(whole(folder)):
        photos = [photo for photo in photos if not whole(photo).is_relative_to(inside)]
    if not photos:
        why = f" ({' '.join(map(str, found.unread[0]))})" if found.unread else ""
        raise ImageError(f"there are no pictures in the folder {folder}{why}")
    jobs = [Job(photo, output / _writable(photo.relative_to(folder))) for photo in photos]
    for path, why in found.unread:
        jobs.append(Job(path, output / path.relative_to(folder), f"{path} {why}"))
    return jobs


def _plan_address(folder: Address, output: Place) -> list[Job]:
    jobs = []
    for key in folder.files():
        name, source = PurePath(key), folder / key
        hidden = any(part.startswith(".") and part != ".." for part in name.parts)
        if hidden or name.suffix.lower() not in PICTURE_SUFFIXES:
            continue
        if isinstance(output, Address) and f"{source.url}/".startswith(f"{output.url}/"):
            continue
        if is_inside(key):
            jobs.append(Job(source, output / _writable(name)))
        else:
            problem = f"{source} is left out: its name would lead out of the folder of the results"
            jobs.append(Job(source, output / "refused.png", problem))
    if not jobs:
        raise ImageError(f"there are no pictures at {folder}; check the address")
    return jobs


def _writable(name: PurePath) -> PurePath:
    return name if name.suffix.lower() in OUTPUT_SUFFIXES else name.with_suffix(".png")


def _without_doubles(jobs: Iterable[Job]) -> list[Job]:
    """Return the jobs, those numbered whose target an earlier one has.

    The number depends on the place in the list only, not on which files exist, so that a second
    run finds the results of the first.
    """
    taken: set[Place] = set()
    unique = []
    for job in jobs:
        target, number = job.target, 2
        while target in taken:
            name = join_names([job.target.stem], job.target.suffix)
            target = job.target.with_name(name).with_stem(f"{PurePath(name).stem}-{number}")
            number += 1
        taken.add(target)
        unique.append(replace(job, target=target))
    return unique


Photo = TypeVar("Photo")
Painting = TypeVar("Painting")
Value = TypeVar("Value")

AHEAD = 2
"""Pictures that are read before they are painted, and painted before they are written."""

PIXELS = 16_000_000
"""In all pictures in hand, some 500 MB; a single picture may have more."""


@dataclass(frozen=True)
class Ready:
    """A picture that is ready to be written."""

    image: Image.Image
    note: str
    """To be kept in its file."""

    metadata: Metadata = NOTHING
    """Of the photo, likewise."""

    style: str = ""
    """With which it was painted."""


@dataclass(frozen=True)
class Stages(Generic[Photo, Painting]):
    """What happens to a picture, step by step."""

    pixels: Callable[[Place], int]
    """How large it is going to be, from a glance at its file; 0 if that cannot be said."""

    read: Callable[[Place], Photo]
    """Called in a thread, while others are painted."""

    paint: Callable[[Photo], Painting]
    """The network; called in the caller's own thread."""

    finish: Callable[[Painting], Ready]
    """Called in another thread."""

    size: Callable[[Photo], tuple[int, int]]
    """Width and height of what it becomes, once it is read."""


def paint_batch(
    jobs: Sequence[Job], stages: Stages[Photo, Painting], *, force: bool = False
) -> Generator[Event, None, None]:
    """Paint pictures; yield one event for each.

    A picture that fails does not stop the others. A picture is told of when its file is whole, and
    no other file ever shows. Throw `StopEarly` in to end soon: what is painted by then is written
    and told of.

    Args:
        jobs: at least one.
        stages: what to do with a picture.
        force: replace existing results instead of skipping them.

    Yields:
        `Painted`, `Skipped` or `Failed`, in the order of `jobs`.

    Raises:
        ImageError: the first result's folder can neither be made nor written to.
    """
    first = jobs[0].target
    if isinstance(first, Path):
        _check_folder(first.parent)
    with ExitStack() as stack:
        reader, writer = (ThreadPoolExecutor(1, f"impasto-{name}") for name in ("read", "write"))
        for pool in (reader, writer):
            stack.callback(pool.shutdown, cancel_futures=True)
        yield from _Pipeline(jobs, stages, reader, writer, force=force).events()


@dataclass
class _Flight(Generic[Photo]):
    """A picture in hand."""

    job: Job
    pixels: int
    photo: Future[Photo]
    result: Future[Ready | None] | None = None
    """Once it is painted or has failed: what was written, or None if it was skipped."""

    stages: list[float] = field(default_factory=list)
    """Seconds of each."""

    def timed(self, work: Callable[[], Value]) -> Value:
        """Return what `work` returns, and remember how long it took."""
        began = time.perf_counter()
        value = work()
        self.stages.append(time.perf_counter() - began)
        return value


class _Pipeline(Generic[Photo, Painting]):
    """The pictures in hand, in the order in which they will be told of."""

    def __init__(
        self,
        jobs: Sequence[Job],
        stages: Stages[Photo, Painting],
        reader: ThreadPoolExecutor,
        writer: ThreadPoolExecutor,
        *,
        force: bool,
    ) -> None:
        self.jobs, self.stages, self.force = deque(jobs), stages, force
        self.reader, self.writer = reader, writer
        self.flights: deque[_Flight[Photo]] = deque()
        self.began = time.perf_counter()
        self.total = len(jobs)
        self.done = self.worked = 0
        self.left = len(jobs) if force else sum(not job.is_done() for job in jobs)

    def events(self) -> Generator[Event, None, None]:
        while self._begin_to_read():
            unpainted = [flight for flight in self.flights if flight.result is None]
            first = self.flights[0].result
            waiting = len(self.flights) - len(unpainted)
            if first is None or (unpainted and not first.done() and waiting <= AHEAD):
                self._paint(unpainted[0])
                continue
            try:
                yield self._tell(self.flights.popleft())
            except StopEarly:
                self.jobs.clear()
                self.flights = deque(f for f in self.flights if f.result is not None)

    def _begin_to_read(self) -> bool:
        """Begin with as many pictures as there is room for; return whether any is in hand."""
        while self.jobs and sum(flight.result is None for flight in self.flights) < AHEAD:
            job = self.jobs[0]
            is_skipped = not self.force and job.is_done()
            pixels = 0 if is_skipped or job.problem else self.stages.pixels(job.source)
            if self.flights and pixels + sum(flight.pixels for flight in self.flights) > PIXELS:
                break
            flight: _Flight[Photo] = _Flight(self.jobs.popleft(), pixels, Future())
            self.flights.append(flight)
            if is_skipped:
                flight.result = Future()
                flight.result.set_result(None)
                break
            flight.photo = self.reader.submit(self._read, flight)
        return bool(self.flights)

    def _read(self, flight: _Flight[Photo]) -> Photo:
        if flight.job.problem is not None:
            raise ImageError(flight.job.problem)
        return flight.timed(lambda: self.stages.read(flight.job.source))

    def _paint(self, flight: _Flight[Photo]) -> None:
        try:
            photo = flight.photo.result()
            check_size(flight.job.target, *self.stages.size(photo))
            painting = flight.timed(lambda: self.stages.paint(photo))
        except (ImpastoError, OSError) as error:
            flight.result = Future()
            flight.result.set_exception(error)
        else:
            flight.result = self.writer.submit(self._write, flight, painting)
        flight.photo = Future()  # lets go of the photo

    def _write(self, flight: _Flight[Photo], painting: Painting) -> Ready:
        def work() -> Ready:
            ready = self.stages.finish(painting)
            _write(ready, flight.job.target, force=self.force)
            return ready

        return flight.timed(work)

    def _tell(self, flight: _Flight[Photo]) -> Event:
        """Return what became of a picture, when it is known."""
        assert flight.result is not None
        job = flight.job
        self.done += 1
        try:
            ready = flight.result.result()
        except (ImpastoError, OSError) as error:
            self.worked += 1
            told = str(error) if isinstance(error, ImpastoError) else f"{job.source}: {error}"
            return Failed(job.source, told, self.done, self.total)
        if ready is None:
            return Skipped(job.target, job.source, self.done, self.total)
        self.worked += 1
        seconds = time.perf_counter() - self.began
        return Painted(
            path=job.target,
            source=job.source,
            width=ready.image.width,
            height=ready.image.height,
            seconds=sum(flight.stages),
            done=self.done,
            total=self.total,
            images_per_second=self.worked / seconds,
            eta=seconds / self.worked * max(0, self.left - self.worked),
            remark=ready.metadata.remark,
            style=ready.style,
        )


def _write(ready: Ready, target: Place, *, force: bool) -> None:
    """Write one picture, where it shows only when it is whole."""
    if isinstance(target, Address):
        target.write(to_bytes(ready.image, target.suffix, ready.note, ready.metadata))
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImageError(f"cannot make the folder of {target}: {error.strerror}") from error
    write_picture(ready.image, target, note=ready.note, force=force, metadata=ready.metadata)


def _check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be made or written to, before any work is done."""
    try:
        with suppress(FileNotFoundError):
            folder.lstat()  # which refuses a name that is too long
        existing = next(path for path in (folder, *folder.parents) if exists(path))
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise ImageError(f"cannot write into the folder {folder}: {error.strerror}") from error
