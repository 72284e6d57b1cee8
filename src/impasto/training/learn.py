"""`impasto.learn`: a painting becomes a style with a name, in a minute."""

from __future__ import annotations

import re
import shutil
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from impasto import assets
from impasto.core.errors import ConfigError, ModelFileError
from impasto.core.events import Event, Note
from impasto.core.tensors import fit_long_side, resize, size_of
from impasto.io.folder import find_pictures
from impasto.io.image import to_pil, write_picture
from impasto.io.inputs import PictureLike, describe, read
from impasto.io.paths import whole
from impasto.networks.model_file import read_info
from impasto.networks.registry import BASE, bundled_styles, own_styles
from impasto.training.folder import Painting, RunFolder, TrainTask
from impasto.training.options import LearnOptions
from impasto.training.run import run_training

LONGEST_NAME = 80
"""Of a style, in characters."""

SHOWN_SIZE = 512
"""Long side in pixels of the photo that shows how far it is."""


@dataclass(frozen=True, slots=True)
class Learned(Event):
    """A painting has become a style."""

    name: str
    """As which it is painted with: `--style NAME`."""

    path: Path
    """Its model file."""

    steps: int
    seconds: float
    """Of learning."""

    stopped: bool
    """Whether the person ended it before its time."""


def learn(
    style: str | Path,
    *,
    name: str | None = None,
    photos: str | Path | None = None,
    credit: str = "",
    force: bool = False,
    **options: Any,
) -> str:
    """Learn a painting, and return the name with which photos are painted like it.

    Args:
        style: the painting: a file, or the name of a bundled one.
        name: of the style; that of the file if not given.
        photos: folder of photos to learn from; those that come with impasto if not given.
        credit: who made the painting, its title, year and license; kept in the model file.
        force: begin anew a style of that name.
        **options: fields of `LearnOptions`, such as `minutes=5`.

    Raises:
        InputError: the painting, the photos, the name or an option cannot be used.
        MissingError: the VGG weights are neither here nor to be had.
        ResourceError: out of memory, or a loss that does not stay finite.

    Example:
        `impasto.learn("my-painting.jpg")`, and from then on
        `impasto.stylize("photo.jpg", "my-painting")`.
    """
    found = ""
    chosen = LearnOptions(**options)
    for event in learn_events(style, chosen, name=name, photos=photos, credit=credit, force=force):
        if isinstance(event, Learned):
            found = event.name
    return found


def learn_events(
    style: str | Path,
    options: LearnOptions | None = None,
    *,
    name: str | None = None,
    photos: str | Path | None = None,
    show: PictureLike = "castle",
    credit: str = "",
    force: bool = False,
) -> Generator[Event, None, None]:
    """Yield what happens while a painting is learned; the last event is `Learned`.

    The whole network of the bundled styles is trained on. A style that was learned from the same
    painting before goes on from where it was. Throw `StopEarly` in to end after the current step
    and keep what is learned.

    Args:
        style: the painting, as for `learn`, like all that follows but one.
        options: of the learning.
        name: of the style.
        photos: folder of photos to learn from.
        show: a photo that is painted every few seconds, to see how far it is.
        credit: of the painting.
        force: begin anew a style of that name.

    Yields:
        `TrainStep` for every step, `Sample` (the photo) now and then, `Note`, `Saved`, `Learned`.

    Raises:
        InputError: as `learn`; and its other errors.
    """
    options = options or LearnOptions()
    image = read(style).image
    shown = read(show, at_least=SHOWN_SIZE).image
    shown = resize(shown, *fit_long_side(*size_of(shown), SHOWN_SIZE))
    source = describe(style)
    sha256 = source.sha256 or ""
    if name is None:
        name = name_for(Path(style).stem, sha256)
    _check_name(name)
    painting = Painting(name, source.name, sha256, credit)
    start, note = _start_for(painting, force=force)
    photos = assets.TRAINING_PHOTOS if photos is None else Path(photos)
    if not find_pictures(photos):
        raise ConfigError(f"--photos {photos}: no pictures in it; it needs about 50 photos")
    path = assets.own_folder() / f"{painting.name}.safetensors"
    task = TrainTask(
        paintings=(painting,),
        photos=str(whole(photos)),
        output=str(path),
        license="",
        options=options.training(str(start)),
    )
    folder = _new_folder(painting.name)
    kept = False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder.create(task, [image], start)
        with folder.held():
            if note:
                yield Note(note)
            ended = yield from run_training(
                task, folder, start, samples={"photo": shown}, keep_stopped=True
            )
            write_picture(to_pil(image), path.with_suffix(".jpg"), force=True)
    except ModelFileError:
        kept = True  # a model that could not be written where it should be may be there
        raise
    except OSError as error:
        raise ModelFileError(f"cannot write into {path.parent}: {error.strerror}") from error
    finally:
        if not kept:
            shutil.rmtree(folder.path, ignore_errors=True)
    if ended is not None:
        yield Learned(painting.name, path, ended.step, ended.seconds, ended.stopped)


def name_for(stem: str, sha256: str) -> str:
    """Return a name for a painting's style that is free, or already its own.

    Args:
        stem: what its file is called.
        sha256: of the painting.
    """
    first = name = re.sub(r"[^\w.+-]+", "-", stem.lower()).strip("-._+")[:LONGEST_NAME] or "style"
    number = 2
    while name in bundled_styles() or _painting_of(name) not in (None, sha256):
        name, number = f"{first}-{number}", number + 1
    return name


def _check_name(name: str) -> None:
    """Refuse what cannot be the name of a new style.

    Raises:
        ConfigError: says why.
    """
    if not re.fullmatch(r"\w[\w.+-]*", name) or len(name) > LONGEST_NAME:
        raise ConfigError(
            f"--name {name}: letters, digits and - . _ + only, {LONGEST_NAME} at most"
        )
    if name in bundled_styles():
        raise ConfigError(f"{name} is the name of a bundled style; choose another with --name")


def _painting_of(name: str) -> str | None:
    """Return the SHA-256 of the painting of one's own style, None if there is no such style."""
    path = own_styles().get(name)
    if path is None:
        return None
    return str(read_info(path).recipe.get("styles", {}).get(name, {}).get("sha256", ""))


def _start_for(painting: Painting, *, force: bool) -> tuple[Path, str]:
    """Return the model to go on from, and what to say about it.

    Raises:
        ConfigError: another painting has the name.
    """
    learned = _painting_of(painting.name)
    if learned is None or force:
        return BASE, ""
    if learned != painting.sha256:
        raise ConfigError(
            f"{painting.name} is a style that you have learned from another painting; choose "
            "another --name, or --force to replace it"
        )
    note = f"{painting.name} goes on from what it has learned; --force begins anew"
    return own_styles()[painting.name], note


def _new_folder(name: str) -> RunFolder:
    """Return an empty run folder, without what an interrupted run has left."""
    path = assets.own_folder().with_name("learning") / f"{name}.run"
    if path.exists():
        folder = RunFolder(path)
        with folder.held():  # refused if it is in use
            shutil.rmtree(path, ignore_errors=True)
    return RunFolder(path)
