"""The recipe of a painted picture: kept inside its file, turned back into a command."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from impasto.core.errors import ImageError
from impasto.core.options import PaintingOptions, restore
from impasto.core.shell import as_file, quote

_OPTIONS = {
    "optimize": "impasto.optimization.options:OptimizeOptions",
    "stylize": "impasto.networks.options:StylizeOptions",
    "reconstruct": "impasto.analysis.options:ReconstructOptions",
    "grid": "impasto.analysis.options:GridOptions",
    "inspect": "impasto.analysis.options:InspectOptions",
}
"""Where the options of each command are; imported only when a recipe with them is read."""

_WITH_PAINTINGS = ("optimize", "grid")
"""Commands whose paintings are words, not an option."""

_UNIMPORTANT = ("weights", "device", "memory", "engine", "preview_every", "seconds")
"""Options that say how a picture came to be, but not which."""


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

    options: PaintingOptions
    """With every preset filled in, and the steps that were really taken."""

    init: Source | None = None
    """The picture that the optimization started from, if it was a file."""

    def to_json(self) -> str:
        """Return the recipe as one line of JSON."""
        return json.dumps({"command": self.options.command, **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Return the recipe in a picture's note.

        Raises:
            ImageError: the note is no recipe of this or an earlier version.
        """
        try:
            stored = json.loads(text)
            init = stored["init"]
            kind = _options_of(stored["command"])
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
        words = ["impasto", self.options.command, as_file(self.content.name)]
        if self.options.command in _WITH_PAINTINGS:
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
        if self.options.command == "optimize":
            names = [style.name for style in self.styles]
            words.append(repr(names[0] if len(names) == 1 else names))
        else:
            words.append(repr(asked.pop("style")))
        words += [f"{name}={value!r}" for name, value in asked.items()]
        return f"impasto.{self.options.command}({', '.join(words)})"

    def _asked(self) -> dict[str, Any]:
        """Return the options that a person would have to name."""
        asked = {
            name: value for name, value in self.options.asked().items() if name not in _UNIMPORTANT
        }
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
        name = getattr(source, "name", "-")  # of what was read from an address
        return Source(name, hashlib.sha256(source).hexdigest())
    if not isinstance(source, str | Path):
        return Source(type(source).__name__.lower(), None)
    path = Path(source)
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return Source(path.name if path.is_absolute() else path.as_posix(), sha256)


def _options_of(command: str) -> type[Any]:
    """Return the dataclass of a command's options."""
    module, name = _OPTIONS[command].split(":")
    kind: type[Any] = getattr(import_module(module), name)
    return kind
