"""The recipe of a painted picture: kept inside its file, turned back into a command."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from impasto.core.errors import ImageError
from impasto.optimization.options import OptimizeOptions


@dataclass(frozen=True)
class Source:
    """A picture that went in."""

    name: str
    """As the user typed it. Of an absolute path only the file's name, so that a picture does not
    tell where its maker keeps files."""

    sha256: str | None
    """Of the file; None if it was no file."""


@dataclass(frozen=True)
class Recipe:
    """What it takes to paint a picture again."""

    version: str
    content: Source
    styles: tuple[Source, ...]
    options: OptimizeOptions
    """With every preset filled in, and the steps that were really taken."""

    init: Source | None = None
    """The picture that the optimisation started from, if it was a file."""

    def to_json(self) -> str:
        """Return the recipe as one line of JSON."""
        return json.dumps({"command": "optimize", **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Return the recipe in a picture's note.

        Raises:
            ImageError: the note is no recipe of this or an earlier version.
        """
        try:
            stored = json.loads(text)
            init = stored["init"]
            return cls(
                version=str(stored["version"]),
                content=Source(**stored["content"]),
                styles=tuple(Source(**style) for style in stored["styles"]),
                options=_read_options(stored["options"]),
                init=None if init is None else Source(**init),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ImageError(
                "its note is no recipe that this version of impasto can read"
            ) from error

    def command(self) -> str:
        """Return the shell command that paints the picture again."""
        words = ["impasto", "optimize", self.content.name]
        words += [style.name for style in self.styles]
        asked = _without_presets(self.options)
        if self.init is not None:
            asked["init"] = self.init.name
        for name, value in asked.items():
            text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
            words += [f"--{name.replace('_', '-')}", text]
        return shlex.join(words)


def describe_source(source: object) -> Source:
    """Return how a recipe calls an input: a path with its hash, or a PIL image or array."""
    if not isinstance(source, str | Path):
        return Source(type(source).__name__.lower(), None)
    path = Path(source)
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return Source(path.name if path.is_absolute() else path.as_posix(), sha256)


def _read_options(stored: Mapping[str, Any]) -> OptimizeOptions:
    known = {field.name for field in fields(OptimizeOptions)}
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in stored.items()
        if name in known
    }
    return OptimizeOptions(**values)


def _without_presets(options: OptimizeOptions) -> dict[str, Any]:
    """Return the options that differ from what an empty command line would use."""
    preset = OptimizeOptions(loss=options.loss, init=options.init).resolved()
    changed = {
        name: value
        for name, value in options.changed().items()
        if name == "steps" or value != getattr(preset, name) or name in ("loss", "init")
    }
    unimportant = ("weights", "device", "preview_every", "seconds")
    return {name: value for name, value in changed.items() if name not in unimportant}
