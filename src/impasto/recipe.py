"""The recipe of a painted picture: kept inside its file, turned back into a command."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from impasto.apply.options import StylizeOptions
from impasto.core.errors import ImageError
from impasto.core.options import changed as changed_options
from impasto.core.options import restore
from impasto.core.shell import as_file, quote
from impasto.explanation.options import GridOptions, InspectOptions, ReconstructOptions
from impasto.optimization.options import OptimizeOptions

Options = OptimizeOptions | StylizeOptions | ReconstructOptions | GridOptions | InspectOptions

_OPTIONS: dict[str, type[Options]] = {
    "optimize": OptimizeOptions,
    "stylize": StylizeOptions,
    "reconstruct": ReconstructOptions,
    "grid": GridOptions,
    "inspect": InspectOptions,
}
"""By command. The kind of its options is what tells one recipe from another."""


@dataclass(frozen=True)
class Source:
    """A picture that went in."""

    name: str
    """As the user typed it. Of an absolute path only the file's name, so that a picture does not
    tell where its maker keeps files."""

    sha256: str | None
    """Of the file, or of the bytes that came through a pipe; None if it was neither."""


@dataclass(frozen=True)
class Recipe:
    """What it takes to paint a picture again."""

    version: str
    content: Source
    styles: tuple[Source, ...]
    """The paintings (optimize, grid), the one model file (stylize), or none."""

    options: Options
    """With every preset filled in, and the steps that were really taken."""

    init: Source | None = None
    """The picture that the optimisation started from, if it was a file."""

    def to_json(self) -> str:
        """Return the recipe as one line of JSON."""
        return json.dumps({"command": _command_of(self.options), **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Return the recipe in a picture's note.

        Raises:
            ImageError: the note is no recipe of this or an earlier version.
        """
        try:
            stored = json.loads(text)
            init = stored["init"]
            kind = _OPTIONS[stored["command"]]
            options = {name: _flat(value) for name, value in stored["options"].items()}
            return cls(
                version=str(stored["version"]),
                content=_source(stored["content"]),
                styles=tuple(map(_source, stored["styles"])),
                options=restore(kind, options),
                init=None if init is None else _source(init),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ImageError(
                "its note is no recipe that this version of impasto can read"
            ) from error

    def command(self, encoding: str = "utf-8") -> str:
        """Return the shell command that paints the picture again, in characters of an encoding."""
        words = ["impasto", _command_of(self.options), as_file(self.content.name)]
        if isinstance(self.options, OptimizeOptions | GridOptions):
            words += [as_file(style.name) for style in self.styles]
        for name, value in self._asked().items():
            words.append(f"--{name.replace('_', '-')}")
            if isinstance(value, tuple):
                words.append(",".join(map(str, value)))
            elif value is not True:
                words.append(as_file(value) if isinstance(value, str) else str(value))
        return " ".join(quote(word, encoding) for word in words)

    def python(self) -> str:
        """Return the Python call that paints the picture again."""
        asked = self._asked()
        words = [repr(self.content.name)]
        if isinstance(self.options, OptimizeOptions):
            names = [style.name for style in self.styles]
            words.append(repr(names[0] if len(names) == 1 else names))
        else:
            words.append(repr(asked.pop("style")))
        words += [f"{name}={value!r}" for name, value in asked.items()]
        return f"impasto.{_command_of(self.options)}({', '.join(words)})"

    def _asked(self) -> dict[str, Any]:
        """Return the options that a person would have to name."""
        asked = _without_presets(self.options)
        if self.init is not None:
            asked["init"] = self.init.name
        return asked


def _source(stored: Mapping[str, Any]) -> Source:
    """Return a picture that went in, of what JSON kept of it."""
    source = Source(**stored)
    if not isinstance(source.name, str) or not isinstance(source.sha256, str | None):
        raise TypeError("a name and a SHA-256 are text")
    return source


def _flat(value: Any) -> Any:
    """Return the value of an option, which is one thing or a list of them."""
    for each in value if isinstance(value, list) else (value,):
        if isinstance(each, list | dict):
            raise TypeError("an option is no tree")
    return value


def describe_source(source: object) -> Source:
    """Return how a recipe calls an input.

    Args:
        source: a path or the bytes of a file, which are hashed; or a PIL image or an array.
    """
    if isinstance(source, bytes):
        return Source("-", hashlib.sha256(source).hexdigest())
    if not isinstance(source, str | Path):
        return Source(type(source).__name__.lower(), None)
    path = Path(source)
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return Source(path.name if path.is_absolute() else path.as_posix(), sha256)


def _command_of(options: Options) -> str:
    return next(command for command, kind in _OPTIONS.items() if isinstance(options, kind))


def _without_presets(options: Options) -> dict[str, Any]:
    """Return the options that differ from what an empty command line would use."""
    changed = changed_options(options)
    if isinstance(options, OptimizeOptions):
        preset = OptimizeOptions(loss=options.loss, init=options.init).resolved()
        changed = {
            name: value
            for name, value in changed.items()
            if name in ("steps", "loss", "init") or value != getattr(preset, name)
        }
    unimportant = ("weights", "device", "memory", "engine", "preview_every", "seconds")
    return {name: value for name, value in changed.items() if name not in unimportant}
