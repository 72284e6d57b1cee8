"""What is done for a task, as a stream of events."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from PIL import Image

from impasto.core.errors import ResourceError
from impasto.core.events import Event, Painted, relayed
from impasto.film.options import FilmOptions
from impasto.film.video import video_events
from impasto.io.inputs import Result
from impasto.io.regions import Region
from impasto.networks.model import Model
from impasto.networks.options import StylizeOptions
from impasto.networks.regions import RegionsModel
from impasto.networks.stylize import load, load_for_paintings, sheet_pictures
from impasto.optimization.options import OptimizeOptions
from impasto.optimization.refine import SKETCH_SECONDS, sketch_events, sketch_options
from impasto.optimization.run import optimize_events
from impasto.recipe import Source
from impasto.training.learn import SHOWN_SIZE, learn_events
from impasto.training.options import LearnOptions
from impasto.web.limits import FILM_SECONDS, REGION_COLORS, SHEET_SIZE
from impasto.web.store import Store
from impasto.web.tasks import Input, Share, Task

MODELS = 4
"""Networks that are kept in memory."""


@dataclass(frozen=True, slots=True)
class Passed(Event):
    """A pass is done."""

    result: Result
    is_final: bool = True
    """Otherwise a sketch follows."""


@dataclass(frozen=True, slots=True)
class Tile(Event):
    """One picture of a contact sheet is done."""

    name: str
    image: Image.Image


@dataclass(frozen=True, slots=True)
class Filmed(Event):
    """A film is painted."""

    path: Path
    """Of an .mp4 that is to be taken from there."""

    width: int
    height: int
    frames: int


class Painter:
    """Does tasks.

    Args:
        store: where inputs are.
        result_of: returns the picture that a job made.
    """

    def __init__(self, store: Store, result_of: Callable[[str], Path]) -> None:
        self.store, self.result_of = store, result_of
        self._models: OrderedDict[tuple[tuple[str, float], ...], Model] = OrderedDict()

    def events(self, task: Task) -> Generator[Event, None, None]:
        """Yield what happens: `Passed`; `Tile`s; what optimizing, learning or a film yields.

        A photo in the style of one's own painting is `Passed` first and then sketched.

        Raises:
            ImpastoError: with one line for the person.
        """
        if task.kind == "optimize":
            yield from self._optimize(task)
        elif task.kind == "learn":
            yield from self._learn(task)
        elif task.kind == "video":
            yield from self._film(task)
        elif task.kind == "sheet":
            photo = self.store.path_of(task.photo, SHEET_SIZE)
            for name, image in sheet_pictures(photo, size=SHEET_SIZE):
                yield Tile(name, image)
        else:
            result = self._stylize(task)
            yield Passed(result, is_final=not task.is_sketch)
            if task.is_sketch:
                yield from self._sketch(task, result)

    def _stylize(self, task: Task) -> Result:
        style_map = task.style_map
        if isinstance(style_map, Input):
            style_map = str(self.store.path_of(style_map))
        places: dict[str, Any] = {"regions" if task.has_regions else "style_map": style_map}
        options = StylizeOptions(style=task.style_text, **places, **task.options)
        photo = self.store.path_of(task.photo, options.size)
        if not task.has_regions:
            return self._model(task).paint(photo, options)
        models = {}
        for share in task.styles:
            own = not share.style.bundled
            style = str(self.store.path_of(share.style)) if own else share.style.name
            models[style] = self._model(replace(task, styles=(Share(share.style, 1.0),)))
        regions = tuple(map(Region, REGION_COLORS, models))
        return RegionsModel(regions, models, Source(task.style_text, None)).paint(photo, options)

    def _model(self, task: Task) -> Model:
        key = tuple((share.style.key, share.weight) for share in task.styles)
        if key not in self._models:
            self._models[key] = self._load(task)
        self._models.move_to_end(key)
        while len(self._models) > MODELS:
            self._models.popitem(last=False)
        return self._models[key]

    def _load(self, task: Task) -> Model:
        if not task.has_own_painting:
            return load(task.style_text)
        paintings = [self.store.path_of(share.style) for share in task.styles]
        return load_for_paintings(paintings, task.shares)

    def _film(self, task: Task) -> Generator[Event, None, None]:
        options = dict(task.options)
        film = FilmOptions(steady=options.pop("steady", 1.0), end=FILM_SECONDS)
        path = self.store.folder / "film.mp4"
        source = self.store.film_of(task.photo)
        asked = StylizeOptions(style=task.style_text, **options)

        def as_film(event: Event) -> Event:
            if isinstance(event, Painted):
                return Filmed(path, event.width, event.height, event.done)
            return event

        yield from relayed(video_events(source, path, asked, film, force=True), as_film)

    def _learn(self, task: Task) -> Generator[Event, None, None]:
        assert task.seconds is not None
        options = LearnOptions(minutes=task.seconds / 60)
        painting = self.store.path_of(task.styles[0].style)
        photo = self.store.path_of(task.photo, SHOWN_SIZE)
        name = PurePath(task.output).stem
        yield from learn_events(painting, options, name=name, show=photo)
        self._models.clear()  # one of them may be what it was before

    def _sketch(self, task: Task, one_pass: Result) -> Generator[Event, None, None]:
        options = StylizeOptions(style=task.style_text, **task.options)
        photo = self.store.path_of(task.photo, options.size)
        paintings = [self.store.path_of(share.style) for share in task.styles]
        asked = sketch_options(photo, options, SKETCH_SECONDS, task.shares)
        try:
            yield from sketch_events(photo, paintings, replace(asked, preview_every=1))
        except ResourceError:  # the pass takes less memory, and less time
            yield Passed(one_pass)

    def _optimize(self, task: Task) -> Generator[Event, None, None]:
        assert task.after is not None
        start = self.result_of(task.after)
        with Image.open(start) as opened:
            size = max(opened.size)
        stroke = task.options.get("stroke")
        options = OptimizeOptions(
            init=str(start),
            coarsest=0,
            seconds=task.seconds,
            size=size,
            style_weights=task.shares if len(task.styles) > 1 else None,
            style_scale=1.0 if stroke is None else float(stroke),
            preserve_color=task.options.get("preserve_color", "none"),
            preview_every=1,
        )
        paintings = [self.store.path_of(share.style) for share in task.styles]
        photo = self.store.path_of(task.photo)
        yield from optimize_events(photo, list(paintings), options)
