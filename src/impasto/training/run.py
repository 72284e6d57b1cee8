"""`impasto.train`: a network for one painting."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import re
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from impasto.core.errors import ConfigError, ModelFileError
from impasto.core.events import Event, Note, Saved, Trained
from impasto.core.tensors import fit_long_side, resize, size_of
from impasto.io.folder import find_pictures
from impasto.io.image import to_pil
from impasto.io.inputs import describe, read, remarks
from impasto.io.paths import is_folder, is_taken, whole
from impasto.networks.any_style import start_from
from impasto.networks.model_file import (
    ModelInfo,
    StyleInfo,
    load_any_style,
    load_model,
    read_info,
    save_model,
)
from impasto.networks.registry import find_network, find_style, name_of
from impasto.networks.shape import NetworkOptions
from impasto.perception.vgg import VGG16
from impasto.perception.weights import find_weights
from impasto.training.folder import Painting, RunFolder, TrainTask, find_writer
from impasto.training.loop import train as train_loop
from impasto.training.options import TrainOptions
from impasto.training.processes import Processes

SAMPLE_PHOTOS = ("castle", "astronaut")
"""Bundled photos that are painted while a training runs."""

THUMBNAIL_SIZE = 128


@dataclass(frozen=True)
class TrainRequest:
    """What to train, for whom and where to."""

    styles: Sequence[str | Path]
    """The paintings, at least one: files, or names of bundled ones. To learn any style, one folder
    of paintings."""

    photos: str | Path
    """Folder of photos, searched with all folders in it."""

    output: str | Path
    """Model file to write, .safetensors."""

    run: str | Path | None = None
    """Run folder; OUTPUT without its ending, plus `.run`, if not given."""

    names: Sequence[str] = ()
    """Of the styles, one per painting. If not given, that of the output file for a single one, and
    of the paintings' files for several."""

    credits: Sequence[str] = ()
    """Who made each painting, its title, year and license; kept in the model file."""

    license: str = ""
    """Of the model file; kept in it."""


def train(
    style: str | Path, photos: str | Path, output: str | Path, *, credit: str = "", **options: Any
) -> Path:
    """Train a network that paints in one style, and return its model file.

    Args:
        style: the painting: a file, or the name of a bundled one.
        photos: folder of photos, searched with all folders in it; about 50 or more.
        output: model file to write, .safetensors.
        credit: who made the painting, its title, year and license; kept in the model file.
        **options: fields of `TrainOptions`, such as `minutes=30`.

    Raises:
        InputError: the painting, the photos or an option cannot be used.
        MissingError: the VGG weights are neither here nor to be had.
        ResourceError: out of memory, or a loss that does not stay finite.
    """
    request = TrainRequest([style], photos, output, credits=[credit])
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
    any_style = options.network == "any"
    if any_style:
        check_folder_of_paintings(request.styles)
    pictures = [] if any_style else [read(style) for style in request.styles]
    yield from remarks(*zip(request.styles[: len(pictures)], pictures, strict=True))
    images = [picture.image for picture in pictures]
    paintings = () if any_style else _paintings(request)
    source = options.start or options.add_to
    start = find_style(source).path if source else None
    _network_and_start(options, paintings, start)  # what cannot work is refused at once
    for layer in (*options.content_layers, *options.style_layers):
        VGG16.split(layer)
    if options.tensorboard:
        find_writer()
    if options.add_to is not None and start is not None:
        _check_new(paintings, start)
    task = TrainTask(
        paintings=paintings,
        photos=str(whole(request.photos)),
        output=str(whole(output)),
        license=request.license,
        options=options,
        paintings_folder=str(whole(request.styles[0])) if any_style else None,
        photo_names=_names_in(Path(request.photos)),
    )
    folder = RunFolder(Path(request.run) if request.run else output.with_suffix(".run"))
    processes = Processes()
    if processes.is_main:
        folder.create(task, images, start)
    processes.wait()  # the others read what the first has written
    with _held(folder):
        yield from _ending(run_training(task, folder, start))


def _names_in(photos: Path) -> str:
    """Return the SHA-256 of the photos' names: the same names come in the same order."""
    names = (os.fsencode(path.relative_to(photos)) for path in find_pictures(photos))
    return hashlib.sha256(b"\n".join(names)).hexdigest()


def _paintings(request: TrainRequest) -> tuple[Painting, ...]:
    """Return names, files and credits of the paintings.

    Raises:
        ConfigError: no painting, another number of names or credits, or a name that is there twice.
    """
    count = len(request.styles)
    if not count:
        raise ConfigError("name at least one painting")
    stems = [Path(style).stem for style in request.styles]
    names = list(request.names) or ([Path(request.output).stem] if count == 1 else stems)
    given = list(request.credits) or [""] * count
    if len(names) != count or len(given) != count:
        raise ConfigError(f"{count} paintings need as many --name and --credit, or none")
    if len(set(names)) != count or not all(re.fullmatch(r"[\w.+-]+", name) for name in names):
        raise ConfigError(
            f"names of styles: {', '.join(names)}; each must be there once, of letters, digits, "
            "- . _ +"
        )
    sources = [describe(style) for style in request.styles]
    return tuple(
        Painting(name, source.name, source.sha256 or "", credit)
        for name, source, credit in zip(names, sources, given, strict=True)
    )


def check_folder_of_paintings(styles: Sequence[str | Path]) -> None:
    """Refuse what any style cannot be learned from.

    Raises:
        ConfigError: not one folder with pictures.
    """
    if len(styles) != 1 or not is_folder(styles[0]):
        raise ConfigError("--network any learns from one folder of paintings; name that folder")
    if not find_pictures(Path(styles[0])):
        raise ConfigError(f"{styles[0]}: no pictures in it; it needs about 20 paintings")


def _check_new(paintings: Sequence[Painting], model: Path) -> None:
    """Refuse a name that the model has already.

    Raises:
        ConfigError: with the name.
    """
    known = {style.name for style in read_info(model).styles}
    for painting in paintings:
        if painting.name in known:
            raise ConfigError(
                f"{model.stem} has a style {painting.name} already; use another --name"
            )


def resume_events(
    run: str | Path,
    *,
    photos: str | Path | None = None,
    paintings: str | Path | None = None,
    output: str | Path | None = None,
    **changes: Any,
) -> Generator[Event, None, None]:
    """Yield what happens while a run goes on from its latest checkpoint.

    Args:
        run: the run folder, wherever it is now.
        photos: where its photos are now, if they have been moved.
        paintings: where its paintings are now, if it learns any style from a folder of them.
        output: another model file to write.
        **changes: options to change: `minutes` or `steps`.

    Raises:
        InputError: no run folder, or what it names is gone.
    """
    folder = RunFolder(Path(run))
    places = {"photos": photos, "paintings_folder": paintings, "output": output}
    moved = {name: str(whole(path)) for name, path in places.items() if path is not None}
    begun = _begun(folder, moved)
    check_model_output(Path(begun.output), force=output is None)
    task = begun
    if changes:
        limits: dict[str, Any] = {"minutes": None, "steps": None}
        task = replace(begun, options=replace(begun.options, **{**limits, **changes}))
    if output is None:
        last = folder.written["model"]
        if last is not None and last.is_there() and not changes:
            if Processes().is_main:
                yield from _end_again(folder, last.path)
            return
        wanted = Path(task.output) if last is None else last.path
        task = replace(task, output=str(folder.written.place("model", wanted)))
        if Path(task.output) != wanted:
            yield Note(f"{wanted} is not what {run} wrote: leaving it, and writing {task.output}")
        check_model_output(Path(task.output), force=True)
    with _held(folder):
        if moved and Processes().is_main:
            folder.change(begun)
        if begun.photo_names not in ("", _names_in(Path(begun.photos))):
            yield Note(
                f"the photos in {begun.photos} are not those that {run} was begun with: their "
                "order changes"
            )
        yield from _ending(run_training(task, folder, folder.start()))


def _begun(folder: RunFolder, moved: Mapping[str, str]) -> TrainTask:
    """Return what a run is about, with the places that have changed meanwhile.

    Raises:
        ConfigError: no run folder, or a place that is not there.
    """
    begun, run = folder.task(), folder.path
    if "paintings_folder" in moved:
        if begun.paintings_folder is None:
            raise ConfigError(f"{run} keeps its paintings itself; leave them out with --resume")
        check_folder_of_paintings([moved["paintings_folder"]])
    begun = replace(begun, **dict[str, Any](moved))
    for option, place in ((" --photos DIR", begun.photos), ("", begun.paintings_folder)):
        if place is not None and not Path(place).is_dir():
            raise ConfigError(
                f"{place}, from which {run} learns, is not there; name where it is now: "
                f"impasto train{'' if option else ' PAINTINGS'} --resume {run}{option}"
            )
    return begun


def _end_again(folder: RunFolder, model: Path) -> Generator[Event, None, None]:
    """Tell of a run that is finished what it told at its end."""
    yield Note(f"{folder.path} is finished; --minutes or --steps makes it go on")
    yield Saved(model)
    state = folder.latest() or {"step": 0, "seconds": 0.0}
    yield Trained(int(state["step"]), float(state["seconds"]), stopped=False)


def _held(folder: RunFolder) -> AbstractContextManager[None]:
    """Keep the folder for the one process that writes into it."""
    return folder.held() if Processes().is_main else nullcontext()


def check_model_output(path: Path, *, force: bool = False) -> None:
    """Refuse a model file that could not be written, before any work is done.

    Raises:
        ModelFileError: wrong ending, no such folder, or an existing file without `force`.
    """
    if path.suffix != ".safetensors":
        raise ModelFileError(f"cannot write {path}: the ending should be .safetensors")
    if not is_folder(path.parent):
        raise ModelFileError(f"cannot write {path}: the folder {path.parent} does not exist")
    if is_taken(path) and not force:
        raise ModelFileError(f"{path} exists; use another name with -o, or remove it")


def run_training(
    task: TrainTask,
    folder: RunFolder,
    start: Path | None,
    *,
    samples: Mapping[str, Tensor] | None = None,
    keep_stopped: bool = False,
) -> Generator[Event, None, Trained | None]:
    """Yield what happens while a network is trained, write its model file, and return its end.

    Args:
        task: what to train.
        folder: its run folder, already made.
        start: model file to go on from, None for random weights.
        samples: photos (1, 3, H, W) to paint now and then, by name; bundled ones if None.
        keep_stopped: whether a training that is ended before its time gives its model too.

    Returns:
        How it ended; None in a process that does not lead.
    """
    network, state = _network_and_start(task.options, task.paintings, start)
    weights = yield from find_weights(file=task.options.weights)
    if samples is None:
        samples = {name: read(name).image for name in SAMPLE_PHOTOS}
    leads = Processes().is_main
    info = _describe(task, folder, network) if leads else None  # what it reads may be gone by then
    outcome = yield from train_loop(task, folder, network, weights, start=state, samples=samples)
    if info is None:
        return None
    if keep_stopped or not outcome.stopped:
        taken = {"steps": outcome.trainer.step_number, "seconds": round(outcome.seconds)}
        info = replace(info, recipe={**info.recipe, **taken})
        _save(outcome.trainer.average, info, Path(task.output), folder.path)
        with suppress(OSError):  # then --resume writes another file beside this one
            folder.written.add("model", Path(task.output), finished=True)
        yield Saved(Path(task.output))
    return Trained(outcome.trainer.step_number, outcome.seconds, stopped=outcome.stopped)


def _ending(events: Generator[Event, None, Trained | None]) -> Generator[Event, None, None]:
    """Yield the events and, last, the one they return."""
    ended = yield from events
    if ended is not None:
        yield ended


def _save(net: torch.nn.Module, info: ModelInfo, path: Path, run: Path) -> None:
    """Write the model; if its folder has gone or is full, elsewhere rather than nowhere.

    Raises:
        ModelFileError: it is not where it should be; says where it is.
    """
    try:
        save_model(path, net, info)
    except ModelFileError as error:
        places = (run, Path(tempfile.gettempdir()))
        for other in (place / path.name for place in places):
            if other.exists():
                continue
            try:
                save_model(other, net, info)
            except ModelFileError:
                continue
            raise ModelFileError(f"{error}; the model is in {other} instead") from error
        raise ModelFileError(
            f"{error}; when there is room: impasto train --resume {run}, from its last checkpoint"
        ) from error


def _network_and_start(
    options: TrainOptions, paintings: Sequence[Painting], path: Path | None
) -> tuple[NetworkOptions, dict[str, Tensor] | None]:
    """Return the network's shape for new styles, and its first weights if it has any.

    Started from a trained model, a style of a name that the model has goes on from there; any
    other begins as the mean of the model's styles.
    """
    count = max(1, len(paintings))
    if path is None:
        return replace(find_network(options.network), styles=count), None
    if options.network == "any" and read_info(path).any_style:
        whole, info = load_any_style(path)
        return info.network, whole.state_dict()
    net, info = load_model(path)
    if options.network == "any":
        return replace(info.network, styles=1), start_from(net.state_dict(), info.network)
    old = info.network.styles if options.add_to else 0
    known = [style.name for style in info.styles]
    state = dict(net.state_dict())
    for name, tensor in state.items():
        if ".norm." in name:  # (styles, channels)
            rows = [
                tensor[known.index(painting.name)] if painting.name in known else tensor.mean(0)
                for painting in paintings
            ]
            state[name] = torch.cat([tensor[:old], torch.stack(rows)])
    return replace(info.network, styles=old + count), state


def _describe(task: TrainTask, folder: RunFolder, network: NetworkOptions) -> ModelInfo:
    """Return what the model file says about itself, but for the steps and seconds it took."""
    options = dataclasses.asdict(task.options)
    for private in ("weights", "device", "workers"):
        options.pop(private)
    for model in ("start", "add_to"):  # a path would tell where its maker keeps files
        options[model] = options[model] and Path(options[model]).stem
    thumbnails = [_thumbnail(style) for style in folder.styles(task)]
    learned = tuple(
        StyleInfo(painting.name, painting.credit, thumbnail)
        for painting, thumbnail in zip(task.paintings, thumbnails, strict=True)
    )
    before: tuple[StyleInfo, ...] = ()
    start = folder.start()
    if task.options.add_to is not None and start is not None:
        before = read_info(start).styles
    return ModelInfo(
        network=network,
        network_name="any" if task.paintings_folder else name_of(network),
        any_style=task.paintings_folder is not None,
        license=task.license,
        styles=(*before, *learned),
        recipe={
            "options": options,
            "photos": len(find_pictures(Path(task.photos))),
            **_count_paintings(task),
            "styles": {
                painting.name: {"file": Path(painting.file).name, "sha256": painting.sha256}
                for painting in task.paintings
            },
        },
    )


def _count_paintings(task: TrainTask) -> dict[str, int]:
    if task.paintings_folder is None:
        return {}
    return {"paintings": len(find_pictures(Path(task.paintings_folder)))}


def _thumbnail(style: Tensor) -> bytes:
    small = resize(style, *fit_long_side(*size_of(style), THUMBNAIL_SIZE))
    stream = io.BytesIO()
    to_pil(small).save(stream, "JPEG", quality=85)
    return stream.getvalue()
