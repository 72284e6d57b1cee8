"""The run folder of an optimization: what was asked, and how far it has come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from impasto.core.errors import ConfigError
from impasto.core.options import restore
from impasto.io.checkpoints import Checkpoints, new_task_file, task_file, write_task
from impasto.io.inputs import describe, locate
from impasto.io.paths import MISSING, exists, trouble, whole
from impasto.io.regions import KEEP, parse_region
from impasto.io.temporary import Written
from impasto.optimization.options import OptimizeOptions


@dataclass(frozen=True)
class OptimizeTask:
    """What a run is about; kept in its folder, so that --resume needs nothing else."""

    content: str
    """The photo: an absolute path, or the name of a bundled picture."""

    styles: tuple[str, ...]
    """The paintings, likewise."""

    sha256: tuple[str | None, ...]
    """Of the photo and the paintings."""

    output: str
    """The picture to write, absolute; empty if the caller does it."""

    options: OptimizeOptions


class OptimizeRun:
    """A folder with `run.json` and checkpoints."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints = Checkpoints(path)
        self.written = Written(path)

    def create(
        self, content: str, styles: tuple[str, ...], options: OptimizeOptions, output: str
    ) -> None:
        """Begin a run.

        Raises:
            ConfigError: the folder holds a run already, or cannot be made.
        """
        path = new_task_file(self.path)
        sources = (content, *styles)
        task = OptimizeTask(
            content=_absolute(content),
            styles=tuple(_absolute_style(style, options) for style in styles),
            sha256=tuple(_sha256(source, options) for source in sources),
            output=output and str(whole(output)),
            options=_with_whole_paths(options),
        )
        write_task(path, task)

    def task(self, moved: Sequence[str | Path] = ()) -> OptimizeTask:
        """Return what the run is about.

        Args:
            moved: where pictures of the run are now, in any order.

        Raises:
            ConfigError: this is no run folder, its pictures are not what they were, one is gone,
                or one of `moved` is none of them.
            ImageError: one of `moved` does not exist.
        """
        path = task_file(self.path)
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            task = OptimizeTask(
                content=stored["content"],
                styles=tuple(stored["styles"]),
                sha256=tuple(stored["sha256"]),
                output=stored["output"],
                options=restore(OptimizeOptions, stored["options"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{path} is no run of impasto optimize ({error})") from error
        places = {describe(each).sha256: _absolute(str(each)) for each in moved}
        for each in moved:
            if describe(each).sha256 not in task.sha256:
                raise ConfigError(f"{each} is none of the pictures that {self.path} paints with")
        sources = [
            source if sha256 not in places else _with_picture(source, places[sha256], task.options)
            for source, sha256 in zip((task.content, *task.styles), task.sha256, strict=True)
        ]
        for word, sha256 in zip(sources, task.sha256, strict=True):
            source = _picture_in(word, task.options)
            if source is None:
                continue
            if Path(source).is_absolute() and trouble(source) == MISSING:
                raise ConfigError(
                    f"{source}, with which {self.path} paints, is not there; name where it is now: "
                    f"impasto optimize PICTURE --resume {self.path}"
                )
            if describe(source).sha256 != sha256:
                raise ConfigError(f"{source} has changed since {self.path} was begun")
        return replace(task, content=sources[0], styles=tuple(sources[1:]))


def _with_whole_paths(options: OptimizeOptions) -> OptimizeOptions:
    """Return the options with maps that are found from anywhere."""
    maps = options.style_regions
    return replace(
        options,
        regions=options.regions and _absolute(options.regions),
        protect=options.protect and _absolute(options.protect),
        style_regions=maps and tuple(map(_absolute, maps)),
    )


def _picture_in(word: str, options: OptimizeOptions) -> str | None:
    """Return the picture that a word names: with regions, that after the =; None of `keep`."""
    if options.regions is None or "=" not in word:
        return word
    style = parse_region(word).style
    return None if style == KEEP else style


def _with_picture(word: str, picture: str, options: OptimizeOptions) -> str:
    """Return the word with another picture."""
    if options.regions is None or "=" not in word:
        return picture
    return f"{parse_region(word).color}={picture}"


def _absolute_style(word: str, options: OptimizeOptions) -> str:
    picture = _picture_in(word, options)
    return word if picture is None else _with_picture(word, _absolute(picture), options)


def _sha256(word: str, options: OptimizeOptions) -> str | None:
    picture = _picture_in(word, options)
    return None if picture is None else describe(picture).sha256


def _absolute(source: str) -> str:
    """Return the whole path of a file; names of bundled pictures stay as they are."""
    locate(source)  # refuses what is neither
    return str(whole(source)) if exists(source) else source
