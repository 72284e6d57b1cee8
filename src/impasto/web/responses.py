"""Errors, pictures, films, the page and a job's progress as answers."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import importlib.util
import io
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import numpy as np
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from PIL import Image
from starlette.exceptions import HTTPException as AnyHTTPException

from impasto.analysis.options import RegionOptions
from impasto.analysis.segment import find_regions
from impasto.core.errors import (
    ImpastoError,
    InputError,
    MissingError,
    ResourceError,
    how_to_install,
)
from impasto.film.clips import ClipWriter
from impasto.io.image import size_in_file, write_picture
from impasto.io.paths import is_file
from impasto.web.gallery import small_jpeg
from impasto.web.job_queue import FullError, InUseError, JobQueue
from impasto.web.jobs import Job
from impasto.web.recorder import frame_name, in_plain_words, tile_name
from impasto.web.store import GoneError

_STATUS: tuple[tuple[type[ImpastoError], int], ...] = (
    (FullError, 429),
    (GoneError, 404),
    (InUseError, 409),
    (ResourceError, 507),
    (MissingError, 501),
    (InputError, 422),
)
"""Of the answer to an error, the most special kind first."""

_CONVERTING = threading.Lock()

_VIEWING = threading.BoundedSemaphore(2)
"""A small file may be a huge picture: forty at once would take all memory."""

KEPT_VIEWS = (256, 1600)
"""Sizes that the page asks for."""

SUFFIXES = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}

WAITERS = 8
"""Requests that wait for a slot, per slot; further ones are told to come back."""


class Slots:
    """Lets a few requests in at a time, lets some wait, and sends the others away.

    Args:
        count: that are let in.
    """

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)
        self._inside, self._count, self._most = 0, count, count * (1 + WAITERS)

    def crowded(self) -> bool:
        """Return whether somebody waits."""
        return self._inside > self._count

    async def __aenter__(self) -> None:
        if self._inside >= self._most:
            raise HTTPException(
                429, "too much is going on here; try again in a few seconds", {"Retry-After": "5"}
            )
        self._inside += 1
        try:
            await self._free.acquire()
        except BaseException:  # whoever waited has gone
            self._inside -= 1
            raise

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._inside -= 1
        self._free.release()


def add_errors(app: FastAPI) -> None:
    """Make every error one JSON line: what happened, what was expected, what to do."""

    @app.exception_handler(ImpastoError)
    async def ours(_request: Request, error: ImpastoError) -> Response:
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
        headers = {"Retry-After": str(error.retry_after)} if isinstance(error, FullError) else None
        return _line(status, in_plain_words(error), headers)

    @app.exception_handler(AnyHTTPException)
    async def http(_request: Request, error: AnyHTTPException) -> Response:
        return _line(error.status_code, str(error.detail), error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        reason = str(first["msg"]).removeprefix("Value error, ")
        return _line(422, f"{where}: {reason}" if where else reason)

    @app.exception_handler(Exception)
    async def broken(_request: Request, _error: Exception) -> Response:
        return _line(500, "something broke that should not have; the terminal says what")


def _line(status: int, sentence: str, headers: object = None) -> JSONResponse:
    given = dict(headers) if isinstance(headers, dict) else {}
    return JSONResponse({"error": sentence}, status, {"cache-control": "no-store", **given})


def in_format(path: Path, kind: str, recipe: str | None) -> Path:
    """Return a result's file in another format, with the same recipe inside."""
    other = path.with_suffix(SUFFIXES[kind])
    with _CONVERTING:  # two at once would write one file
        if not other.exists():
            with Image.open(path) as opened:
                write_picture(opened, other, note=recipe, force=True)
    return other


def view_of(path: Path, size: int, *, is_upload: bool) -> bytes:
    """Return a picture's JPEG with a long side of at most `size`.

    Those that the page asks for are kept beside an upload; two pictures at a time are decoded.
    """
    file = path.with_name(f"view-{size}.jpg") if is_upload and size in KEPT_VIEWS else None
    with _VIEWING:
        if file is not None and is_file(file):
            return file.read_bytes()
        data = small_jpeg(path, size)
        if file is not None:
            with suppress(OSError):  # a full disk
                file.write_bytes(data)
    return data


def kept(folder: Path, kind: str, number: int) -> Response:
    """Return a preview or a contact sheet's picture.

    Raises:
        GoneError: there is none of that number.
    """
    path = folder / (frame_name(number) if kind == "frame" else tile_name(number))
    if not is_file(path):
        raise GoneError("there is no such picture (any more)")
    return FileResponse(path, headers={"cache-control": "private, max-age=600"})


def film_of(queue: JobQueue, job: Job) -> Path:
    """Return the film of a refinement, written when it is first asked for.

    Raises:
        GoneError: nothing was refined.
        MissingError: PyAV is not installed.
    """
    folder = queue.store.job_folder(job.key)
    path = folder / "film.mp4"
    if path.exists():
        return path
    frames = [folder / frame_name(frame.number) for frame in job.frames]
    if len(frames) < 2 or not job.has_result:
        raise GoneError("a film shows how a picture was made finer; make it finer first")
    photo = queue.store.path_of(job.task.photo, max(job.width, job.height))
    write_film(photo, [*frames, folder / "result.png"], path)
    return path


TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}


class Pages:
    """The files in `static/`, by name."""

    def __init__(self) -> None:
        folder = files("impasto.web") / "static"
        self.contents = {
            entry.name: entry.read_bytes()
            for entry in folder.iterdir()
            if entry.name[entry.name.rfind(".") :] in TYPES
        }
        self._tags = {
            name: f'"{hashlib.sha256(content).hexdigest()[:16]}"'
            for name, content in self.contents.items()
        }

    def answer(self, name: str, request: Request) -> Response:
        """Return a file, or that it has not changed.

        Raises:
            GoneError: there is none of that name.
        """
        if name not in self.contents:
            raise GoneError("there is no such page")
        headers = {"cache-control": "no-cache", "etag": self._tags[name]}
        if request.headers.get("if-none-match") == self._tags[name]:
            return Response(status_code=304, headers=headers)
        kind = TYPES[name[name.rfind(".") :]]
        return Response(self.contents[name], media_type=kind, headers=headers)


BEAT_SECONDS = 15.0
"""A comment is sent that often, so that nobody takes the connection for dead."""

PAUSE_SECONDS = 0.1
"""Between two events."""


async def follow(
    queue: JobQueue,
    job: Job,
    view: Callable[[], dict[str, Any]],
    slot: AbstractAsyncContextManager[None],
) -> AsyncIterator[str]:
    """Yield the job whenever something about it changes, until it is over.

    Every event (`job`) is the whole job, so that one that is missed is no loss. If the job is
    deleted, the last event is `gone`.

    Args:
        queue: rings when something changes.
        job: what is followed.
        view: returns what clients are told about it.
        slot: held meanwhile.
    """
    changed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def listener() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(changed.set)

    async with slot:
        queue.listeners.add(listener)
        try:
            told = ""
            while not job.cancelled:
                changed.clear()
                is_open = job.is_open
                text = json.dumps(view())
                if text != told:
                    told = text
                    yield f"event: job\ndata: {text}\n\n"
                if not is_open:
                    return
                try:
                    await asyncio.wait_for(changed.wait(), BEAT_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
                await asyncio.sleep(PAUSE_SECONDS)
            yield "event: gone\ndata: {}\n\n"
        finally:
            queue.listeners.discard(listener)


RATE = 25
"""Pictures per second."""

LONG_SIDE = 1080
"""Pixels, at most."""

FILM_SECONDS = 6.0
"""From the first preview to the last, at most."""

SHOW_PHOTO, FADE, SHOW_END = 0.8, 0.8, 2.0
"""Seconds of the photo, of its fading into the first preview, and of the last picture."""


FILM_NEEDS = f"a film needs one more package: {how_to_install('video')}"
"""What to say without it."""


def has_film() -> bool:
    """Return whether the package that writes films is installed."""
    return importlib.util.find_spec("av") is not None


def finds_regions() -> bool:
    """Return whether the package that cuts out subjects and finds faces is installed."""
    return importlib.util.find_spec("cv2") is not None


def mask_of(photo: Path, what: Literal["subject", "faces"], box: Sequence[float] | None) -> bytes:
    """Return a PNG, white where the subject or a face of a photo is.

    Args:
        photo: its file.
        what: is looked for.
        box: around the subject: left, top, width and height as shares of the photo's; None: nearly
            all of it.

    Raises:
        ImageError: there is no face.
        MissingError: OpenCV is not installed (extra `regions`).
    """
    pixels = None
    if box is not None and what == "subject":
        height, width = size_in_file(photo)
        left, top, wide, high = box
        pixels = round(left * width), round(top * height), round(wide * width), round(high * height)
    options = RegionOptions(subject=what == "subject", faces=what == "faces", box=pixels)
    stream = io.BytesIO()
    find_regions(photo, options).image.convert("L").save(stream, "PNG")
    return stream.getvalue()


def write_film(photo: Path, pictures: Sequence[Path], path: Path) -> None:
    """Write an MP4 (H.264) under a temporary name, then rename it.

    Args:
        photo: the photo, shown first.
        pictures: previews, coarse to fine; the last one is the result.
        path: ends in .mp4.

    Raises:
        MissingError: PyAV is not installed.
    """
    if not has_film():
        raise MissingError(FILM_NEEDS)
    width, height = _even_size(pictures[-1])
    film = ClipWriter(path, width, height, Fraction(RATE), {})
    try:
        for number, image in enumerate(_images(photo, pictures, (width, height))):
            film.write(Fraction(number, RATE), np.asarray(image))
        film.finish(None, 0.0, None)
    except BaseException:
        film.discard()
        raise


def _images(photo: Path, pictures: Sequence[Path], size: tuple[int, int]) -> Iterator[Image.Image]:
    """Yield every picture of the film."""
    first, before = _read(photo, size), _read(pictures[0], size)
    yield from _fade(first, before, round(SHOW_PHOTO * RATE), round(FADE * RATE))
    each = max(1, min(RATE // 2, round(FILM_SECONDS * RATE / len(pictures))))
    for path in pictures[1:]:
        image = _read(path, size)
        yield from _fade(before, image, 0, each)
        before = image
    yield from [before] * round(SHOW_END * RATE)


def _fade(start: Image.Image, end: Image.Image, still: int, count: int) -> Iterator[Image.Image]:
    yield from [start] * still
    for number in range(1, count + 1):
        yield Image.blend(start, end, number / count)


def _read(path: Path, size: tuple[int, int]) -> Image.Image:
    with Image.open(path) as opened:
        rgba = opened.convert("RGBA").resize(size, Image.Resampling.LANCZOS)
    flat = Image.new("RGB", size, "white")
    flat.paste(rgba, mask=rgba.getchannel("A"))
    return flat


def _even_size(path: Path) -> tuple[int, int]:
    """Return the film's width and height; H.264 wants even numbers."""
    with Image.open(path) as opened:
        width, height = opened.size
    scale = min(1.0, LONG_SIDE / max(width, height))
    return tuple(max(2, round(side * scale / 2) * 2) for side in (width, height))  # type: ignore[return-value]
