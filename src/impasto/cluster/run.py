"""Many photos on a Ray cluster: `impasto stylize --cluster`, and `impasto.stylize_dataset`."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from impasto.cluster.options import ClusterOptions
from impasto.cluster.parcel import Parcel, pack
from impasto.cluster.ray import (
    be_quiet,
    connected,
    find_ray,
    reason,
    workers_for,
)
from impasto.core.addresses import Address, Download, Place, place
from impasto.core.errors import ImageError, ImpastoError, ResourceError
from impasto.core.events import Event, Failed, Note, Painted, Skipped, StopEarly, outcome
from impasto.io.encode import OUTPUT_SUFFIXES
from impasto.io.image import to_bytes
from impasto.io.paths import whole
from impasto.networks.model import one_pass_only
from impasto.networks.options import StylizeOptions
from impasto.networks.pipeline import Job, paint_batch, plan
from impasto.networks.regions import label_for
from impasto.networks.stylize import load_events, stages_of

if TYPE_CHECKING:
    from ray.data import Dataset

PHOTOS = 32
"""That a worker gets at once, at most: reading, painting and writing overlap within them."""

Row = dict[str, Any]


def cluster_events(
    contents: Sequence[str | Path | Address],
    options: StylizeOptions,
    cluster: ClusterOptions | None = None,
    *,
    output: str | Path | Address | None = None,
    force: bool = False,
) -> Generator[Event, None, None]:
    """Yield one event for each of many photos, painted by the workers of a Ray cluster.

    Only names travel through Ray: every worker reads its photos and writes its pictures itself, so
    both must be where all machines reach them. A worker that is lost is replaced, and paints its
    photos anew. Throw `StopEarly` in to end; the same call paints the rest.

    Args:
        contents: as for `stylize_events`, like what follows.
        options: for all of them.
        cluster: where it is, and how many workers there are.
        output: folder for the results.
        force: replace existing results instead of skipping them.

    Yields:
        `Skipped` first; then `Painted` and `Failed` in the order in which they are done.

    Raises:
        InputError: as `stylize_events`; Ray is not installed, or no cluster answers.
        ResourceError: the cluster has given up.
    """
    cluster = cluster or ClusterOptions(cluster=True)
    one_pass_only(options)
    find_ray()
    folder = None if output is None else place(output)
    jobs = plan([place(photo) for photo in contents], label_for(options), folder)
    parcel = pack(options)
    with connected(cluster.address) as ray:
        yield from _Painting(ray, jobs, parcel, cluster, force=force).events()


class _Painting:
    """Many photos, and what becomes of them."""

    def __init__(
        self, ray: Any, jobs: Sequence[Job], parcel: Parcel, cluster: ClusterOptions, *, force: bool
    ) -> None:
        self.ray, self.parcel, self.cluster = ray, parcel, cluster
        self.total, self.done = len(jobs), 0
        self.refused = [job for job in jobs if job.problem is not None]
        there = set() if force else {job.target for job in jobs if job.is_done()}
        self.skipped = [job for job in jobs if job.target in there and job.problem is None]
        self.left = [job for job in jobs if job.target not in there and job.problem is None]

    def events(self) -> Generator[Event, None, None]:
        try:
            for job in self.refused:
                self.done += 1
                yield Failed(job.source, job.problem or "", self.done, self.total)
            for job in self.skipped:
                self.done += 1
                yield Skipped(job.target, job.source, self.done, self.total)
            if self.left:
                yield from self._paint()
        except StopEarly:
            return

    def _paint(self) -> Generator[Event, None, None]:
        be_quiet(self.ray)
        compute = workers_for(self.ray, self.cluster.workers, self.cluster.threads)
        machines = [node for node in self.ray.nodes() if node["Alive"]]
        hands = self.ray.cluster_resources().get("CPU", 0)
        yield Note(
            f"{len(self.left)} photos for a Ray cluster with {hands:.0f} processors on "
            f"{len(machines)} machine{'s' if len(machines) > 1 else ''}"
        )
        began, painted = time.perf_counter(), 0
        try:
            for row in self._rows(compute):
                painted += 1
                self.done += 1
                rate = painted / (time.perf_counter() - began)
                eta = (len(self.left) - painted) / rate
                yield _told(row, self.done, self.total, rate, eta)
        except self.ray.exceptions.RayError as error:
            raise ResourceError(
                f"the cluster has given up: {reason(error)}; the same command paints the rest"
            ) from error

    def _rows(self, compute: Any) -> Iterator[Row]:
        """Yield what the workers say of their photos."""
        hands = self.cluster.workers or self.ray.cluster_resources().get("CPU", 1)
        blocks = max(1, -(-len(self.left) // PHOTOS), min(len(self.left), int(hands) * 4))
        items = [{"source": _name(job.source), "target": _name(job.target)} for job in self.left]
        painted = self.ray.data.from_items(items, override_num_blocks=blocks).map_batches(
            Painter,
            batch_size=None,
            compute=compute,
            num_cpus=self.cluster.threads,
            fn_constructor_args=(self.ray.put(self.parcel), self.cluster.threads),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # more workers than there is work for
            yield from painted.iter_rows()


def _name(name: Place) -> str:
    return name.url if isinstance(name, Address) else str(whole(name))


def _told(row: Row, done: int, total: int, rate: float, eta: float) -> Event:
    source = place(row["source"])
    if row["message"]:
        return Failed(source, row["message"], done, total)
    return Painted(
        path=place(row["target"]),
        source=source,
        width=int(row["width"]),
        height=int(row["height"]),
        seconds=float(row["seconds"]),
        done=done,
        total=total,
        images_per_second=rate,
        eta=eta,
        remark=row["remark"] or None,
        style=row["style"],
    )


class Painter:
    """A worker: it loads the network once, and paints what it is given.

    Args:
        parcel: the options and their files, in Ray's store.
        threads: processors that it may use.
    """

    def __init__(self, parcel: Any, threads: int) -> None:
        use_threads(threads)
        found: Parcel = find_ray().get(parcel)
        self.options = found.unpack()
        self.model = outcome(load_events(self.options))

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Paint photos into their files, and return what became of them."""
        pairs = zip(batch["source"], batch["target"], strict=True)
        jobs = [Job(place(str(source)), place(str(target))) for source, target in pairs]
        rows = [_row(event) for event in self._events(jobs)]
        return {name: [row[name] for row in rows] for name in rows[0]}

    def _events(self, jobs: Sequence[Job]) -> Iterator[Painted | Failed]:
        """Yield what becomes of every photo; none is skipped, so that an answer is one."""
        try:
            events = paint_batch(jobs, stages_of(self.model, self.options), force=True)
            yield from (event for event in events if isinstance(event, Painted | Failed))
        except ImpastoError as error:  # the folder cannot be written to
            for job in jobs:
                yield Failed(job.source, str(error), 0, 0)


def _row(event: Painted | Failed) -> Row:
    painted = event if isinstance(event, Painted) else None
    return {
        "source": _name(event.source),
        "target": "" if painted is None else _name(painted.path),
        "message": "" if isinstance(event, Painted) else event.message,
        "width": 0 if painted is None else painted.width,
        "height": 0 if painted is None else painted.height,
        "seconds": 0.0 if painted is None else painted.seconds,
        "remark": "" if painted is None else painted.remark or "",
        "style": "" if painted is None else painted.style,
    }


def use_threads(threads: int) -> None:
    """Keep this process to so many processors, whatever paints in it."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)  # which torch reads while it is imported
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(threads)


def stylize_dataset(
    dataset: Dataset,
    style: str | Path,
    *,
    column: str = "bytes",
    suffix: str = ".png",
    workers: int | None = None,
    threads: int = 1,
    **options: Any,
) -> Dataset:
    """Return a Ray dataset whose pictures will be painted, for a pipeline of your own.

    A picture that cannot be painted stops nothing: its cell becomes None, and the column `error`
    says why.

    Args:
        dataset: with pictures in `column`: the bytes of files, as `ray.data.read_binary_files`
            gives them, or arrays (H, W, 3) of uint8 or of floating numbers in [0, 1]. A column
            `path`, if there is one, names them: a folder of styles picks by it.
        style: a bundled style, a painting, a model file, or a folder of these.
        column: of the pictures.
        suffix: ending of the format that the painted pictures are encoded in.
        workers: processes that paint; None for as many as Ray finds room for.
        threads: processors of each.
        **options: fields of `StylizeOptions`, such as `size=512`.

    Returns:
        The dataset with the bytes of painted pictures in `column`, and with the columns `style`
        and `error`.

    Raises:
        InputError: the style or an option cannot be used; Ray is not installed.
    """
    ray = find_ray()
    asked = StylizeOptions(style=str(style), **options)
    one_pass_only(asked)
    if suffix.lower() not in OUTPUT_SUFFIXES:
        raise ImageError(f"{suffix}: pictures are written as {', '.join(OUTPUT_SUFFIXES)}")
    ClusterOptions(cluster=True, workers=workers, threads=threads)  # refuses odd numbers
    parcel = ray.put(pack(asked))
    painter: Any = CellPainter  # Ray's types know functions only
    return dataset.map(
        painter,
        compute=workers_for(ray, workers, threads),
        num_cpus=threads,
        fn_constructor_args=(parcel, threads, column, suffix),
    )


class CellPainter(Painter):
    """A worker that paints what is in a column.

    Args:
        parcel: as for `Painter`.
        threads: likewise.
        column: of the pictures.
        suffix: of the format of the painted ones.
    """

    def __init__(self, parcel: Any, threads: int, column: str, suffix: str) -> None:
        super().__init__(parcel, threads)
        self.column, self.suffix = column, suffix

    def __call__(self, row: Mapping[str, Any]) -> Row:
        """Paint one row's picture."""
        painted, style, error = None, None, None
        try:
            result = self.model.paint(_picture(row, self.column), self.options)
            note = result.recipe.to_json()
            painted = to_bytes(result.image, self.suffix, note, result.metadata)
            style = result.recipe.styles[0].name
        except (ImpastoError, OSError) as problem:
            error = str(problem)
        return {**row, self.column: painted, "style": style, "error": error}


def _picture(row: Mapping[str, Any], column: str) -> bytes | np.ndarray[Any, Any]:
    cell = row[column]
    if isinstance(cell, bytes):
        picture = Download(cell)
        picture.name = str(row.get("path", "-"))
        return picture
    return np.asarray(cell)
