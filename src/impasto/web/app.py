"""The application: which address is answered by what."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from impasto._version import __version__
from impasto.core.errors import MissingError
from impasto.io.image import size_in_file
from impasto.io.paths import is_file
from impasto.networks.registry import own_styles, remove_own
from impasto.web import limits, responses
from impasto.web.gallery import PHOTOS, gallery
from impasto.web.guard import Guard
from impasto.web.job_queue import JobQueue
from impasto.web.jobs import Job
from impasto.web.limits import SmallBodies, read_film, read_upload
from impasto.web.live import Live
from impasto.web.mine import pictures_of
from impasto.web.orders import JobRequest, needs, order, order_example, size_of_input, why_not_finer
from impasto.web.responses import FILM_NEEDS, Pages, finds_regions, follow, has_film
from impasto.web.store import GoneError

Size = Annotated[int, Query(ge=16, le=2048)]
Format = Literal["png", "jpeg", "webp"]

What = Literal["subject", "faces"]
Box = Annotated[list[Annotated[float, Query(ge=0, le=1)]] | None, Query(min_length=4, max_length=4)]

KEPT_PER_PIXEL = 2
"""Bytes that an upload takes in the folder, about."""

MEANWHILE = {"cache-control": "private, max-age=3600"}
"""For what never changes while it exists."""


def create_app(
    queue: JobQueue,
    *,
    hosts: Iterable[str] | None = ("127.0.0.1", "localhost"),
    token: str | None = None,
) -> FastAPI:
    """Return the application.

    Args:
        queue: where the painting is done.
        hosts: names by which the server may be called; see `Guard`.
        token: asked for if it is not None.
    """
    # Their pages would load scripts from elsewhere.
    app = FastAPI(title="impasto", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(SmallBodies)
    app.add_middleware(Guard, hosts=hosts, token=token)
    responses.add_errors(app)
    _add_page(app, queue, is_shared=token is not None)
    _add_pictures(app, queue)
    _add_live(app)
    _add_jobs(app, queue)
    _add_results(app, queue)
    if token is None:  # one person's server: with a token, others see no list of what is here
        _add_mine(app, queue)
    return app


def view(queue: JobQueue, job: Job) -> dict[str, Any]:
    """Return what clients are told about a job."""
    told = job.view(*queue.place(job), queue.store.clock())
    return {
        **told,
        "needs": needs(queue.store, job),
        "why_not_finer": why_not_finer(job),
        "has_film": len(job.frames) > 1,
    }


def _add_page(app: FastAPI, queue: JobQueue, *, is_shared: bool) -> None:
    pages = Pages()

    @app.get("/")
    async def page(request: Request) -> Response:
        return pages.answer("index.html", request)

    @app.get("/static/{name}")
    async def static(name: str, request: Request) -> Response:
        return pages.answer(name, request)

    @app.get("/api/health")
    async def health() -> dict[str, Any]:
        return {
            "status": "ok" if queue.is_alive else "nobody paints any more; start it again",
            "version": __version__,
            "working": queue.is_working,
            "queue": {"length": queue.length, "limit": queue.limit},
        }

    @app.get("/api/about")
    def about() -> dict[str, Any]:
        example = order_example(queue)
        return {
            "version": __version__,
            "photos": [{"id": name, "title": title} for name, title in PHOTOS.items()],
            "example": None if example is None else view(queue, example),
            "film": has_film(),
            "film_needs": FILM_NEEDS,
            "finds_regions": finds_regions(),
            "keep_hours": queue.store.keep_seconds / 3600,
            "mine": not is_shared,
            "timing": queue.timing.measured,
            "limits": {
                "bytes": limits.MAX_BYTES,
                "pixels": limits.MAX_PIXELS,
                "size": [limits.MIN_SIZE, limits.MAX_SIZE],
                "refined": limits.MAX_REFINED,
                "seconds": limits.MAX_SECONDS,
                "styles": limits.MAX_STYLES,
                "minutes": limits.MAX_MINUTES,
                "film_bytes": limits.FILM_BYTES,
                "film_seconds": limits.FILM_SECONDS,
            },
        }

    @app.get("/api/styles")
    def styles() -> list[dict[str, Any]]:
        return [style.to_dict() for style in gallery().values()]

    @app.get("/api/styles/{name}/thumbnail")
    def thumbnail(name: str) -> Response:
        if name not in gallery():
            raise GoneError("there is no such style")
        return Response(gallery()[name].thumbnail, media_type="image/jpeg", headers=MEANWHILE)

    @app.delete("/api/styles/{name}", status_code=204)
    def remove_style(name: str) -> None:
        if name not in own_styles():
            raise GoneError("there is no such style of your own")
        remove_own(name)


def _add_pictures(app: FastAPI, queue: JobQueue) -> None:
    uploads = responses.Slots(limits.UPLOADS)
    readers = responses.Slots(limits.READERS)
    finders = responses.Slots(1)

    @app.post("/api/pictures", status_code=201)
    async def send_picture(request: Request, name: str = "") -> dict[str, Any]:
        async with readers:  # who sends slowly keeps nobody from being decoded
            data = await read_upload(request, crowded=readers.crowded)
        async with uploads:
            pixels = math.prod(await run_in_threadpool(size_in_file, data))
            if pixels > limits.MAX_PIXELS:  # it is going to be refused
                pixels = 0
            wanted = max(len(data), KEPT_PER_PIXEL * pixels)
            await run_in_threadpool(queue.sweep, wanted)
            await run_in_threadpool(queue.store.check_room, wanted)
            upload = await run_in_threadpool(queue.store.keep_picture, data, name)
        return upload.view()

    @app.post(limits.FILMS, status_code=201)
    async def send_film(request: Request, name: str = "") -> dict[str, Any]:
        async with readers:
            length = request.headers.get("content-length", "0")
            wanted = min(int(length) if length.isdigit() else 0, limits.FILM_BYTES)
            await run_in_threadpool(queue.sweep, wanted)
            await run_in_threadpool(queue.store.check_room, wanted)
            film = await run_in_threadpool(queue.store.new_film, name)
            try:
                await read_film(request, film, crowded=readers.crowded)
                upload = await run_in_threadpool(queue.store.keep_film, film, name)
            finally:
                await run_in_threadpool(queue.store.drop_film, film)
        return upload.view()

    @app.get("/api/pictures/{key}/film")
    def film(key: str) -> Response:
        return FileResponse(queue.store.film_of(queue.store.find_input(key)), headers=MEANWHILE)

    @app.get("/api/pictures/{key}")
    def picture(key: str) -> Response:
        source = queue.store.find_input(key)
        kind = "image/jpeg" if source.bundled else "image/png"
        return FileResponse(queue.store.path_of(source), media_type=kind, headers=MEANWHILE)

    @app.get("/api/pictures/{key}/about")
    def about_picture(key: str) -> dict[str, Any]:
        source = queue.store.find_input(key)
        width, height = size_of_input(queue.store, source)
        upload = queue.store.uploads.get(key)
        film = upload is not None and upload.film is not None
        return {"id": key, "name": source.name, "width": width, "height": height, "film": film}

    @app.get("/api/pictures/{key}/view")
    def view_picture(key: str, size: Size = 1600) -> Response:
        source = queue.store.find_input(key)
        path = queue.store.path_of(source, size)
        view = responses.view_of(path, size, is_upload=not source.bundled)
        return Response(view, media_type="image/jpeg", headers=MEANWHILE)

    @app.get("/api/pictures/{key}/mask")
    async def find_mask(key: str, what: What = "subject", box: Box = None) -> Response:
        source = queue.store.find_input(key)
        path = queue.store.path_of(source, limits.MASK_SIDE)
        async with finders:
            found = await run_in_threadpool(responses.mask_of, path, what, box)
        return Response(found, media_type="image/png", headers=MEANWHILE)

    @app.delete("/api/pictures/{key}", status_code=204)
    def remove_picture(key: str) -> None:
        queue.remove_picture(key)


def _add_live(app: FastAPI) -> None:
    live = Live()
    cameras = responses.Slots(1)

    @app.post(limits.LIVE)
    async def paint_frame(
        request: Request,
        style: str,
        session: Annotated[str, Query(max_length=80)] = "",
        strength: Annotated[float, Query(ge=0, le=1)] = 1.0,
    ) -> Response:
        if style not in gallery():
            raise GoneError("there is no such style")
        async with cameras:
            data = await read_upload(request, limits.LIVE_BYTES)
            painted = await run_in_threadpool(live.paint, data, style, session, strength)
        return Response(painted, media_type="image/jpeg", headers={"cache-control": "no-store"})


def _add_jobs(app: FastAPI, queue: JobQueue) -> None:
    listeners = responses.Slots(32)

    @app.post("/api/jobs", status_code=202)
    def start(request: JobRequest) -> JSONResponse:
        job = order(queue, request)
        headers = {"location": f"/api/jobs/{job.key}"}
        return JSONResponse(view(queue, job), 202, headers)

    @app.get("/api/jobs/{key}")
    def job(key: str) -> dict[str, Any]:
        return view(queue, queue.find(key))

    @app.get("/api/jobs/{key}/events")
    async def events(key: str) -> Response:
        job = queue.find(key)
        stream = follow(queue, job, lambda: view(queue, job), listeners)
        return StreamingResponse(stream, media_type="text/event-stream")

    @app.post("/api/jobs/{key}/stop")
    def stop(key: str) -> dict[str, Any]:
        job = queue.find(key)
        queue.stop(job)
        return view(queue, job)

    @app.delete("/api/jobs/{key}", status_code=204)
    def remove(key: str) -> None:
        queue.remove(queue.find(key))


def _add_mine(app: FastAPI, queue: JobQueue) -> None:
    @app.get("/api/mine")
    def mine() -> dict[str, Any]:
        return pictures_of(queue)

    @app.post("/api/jobs/{key}/favorite", status_code=204)
    def favor(key: str) -> None:
        queue.keep(queue.find(key), favorite=True)

    @app.delete("/api/jobs/{key}/favorite", status_code=204)
    def favor_no_more(key: str) -> None:
        queue.keep(queue.find(key), favorite=False)


def _add_results(app: FastAPI, queue: JobQueue) -> None:
    films = responses.Slots(1)

    @app.get("/api/jobs/{key}/result")
    def result(key: str, format: Format = "png", *, download: bool = False) -> Response:  # noqa: A002
        job = queue.find(key)
        path = responses.in_format(queue.result_path(key), format, job.recipe)
        name = job.task.output.removesuffix(".png") + path.suffix
        return FileResponse(path, headers=MEANWHILE, filename=name if download else None)

    @app.get("/api/jobs/{key}/view")
    def view_result(key: str, size: Size = 1600) -> Response:
        view = responses.view_of(queue.result_path(key), size, is_upload=True)
        return Response(view, media_type="image/jpeg", headers=MEANWHILE)

    @app.get("/api/jobs/{key}/video")
    def video(key: str, *, download: bool = False) -> Response:
        job = queue.find(key)
        path = queue.result_path(key).with_name("result.mp4")
        if not is_file(path):
            raise GoneError("this painting is no film")
        name = job.task.output.removesuffix(".png") + ".mp4"
        return FileResponse(path, headers=MEANWHILE, filename=name if download else None)

    @app.get("/api/jobs/{key}/frames/{number}")
    def frame(key: str, number: int) -> Response:
        return responses.kept(queue.store.job_folder(queue.find(key).key), "frame", number)

    @app.get("/api/jobs/{key}/tiles/{number}")
    def tile(key: str, number: int) -> Response:
        return responses.kept(queue.store.job_folder(queue.find(key).key), "tile", number)

    @app.get("/api/jobs/{key}/film")
    async def film(key: str) -> Response:
        if not has_film():
            raise MissingError(FILM_NEEDS)
        job = queue.find(key)
        async with films:
            path = await run_in_threadpool(responses.film_of, queue, job)
        name = job.task.output.removesuffix(".png") + ".mp4"
        return FileResponse(path, media_type="video/mp4", filename=name)
