"""The networks and the trained styles that have a name."""

from __future__ import annotations

import difflib
from dataclasses import replace
from pathlib import Path

from impasto.core.errors import ConfigError, ModelFileError
from impasto.models.transform import NetworkOptions

NETWORKS = {
    "johnson": NetworkOptions(),
    "small": NetworkOptions(
        stem="unshuffle",
        channels=(8, 24, 64),
        kernel=5,
        upsample="nearest",
        residual_activation=False,
    ),
}
"""`johnson`: johnson2016 to the letter. `small`: under a quarter of its multiplications, for CPUs
(docs/benchmarks.md)."""


def find_network(name: str) -> NetworkOptions:
    """Return the shape of a named network.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in NETWORKS:
        raise ConfigError(f"network {name!r} is not one of {', '.join(NETWORKS)}")
    return NETWORKS[name]


def name_of(options: NetworkOptions) -> str:
    """Return the name of a network's shape, whatever its styles; `custom` if it has none."""
    shape = replace(options, styles=1)
    return next((name for name, known in NETWORKS.items() if known == shape), "custom")


def styles() -> dict[str, Path]:
    """Return the model files of all bundled styles by name, in alphabetical order."""
    folder = Path(__file__).parent / "zoo"
    return {path.stem: path for path in sorted(folder.glob("*.safetensors"))}


def find_style(name: str | Path) -> Path:
    """Return the model file of a bundled style, or the file that `name` is.

    Raises:
        ModelFileError: neither a bundled style nor a file.
    """
    known = styles()
    if str(name) in known:
        return known[str(name)]
    path = Path(name)
    if path.suffix == ".safetensors" or path.exists():
        return path
    close = difflib.get_close_matches(str(name), known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"styles are {', '.join(known)}"
    raise ModelFileError(f"there is no style {str(name)!r}; {hint} (or name a .safetensors file)")
