"""A style for other machines: its files travel along, and are unpacked where they arrive."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from impasto._version import __version__
from impasto.core.errors import ConfigError, ModelFileError
from impasto.io.paths import is_file, is_folder
from impasto.io.temporary import write_atomically
from impasto.networks.options import StylizeOptions
from impasto.networks.random_styles import styles_in
from impasto.networks.registry import RANDOM, bundled_styles, find_style, is_random

_HERE = "\0"
"""In the options of a parcel: the folder that it will be unpacked into."""

_FILES = ("any_model", "weights", "style_map")
"""Options that can name a file, beside the style."""


@dataclass
class Parcel:
    """Options, and the files that they name."""

    options: StylizeOptions
    """With `_HERE` before the names of files."""

    files: dict[str, bytes] = field(default_factory=dict)
    """By their names in the folder."""

    version: str = __version__
    """Of impasto, which must be the same there: networks and pictures change with it."""

    def add(self, path: Path) -> str:
        """Put a file in, and return what it will be called."""
        name = f"{len(self.files)}/{path.name}"
        try:
            self.files[name] = path.read_bytes()
        except OSError as error:
            raise ModelFileError(f"{path} cannot be read: {error.strerror}") from error
        return f"{_HERE}/{name}"

    def unpack(self) -> StylizeOptions:
        """Write the files into a temporary folder, once for all processes of a machine.

        Returns:
            The options, which name them.

        Raises:
            ConfigError: another version of impasto packed them.
        """
        if self.version != __version__:
            raise ConfigError(
                f"the workers have impasto {__version__}, and the command is {self.version}; "
                "install the same version everywhere"
            )
        digest = hashlib.sha256(str(sorted(self.files)).encode())
        for data in self.files.values():
            digest.update(hashlib.sha256(data).digest())
        folder = Path(tempfile.gettempdir()) / f"impasto-{digest.hexdigest()[:24]}"
        for name, data in self.files.items():
            path = folder / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not is_file(path) or path.stat().st_size != len(data):
                write_atomically(path, data)
        return _renamed(self.options, str(folder))


def pack(options: StylizeOptions) -> Parcel:
    """Return the options with all the files that they name.

    Raises:
        ConfigError: regions, which are of one photo.
        ModelFileError: no such style, or a file that cannot be read.
    """
    if options.regions is not None:
        raise ConfigError("--regions are those of one photo; they do not go with --cluster")
    parcel = Parcel(options)
    named: dict[str, str] = {"style": _pack_style(parcel, options)}
    for name in _FILES:
        value = getattr(options, name)
        if value is not None and is_file(value):
            named[name] = parcel.add(Path(value))
    parcel.options = _replaced(options, named)
    return parcel


def _pack_style(parcel: Parcel, options: StylizeOptions) -> str:
    if is_folder(options.style):
        folder = Path(options.style)
        for path in map(Path, styles_in(folder)):
            parcel.files[f"{folder.resolve().name}/{path.relative_to(folder).as_posix()}"] = (
                path.read_bytes()
            )
        return f"{_HERE}/{folder.resolve().name}"
    if is_random(options.style):
        words = [_pack_style(parcel, replace(options, style=w)) for w in styles_in(options.style)]
        return f"{RANDOM}:{','.join(words)}"
    choice = find_style(options.style, options.any_model)
    if choice.paintings:
        return _blend(map(parcel.add, choice.paintings), choice.weights)
    if choice.bundled and set(choice.names) <= bundled_styles():
        return options.style
    if options.style_map is not None and len(choice.names) > len(choice.weights):
        raise ConfigError("--style-map of styles you have learned does not go with --cluster")
    model = parcel.add(choice.path)
    if len(choice.weights) < 2:
        return model
    return _blend((f"{model}/{name}" for name in choice.names), choice.shares)


def _blend(names: Iterable[str], shares: Iterable[float]) -> str:
    parts = list(zip(names, shares, strict=True))
    if len(parts) == 1:
        return parts[0][0]
    return ",".join(f"{name}:{share:.17g}" for name, share in parts)


def _renamed(options: StylizeOptions, folder: str) -> StylizeOptions:
    named = {}
    for name in ("style", *_FILES):
        value = getattr(options, name)
        if value is not None:
            named[name] = value.replace(_HERE, folder)
    return _replaced(options, named)


def _replaced(options: StylizeOptions, named: dict[str, str]) -> StylizeOptions:
    changes: dict[str, object] = dict(named)
    return replace(options, **changes)  # type: ignore[arg-type]
