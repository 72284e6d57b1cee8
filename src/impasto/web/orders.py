"""What may be asked for, checked field by field, and what there is to paint for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import Annotated, Literal

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, model_validator

from impasto import assets
from impasto.core.errors import ConfigError, ImpastoError
from impasto.core.tensors import fit_long_side
from impasto.io.paths import join_names
from impasto.networks.registry import has_any_model
from impasto.recipe import describe_source
from impasto.training.learn import SHOWN_SIZE, name_for
from impasto.web.gallery import EXAMPLE, EXAMPLE_SIZE, gallery
from impasto.web.job_queue import JobQueue
from impasto.web.jobs import Job
from impasto.web.limits import (
    FILM_SIZE,
    MAX_MINUTES,
    MAX_PIXELS,
    MAX_REFINED,
    MAX_SECONDS,
    MAX_SIZE,
    MAX_STYLES,
    MIN_SIZE,
    SHEET_SIZE,
)
from impasto.web.store import GoneError, Store
from impasto.web.tasks import Input, Share, Task, distinct

Name = Annotated[str, Field(min_length=1, max_length=81, pattern=r"^[\w-][\w.+-]*$")]
"""The name of a style or of a bundled photo, or the id of an uploaded picture or a job."""

Ramp = Literal["left:right", "right:left", "top:bottom", "bottom:top"]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class StyleShare(_Request):
    """One style and how much of it: a bundled one, or an uploaded painting."""

    style: Name | None = None
    picture: Name | None = None
    weight: Annotated[float, Field(ge=0, le=100)] = 1.0

    @model_validator(mode="after")
    def _is_one(self) -> StyleShare:
        if (self.style is None) == (self.picture is None):
            raise ValueError("a style is either a bundled one (style) or an upload (picture)")
        return self


class StylizeRequest(_Request):
    """Paint a photo in one pass. Fields as the options of `impasto stylize`."""

    kind: Literal["stylize"] = "stylize"
    photo: Name
    styles: Annotated[list[StyleShare], Field(min_length=1, max_length=MAX_STYLES)]
    strength: Annotated[float, Field(ge=0, le=1)] = 1.0
    size: Annotated[int, Field(ge=MIN_SIZE, le=MAX_SIZE)] | None = None
    stroke: Annotated[float, Field(ge=0.25, le=4)] | None = None
    preserve_color: Literal["none", "luminance", "match"] = "none"
    style_map: Ramp | Name | None = None

    @model_validator(mode="after")
    def _fits(self) -> StylizeRequest:
        if not sum(share.weight for share in self.styles) > 0:
            raise ValueError("at least one style needs a weight above 0")
        if self.style_map in RAMPS and len(self.styles) > 2:
            raise ValueError("a style map from side to side is for one style or two")
        return self


class OptimizeRequest(_Request):
    """Go on from a painted picture by optimization, towards the paintings themselves."""

    kind: Literal["optimize"]
    after: Name
    seconds: Annotated[float, Field(ge=1, le=MAX_SECONDS)] = 40.0


class SheetRequest(_Request):
    """Paint a photo small, in every bundled style."""

    kind: Literal["sheet"]
    photo: Name


class LearnRequest(_Request):
    """Learn an uploaded painting; from then on it is a style with a name."""

    kind: Literal["learn"]
    picture: Name
    photo: Name = "castle"
    minutes: Annotated[float, Field(ge=0.02, le=MAX_MINUTES)] = 1.0


class VideoRequest(_Request):
    """Paint an uploaded film in a style with a name. Fields as the options of `impasto video`."""

    kind: Literal["video"]
    photo: Name
    styles: Annotated[list[StyleShare], Field(min_length=1, max_length=MAX_STYLES)]
    strength: Annotated[float, Field(ge=0, le=1)] = 1.0
    size: Annotated[int, Field(ge=MIN_SIZE, le=FILM_SIZE)] | None = None
    stroke: Annotated[float, Field(ge=0.25, le=4)] | None = None
    preserve_color: Literal["none", "luminance", "match"] = "none"
    steady: Annotated[float, Field(ge=0, le=1)] = 1.0


JobRequest = Annotated[
    StylizeRequest | OptimizeRequest | SheetRequest | LearnRequest | VideoRequest,
    Field(discriminator="kind"),
]


SMALLEST_WEIGHT = 0.01
"""Of the heaviest style; weights are rounded to thousandths, smaller ones are seen beside it."""

RAMPS = ("left:right", "right:left", "top:bottom", "bottom:top")


def order(queue: JobQueue, request: JobRequest) -> Job:
    """Put what was asked for into the queue and return its job.

    Raises:
        GoneError: it names a picture or a job that is not here.
        ConfigError: it cannot be painted; says why.
        FullError: too many wait.
        ResourceError: no room on disk.
    """
    if isinstance(request, OptimizeRequest):
        return _order_refinement(queue, request)
    photo = queue.store.find_input(request.photo)
    width, height = size_of_input(queue.store, photo)
    if isinstance(request, LearnRequest):
        return _order_learning(queue, request, photo)
    if isinstance(request, VideoRequest):
        return _order_film(queue, request, photo)
    if isinstance(request, SheetRequest):
        task = Task("sheet", photo, f"{_stem(photo)}_styles.png")
        expected = queue.timing.expect("sheet")
        return queue.submit(task, *_fit(width, height, SHEET_SIZE), expected)
    task = _pass(queue.store, request, photo)
    size = _fit(width, height, request.size)
    if size[0] * size[1] > MAX_PIXELS:
        raise ConfigError(f"{size[0]}x{size[1]} pixels are too many; choose a size")
    expected = queue.timing.expect("stylize", size[0] * size[1] / 1e6)
    if task.is_sketch:
        expected = queue.timing.expect("sketch")
    elif task.has_regions and expected is not None:
        expected *= len(task.styles)
    return queue.submit(task, *size, expected)


def order_example(queue: JobQueue) -> Job | None:
    """Return the painting that the page shows first, ordered now if it is not there."""
    photo, style = EXAMPLE
    options = {"size": EXAMPLE_SIZE}
    for job in list(queue.jobs.values()):
        task = job.task
        is_it = task.photo.key == photo and task.style_text == style and task.kind == "stylize"
        is_plain = task.options == options and task.style_map is None
        if is_it and is_plain and job.state != "failed" and not job.cancelled:
            return job
    wanted = StylizeRequest(photo=photo, styles=[StyleShare(style=style)], size=EXAMPLE_SIZE)
    try:
        return order(queue, wanted)
    except ImpastoError:  # the page does without
        return None


def size_of_input(store: Store, source: Input) -> tuple[int, int]:
    """Return width and height, upright."""
    if not source.bundled:
        upload = store.uploads[source.key]
        return upload.width, upload.height
    with Image.open(store.path_of(source)) as opened:
        return opened.size


def why_not_finer(job: Job) -> str | None:
    """Return why a painting cannot be refined, in one line; None if it can be."""
    task = job.task
    if task.kind == "learn":
        return "paint with the style that was learned, then make that finer"
    if task.kind == "video":
        return "a film cannot be made finer; make one of its pictures finer"
    if task.kind == "sheet":
        return "a contact sheet cannot be made finer; choose one of its styles"
    if float(task.options.get("strength", 1)) < 1:
        return "finer works at full strength; set the strength to 100 % and paint again"
    if task.style_map is not None:
        return "finer covers the whole picture; let the style go everywhere first"
    if max(job.width, job.height) > MAX_REFINED:
        return f"finer works up to {MAX_REFINED} pixels; paint at a smaller size first"
    missing = [s.style.name for s in task.styles if s.style.bundled and not _has_painting(s.style)]
    if missing:
        return (
            f"finer needs the painting itself, and {missing[0]} comes without it; bring a picture "
            "of the painting"
        )
    return None


def needs(store: Store, job: Job) -> list[dict[str, str | None]]:
    """Return the files that the job's command and Python lines expect beside them.

    Each has its name, what it is to the job (photo, painting or style_map), and the address of a
    copy from which the very same picture comes: of a photo whose file is decoded at several sizes,
    only the file itself will do.
    """
    task = job.task
    found = [("photo", task.photo), *(("painting", share.style) for share in task.styles)]
    if isinstance(task.style_map, Input):
        found.append(("style_map", task.style_map))
    listed: dict[str, dict[str, str | None]] = {}
    for role, each in found:
        upload = store.uploads.get(each.key)
        if not each.bundled:
            url = f"/api/pictures/{each.key}" if upload and upload.scales == (1,) else None
            listed[each.name] = {"name": each.name, "role": role, "url": url}
    return list(listed.values())


def _order_refinement(queue: JobQueue, request: OptimizeRequest) -> Job:
    before = queue.find(request.after)
    queue.result_path(before.key)
    reason = why_not_finer(before)
    if reason is not None:
        raise ConfigError(reason)
    stem = PurePath(before.task.output).stem
    task = Task(
        "optimize",
        before.task.photo,
        join_names([stem, "finer"], ".png"),
        before.task.styles,
        before.task.options,
        after=before.key,
        after_output=before.task.output,
        seconds=request.seconds,
    )
    return queue.submit(task, before.width, before.height, request.seconds, before)


def _order_learning(queue: JobQueue, request: LearnRequest, photo: Input) -> Job:
    style = queue.store.find_input(request.picture)
    if style.bundled:
        raise ConfigError(f"{style.name} is a style already; learn a painting of your own")
    sha256 = describe_source(queue.store.path_of(style)).sha256 or ""
    name = name_for(_stem(style), sha256)
    photo, style = distinct([photo, style])
    seconds = 60 * request.minutes
    task = Task("learn", photo, f"{name}.png", (Share(style, 1.0),), seconds=seconds)
    size = _fit(*size_of_input(queue.store, photo), SHOWN_SIZE)
    return queue.submit(task, *size, seconds)


def _order_film(queue: JobQueue, request: VideoRequest, photo: Input) -> Job:
    queue.store.film_of(photo)
    asked = request.model_dump(exclude={"kind", "steady"})
    task = _pass(queue.store, StylizeRequest(**asked), photo)
    if task.has_own_painting:
        raise ConfigError("a film is painted in styles with a name; learn this painting first")
    options = dict(task.options)
    if request.steady < 1:
        options["steady"] = request.steady
    width, height = size_of_input(queue.store, photo)
    size = _fit(width, height, request.size)
    if max(size) > FILM_SIZE:
        options["size"] = FILM_SIZE
        size = _fit(width, height, FILM_SIZE)
    return queue.submit(replace(task, kind="video", options=options), *size, None)


def _pass(store: Store, request: StylizeRequest, photo: Input) -> Task:
    styles = [_style(store, share) for share in request.styles]
    style_map: str | Input | None = request.style_map
    if style_map is not None and style_map not in RAMPS:
        style_map = store.find_input(str(style_map))
    pictures = [photo, *styles, *([style_map] if isinstance(style_map, Input) else [])]
    photo, *renamed = distinct(pictures)
    if isinstance(style_map, Input):
        style_map = renamed.pop()
    given = request.model_dump(include={"strength", "size", "stroke", "preserve_color"})
    options = {
        name: value
        for name, value in given.items()
        if value != StylizeRequest.model_fields[name].default
    }
    has_regions = isinstance(style_map, Input) and len(request.styles) > 2
    heaviest = max(share.weight for share in request.styles)
    if heaviest >= SMALLEST_WEIGHT:
        heaviest = 1.0  # as they were given
    shares = tuple(
        Share(style, round(share.weight / heaviest, 3))
        for style, share in zip(renamed, request.styles, strict=True)
        if share.weight > 0 or has_regions
    )
    own = [share.style for share in shares if not share.style.bundled]
    if own and not has_any_model():
        raise ConfigError("no network for paintings is bundled here; choose a named style")
    is_blend = bool(own) and not has_regions
    if is_blend and any(each.style.bundled and not _has_painting(each.style) for each in shares):
        raise ConfigError(
            "a painting of your own can be blended with styles whose painting is bundled only"
        )
    label = "+".join(_stem(share.style) for share in shares)
    output = join_names([_stem(photo), label], ".png")
    return Task("stylize", photo, output, shares, options, style_map)


def _style(store: Store, share: StyleShare) -> Input:
    if share.picture is not None:
        return store.find_input(share.picture)
    name = share.style or ""
    if name not in gallery():
        raise GoneError(f"there is no style {name}; GET /api/styles lists them")
    return Input(name, name, bundled=True)


def _has_painting(style: Input) -> bool:
    return assets.find(style.key) is not None


def _stem(source: Input) -> str:
    return source.name if source.bundled else PurePath(source.name).stem


def _fit(width: int, height: int, size: int | None) -> tuple[int, int]:
    if size is None:
        return width, height
    height, width = fit_long_side(height, width, size)
    return width, height
