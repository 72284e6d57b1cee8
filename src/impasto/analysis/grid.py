"""`impasto.grid`: layer subsets by alpha / beta, and the folder of its finished pictures."""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from impasto._version import __version__
from impasto.analysis.figure import Figure, FigureDone, Row, as_input, picture_table
from impasto.analysis.options import GridOptions
from impasto.analysis.series import Task, paint_series
from impasto.core.errors import ConfigError, ImageError
from impasto.core.events import Drawn, Event, Note, last_of, relayed
from impasto.core.tensors import fit_long_side, size_of
from impasto.io.checkpoints import check_own_folder
from impasto.io.image import read_note, write_picture
from impasto.io.inputs import PictureLike, describe, read, remarks, with_alpha
from impasto.optimization.options import STYLE_LAYERS, OptimizeOptions
from impasto.perception.vgg import TOPOLOGIES
from impasto.perception.weights import find_weights
from impasto.recipe import Recipe, Source

RATIOS = {"paper": (1e-5, 1e-4, 1e-3, 1e-2, 1e-1), "impasto": (1e-3, 1e-2, 1e-1, 1.0)}
"""Columns by loss: the first is clearly the painting, the last clearly the photo. 1e-5 .. 1e-2
are the paper's; its network had rescaled weights, with the original VGG-16 the rows of four and
five layers change over between 1e-2 and 1e-1."""

STEPS = (40,)
"""At full size, twice as many at every coarser scale."""


@dataclass(frozen=True)
class Cell:
    """One picture of the grid."""

    row: int
    column: int
    layers: tuple[str, ...]
    ratio: float
    options: OptimizeOptions

    @property
    def name(self) -> str:
        """What it is called, also as the start of a file name."""
        return f"{'+'.join(self.layers)}_{ratio_label(self.ratio)}"


def ratios_of(options: GridOptions) -> tuple[float, ...]:
    """Return the columns, with the preset filled in."""
    return RATIOS[options.loss] if options.ratios is None else options.ratios


def cells_of(options: GridOptions) -> list[Cell]:
    """Return all cells, row by row.

    Raises:
        ConfigError: a layer that the network does not have.

    Source:
        gatys2016, in the version arXiv:1508.06576, fig. 3. Differs: coarse to fine.
    """
    topology = TOPOLOGIES[options.backbone]
    for layer in (*options.content_layers, *sum(options.subsets(), ())):
        topology.split(layer)
    if not options.content_layers:
        raise ConfigError("--content-layers: give at least one, such as relu4_2")
    return [
        Cell(row, column, layers, ratio, _options(options, layers, ratio))
        for row, layers in enumerate(options.subsets())
        for column, ratio in enumerate(ratios_of(options))
    ]


def _options(options: GridOptions, layers: tuple[str, ...], ratio: float) -> OptimizeOptions:
    names = ("size", "coarsest", "init", "loss", "pooling", "backbone", "seed", "device", "dtype")
    return OptimizeOptions(
        **{name: getattr(options, name) for name in names},
        steps=options.steps or STEPS,
        content_layers=options.content_layers,
        style_layers=layers,
        content_weight=1.0,
        style_weight=1 / ratio,
        style_layer_weights=(1.0,) * len(layers),
        tv_weight=0.0,
        weights=options.weights,
    ).resolved()


def row_label(layers: Sequence[str]) -> str:
    r"""Return a row's label, in lines.

    >>> row_label(["relu1_1", "relu2_1", "relu3_1"])
    'relu1_1 ..\nrelu3_1'
    >>> row_label(["relu1_1", "relu3_1"])
    'relu1_1 +\nrelu3_1'
    """
    if len(layers) > 1 and tuple(layers) == STYLE_LAYERS[: len(layers)]:
        return f"{layers[0]} ..\n{layers[-1]}"
    return " +\n".join(layers)


def ratio_label(ratio: float) -> str:
    """Return alpha / beta, short.

    >>> ratio_label(1e-5), ratio_label(0.0025), ratio_label(0.5), ratio_label(20)
    ('1e-5', '2.5e-3', '0.5', '20')
    """
    if 0.1 < ratio < 1e4:
        return f"{ratio:g}"
    mantissa, exponent = f"{ratio:e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def grid(
    content: PictureLike, style: PictureLike, *, run: str | Path | None = None, **options: Any
) -> Figure:
    """Return `content` in the style of `style` for layer subsets (rows) by alpha / beta (columns).

    Args:
        content: the photo: a path, a PIL image, an array, or the name of a bundled picture.
        style: the painting, likewise.
        run: folder, which is made, to keep every finished picture in; what is there is not painted
            again.
        **options: fields of `GridOptions`, such as `ratios=(1e-4, 1e-3)`.

    Raises:
        InputError: a picture or an option cannot be used.
        MissingError: the VGG weights are neither here nor to be had.
        ResourceError: out of memory.

    Example:
        >>> found = grid("castle", "great-wave", layers=("relu1_1",), size=48, steps=(1,))
        >>> len(found.pictures)
        5
    """
    return last_of(grid_events(content, style, GridOptions(**options), run=run), FigureDone).result


def grid_events(
    content: PictureLike,
    style: PictureLike,
    options: GridOptions | None = None,
    *,
    run: str | Path | None = None,
) -> Generator[Event, None, None]:
    """Yield what happens while `grid` works; the last event is `FigureDone`.

    Throw `StopEarly` in to end after the current step; the picture in work is then left out.

    Args:
        content: as for `grid`.
        style: as for `grid`.
        options: None for the defaults.
        run: as for `grid`.

    Yields:
        `Note`, `Transfer`, `Planned`, `Step`, `Drawn` after each picture, then `FigureDone`.

    Raises:
        InputError: a picture or an option cannot be used.
        MissingError: the VGG weights are neither here nor to be had.
        ResourceError: out of memory.
    """
    options = options or GridOptions()
    work = _Grid(content, style, options, None if run is None else Path(run))
    yield from remarks((content, work.photo), (style, work.painting))
    missing = [cell for cell in work.cells if cell.name not in work.pictures]
    if len(missing) < len(work.cells):
        kept = len(work.cells) - len(missing)
        yield Note(f"{kept} of {len(work.cells)} pictures are in {run}; {len(missing)} to paint")
    if missing:
        weights = yield from find_weights(TOPOLOGIES[options.backbone], options.weights)
        tasks = [work.task(cell) for cell in missing]
        yield from relayed(paint_series(tasks, weights), work.keep)
    yield FigureDone(work.result(missing))


class _Grid:
    """The cells of a grid, and where finished ones are kept."""

    def __init__(
        self, content: PictureLike, style: PictureLike, options: GridOptions, run: Path | None
    ) -> None:
        self.began = time.perf_counter()
        self.options, self.run = options, run
        self.photo, self.painting = read(content), read(style)
        self.sources: tuple[Source, Source] = describe(content), describe(style)
        self.cells = cells_of(options)
        self.pictures: dict[str, Image.Image] = {}
        self.losses: dict[str, dict[str, float]] = {}
        if run is not None:
            _make(run)
            self._find_finished()

    def task(self, cell: Cell) -> Task:
        """Return what is to be painted."""
        return Task(cell.name, self.photo.image, (self.painting.image,), cell.options)

    def _recipe(self, cell: Cell) -> Recipe:
        return Recipe(__version__, self.sources[0], (self.sources[1],), cell.options)

    def _file(self, cell: Cell) -> Path:
        """Return a name that tells the cell, and is another one for every other recipe."""
        assert self.run is not None
        hashes = [source.sha256 for source in self.sources]
        told = repr((hashes, dataclasses.replace(cell.options, weights=None, device="auto")))
        return self.run / f"{cell.name}_{hashlib.sha256(told.encode()).hexdigest()[:8]}.png"

    def _find_finished(self) -> None:
        """Take the pictures that an earlier run has left."""
        if None in (source.sha256 for source in self.sources):
            return
        for cell in self.cells:
            path = self._file(cell)
            if not path.exists():
                continue
            try:
                Recipe.from_json(read_note(path) or "")
                with Image.open(path) as opened:
                    self.pictures[cell.name] = opened.copy()
            except (ImageError, OSError):  # damaged: it is painted again
                continue

    def keep(self, event: Event) -> Event:
        """Take a finished picture, and write it to the run folder, before it is told."""
        if not isinstance(event, Drawn) or event.stopped:
            return event
        cell = next(cell for cell in self.cells if cell.name == event.name)
        image = with_alpha(event.image, self.photo)
        self.pictures[cell.name] = image
        self.losses[cell.name] = dict(event.losses)
        if self.run is not None:
            note = self._recipe(cell).to_json()
            write_picture(image, self._file(cell), note=note, force=True)
        return event

    def result(self, missing: Sequence[Cell]) -> Figure:
        """Return the sheet of what there is."""
        options = dataclasses.replace(self.options, ratios=ratios_of(self.options))
        return Figure(
            image=self._sheet(),
            seconds=time.perf_counter() - self.began,
            recipe=Recipe(__version__, self.sources[0], (self.sources[1],), options),
            pictures=self.pictures,
            losses=self.losses,
            painted=sum(cell.name in self.pictures for cell in missing),
            stopped=len(self.pictures) < len(self.cells),
        )

    def _sheet(self) -> Image.Image:
        width, height = fit_long_side(*size_of(self.photo.image), self.options.size)[::-1]
        blank = Image.new("RGB", (width, height), "white")
        rows = [
            Row(
                row_label(layers),
                [
                    ("", self.pictures.get(cell.name, blank))
                    for cell in self.cells
                    if cell.row == index
                ],
            )
            for index, layers in enumerate(self.options.subsets())
        ]
        columns = [f"alpha / beta = {ratio_label(ratio)}" for ratio in ratios_of(self.options)]
        inputs = [
            as_input(self.sources[0], self.photo, width, height),
            as_input(self.sources[1], self.painting, width, height),
        ]
        return picture_table(inputs, rows, columns)


def _make(run: Path) -> None:
    check_own_folder(run)
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--run {run}: cannot make this folder ({error.strerror})") from error
