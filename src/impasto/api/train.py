"""`impasto.train`: a network for one painting."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from impasto import assets
from impasto.api.pictures import describe, read
from impasto.core.errors import ConfigError, ModelFileError
from impasto.core.events import Event, Saved, Trained
from impasto.core.tensors import fit_long_side, resize, size_of
from impasto.io.folder import find_pictures
from impasto.io.image import to_pil
from impasto.models.file import ModelInfo, StyleInfo, load_model, save_model
from impasto.models.registry import find_network, find_style, name_of
from impasto.models.transform import NetworkOptions
from impasto.perception.vgg import VGG16
from impasto.perception.weights import find_weights
from impasto.training.board import find_writer
from impasto.training.folder import RunFolder, TrainTask
from impasto.training.loop import Outcome
from impasto.training.loop import train as train_loop
from impasto.training.options import TrainOptions
from impasto.training.processes import Processes

SAMPLE_PHOTOS = ("castle", "astronaut")
"""Bundled photos that are painted while a training runs."""

THUMBNAIL_SIZE = 128


@dataclass(frozen=True)
class TrainRequest:
    """What to train, for whom and where to."""

    style: str | Path
    """The painting: a file, or the name of a bundled one."""

    photos: str | Path
    """Folder of photos, searched with all folders in it."""

    output: str | Path
    """Model file to write, .safetensors."""

    run: str | Path | None = None
    """Run folder; OUTPUT without its ending, plus `.run`, if not given."""

    name: str | None = None
    """Of the style; the output file's name if not given."""

    credit: str = ""
    """Who made the painting, its title, year and licence; kept in the model file."""

    licence: str = ""
    """Of the model file; kept in it."""


def train(
    style: str | Path, photos: str | Path, output: str | Path, *, credit: str = "", **options: Any
) -> Path:
    """Train a network that paints in one style, and return its model file.

    Args:
        style: the painting: a file, or the name of a bundled one.
        photos: folder of photos, searched with all folders in it; about 50 or more.
        output: model file to write, .safetensors.
        credit: who made the painting, its title, year and licence; kept in the model file.
        **options: fields of `TrainOptions`, such as `minutes=30`.

    Raises:
        InputError: the painting, the photos or an option cannot be used.
        MissingError: the VGG weights are neither here nor to be had.
        ResourceError: out of memory, or a loss that does not stay finite.
    """
    request = TrainRequest(style, photos, output, credit=credit)
    for _ in train_events(request, TrainOptions(**options)):
        pass
    return Path(output)


def train_events(
    request: TrainRequest, options: TrainOptions | None = None
) -> Generator[Event, None, None]:
    """Yield what happens while a network is trained; the last event is `Trained`.

    Throw `StopEarly` in to end after the current step, with a checkpoint in the run folder.

    Raises:
        InputError: the painting, the photos or an option cannot be used.
        MissingError: the VGG weights are neither here nor to be had.
        ResourceError: out of memory, or a loss that does not stay finite.
    """
    options = options or TrainOptions()
    output = Path(request.output)
    check_model_output(output)
    if not find_pictures(Path(request.photos)):
        raise ConfigError(f"--photos {request.photos}: no pictures in it; it needs about 50 photos")
    painting = read(request.style).image
    source = describe(request.style)
    _network_and_start(options)  # what cannot work is refused before the run folder is made
    for layer in (*options.content_layers, *options.style_layers):
        VGG16.split(layer)
    if options.tensorboard:
        find_writer()
    task = TrainTask(
        style=source.name,
        style_sha256=source.sha256 or "",
        photos=str(Path(request.photos).resolve()),
        output=str(output.resolve()),
        name=request.name or output.stem,
        credit=request.credit,
        licence=request.licence,
        options=options,
    )
    folder = RunFolder(Path(request.run) if request.run else output.with_suffix(".run"))
    if Processes().leads:
        folder.create(task, painting)
    yield from _events(task, folder)


def resume_events(run: str | Path, **changes: Any) -> Generator[Event, None, None]:
    """Yield what happens while a run goes on from its latest checkpoint.

    Args:
        run: the run folder.
        **changes: options to change: `minutes` or `steps`.

    Raises:
        InputError: no run folder, or what it names is gone.
    """
    folder = RunFolder(Path(run))
    task = folder.task()
    if changes:
        limits: dict[str, Any] = {"minutes": None, "steps": None}
        options = dataclasses.replace(task.options, **{**limits, **changes})
        task = dataclasses.replace(task, options=options)
    check_model_output(Path(task.output), force=True)
    yield from _events(task, folder)


def check_model_output(path: Path, *, force: bool = False) -> None:
    """Refuse a model file that could not be written, before any work is done.

    Raises:
        ModelFileError: wrong ending, no such folder, or an existing file without `force`.
    """
    if path.suffix != ".safetensors":
        raise ModelFileError(f"cannot write {path}: the ending should be .safetensors")
    if not path.parent.is_dir():
        raise ModelFileError(f"cannot write {path}: the folder {path.parent} does not exist")
    if path.exists() and not force:
        raise ModelFileError(f"{path} exists; use another name with -o, or remove it")


def _events(task: TrainTask, folder: RunFolder) -> Generator[Event, None, None]:
    network, start = _network_and_start(task.options)
    weights: dict[str, Tensor] = {}
    for found in find_weights(file=task.options.weights):
        if isinstance(found, Event):
            yield found
        else:
            weights = found
    samples = {name: read(name).image for name in SAMPLE_PHOTOS if assets.find(name)}
    outcome = yield from train_loop(task, folder, network, weights, start=start, samples=samples)
    if not outcome.leads:
        return
    if not outcome.stopped:
        save_model(Path(task.output), outcome.trainer.average, _describe(task, folder, outcome))
        yield Saved(Path(task.output))
    yield Trained(outcome.trainer.step_number, outcome.seconds, stopped=outcome.stopped)


def _network_and_start(options: TrainOptions) -> tuple[NetworkOptions, dict[str, Tensor] | None]:
    """Return the network's shape, and its first weights if there is a file to start from."""
    if options.start is None:
        return find_network(options.network), None
    net, info = load_model(find_style(options.start))
    return info.network, dict(net.state_dict())


def _describe(task: TrainTask, folder: RunFolder, outcome: Outcome) -> ModelInfo:
    """Return what the model file says about itself."""
    options = dataclasses.asdict(task.options)
    for private in ("weights", "device", "workers"):
        options.pop(private)
    network = outcome.trainer.average.options
    return ModelInfo(
        network=network,
        network_name=name_of(network),
        licence=task.licence,
        styles=(StyleInfo(task.name, task.credit, _thumbnail(folder.style())),),
        recipe={
            "options": options,
            "steps": outcome.trainer.step_number,
            "seconds": round(outcome.seconds),
            "photos": len(find_pictures(Path(task.photos))),
            "style": Path(task.style).name,
            "style_sha256": task.style_sha256,
        },
    )


def _thumbnail(style: Tensor) -> bytes:
    small = resize(style, *fit_long_side(*size_of(style), THUMBNAIL_SIZE))
    stream = io.BytesIO()
    to_pil(small).save(stream, "JPEG", quality=85)
    return stream.getvalue()
