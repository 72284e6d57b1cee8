"""Model files: safetensors whose metadata explain themselves.

torch is imported for networks only, not to know what is in a file.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from impasto._version import __version__
from impasto.core.errors import ConfigError, ModelFileError
from impasto.io.paths import is_file, trouble
from impasto.io.temporary import temporary_beside
from impasto.networks.shape import MULTIPLE, NetworkOptions

if TYPE_CHECKING:
    from torch import nn

    from impasto.networks.any_style import AnyStyleNet
    from impasto.networks.transform import TransformNet

FORMAT = 1
"""Version of the metadata. A file with a higher number is refused."""

KEY = "impasto"
"""The one metadata entry; it holds a JSON document."""

FAMILIES = ("transform", "any-style")
"""Networks for certain styles, and networks for any painting."""


PAINTED = (
    "what you paint with it is yours, as far as your rights in the photo and the painting go; "
    "impasto claims nothing"
)
"""Whose the pictures are; the license is that of the network."""


@dataclass(frozen=True)
class StyleInfo:
    """A style that a model has learned."""

    name: str
    """As it is typed: `starry-night`."""

    credit: str = ""
    """Who made the painting, its title and year, and its license."""

    thumbnail: bytes = b""
    """A small JPEG of the painting."""


@dataclass(frozen=True)
class ModelInfo:
    """Everything a model file says about itself."""

    network: NetworkOptions
    """The shape of the network."""

    styles: tuple[StyleInfo, ...]
    """What it has learned: at least one, or none if `any_style`."""

    network_name: str = ""
    """Such as `small`."""

    license: str = ""
    """Of the file; see `PAINTED`."""

    recipe: Mapping[str, Any] = field(default_factory=dict)
    """How it was trained: options, steps, photos, SHA-256 of the painting."""

    version: str = __version__
    """Of the impasto that wrote it."""

    any_style: bool = False
    """Whether it paints like any painting that it is shown, and has no styles of its own."""

    def to_json(self) -> str:
        """Return the metadata as one JSON document."""
        return json.dumps(
            {
                "format": FORMAT,
                "family": FAMILIES[self.any_style],
                "version": self.version,
                "network": self.network.to_dict(),
                "network_name": self.network_name,
                "styles": [
                    {
                        "name": style.name,
                        "credit": style.credit,
                        "thumbnail": base64.b64encode(style.thumbnail).decode(),
                    }
                    for style in self.styles
                ],
                "licence": self.license,
                "recipe": dict(self.recipe),
                "picture": {"range": [0, 1], "colour": "sRGB", "multiple": MULTIPLE},
            }
        )


def save_model(path: Path, net: nn.Module, info: ModelInfo) -> None:
    """Write a model in float16, under a temporary name that is then renamed.

    Raises:
        ModelFileError: the folder is missing or the disk is full.
    """
    arrays = {
        name: tensor.detach().float().cpu().numpy() for name, tensor in net.state_dict().items()
    }
    save_weights(path, arrays, info)


def save_weights(path: Path, weights: Mapping[str, np.ndarray[Any, Any]], info: ModelInfo) -> None:
    """Write the weights of a network by name as a model. Arguments and errors as `save_model`."""
    halves = {name: np.ascontiguousarray(each, np.float16) for name, each in weights.items()}
    try:
        with temporary_beside(path) as temporary:
            temporary.write_bytes(save(halves, metadata={KEY: info.to_json()}))
            temporary.replace(path)
    except (OSError, SafetensorError) as error:
        raise ModelFileError(f"cannot write {path}: {error}") from error


def read_info(path: Path) -> ModelInfo:
    """Return what a model file says about itself, without loading the network.

    Raises:
        ModelFileError: missing, truncated, no model of impasto's, or of a newer version.
    """
    if not is_file(path):
        problem = trouble(path) or "is not a file"
        raise ModelFileError(f"model {path} {problem}; name a .safetensors file")
    try:
        with safe_open(path, framework="numpy") as opened:
            text = (opened.metadata() or {}).get(KEY)
    except (OSError, SafetensorError) as error:
        raise ModelFileError(
            f"{path} is no model file, or a damaged one ({error}); expected .safetensors written "
            "by impasto train"
        ) from error
    if text is None:
        raise ModelFileError(f"{path} is a safetensors file, but not one that impasto wrote")
    try:
        return _parse(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, ConfigError) as error:
        raise ModelFileError(f"model {path}: {error}") from error


def _parse(stored: dict[str, Any]) -> ModelInfo:
    if int(stored["format"]) > FORMAT or stored["family"] not in FAMILIES:
        raise ConfigError(
            f"format {stored['format']} ({stored['family']}) of impasto {stored['version']} is "
            f"newer than this impasto {__version__} can read; upgrade impasto"
        )
    styles = tuple(
        StyleInfo(style["name"], style["credit"], base64.b64decode(style["thumbnail"]))
        for style in stored["styles"]
    )
    any_style = stored["family"] == "any-style"
    if not styles and not any_style:
        raise ConfigError("it holds no style")
    return ModelInfo(
        network=NetworkOptions.from_dict(stored["network"]),
        styles=styles,
        network_name=stored["network_name"],
        any_style=any_style,
        license=stored["licence"],
        recipe=stored["recipe"],
        version=stored["version"],
    )


def load_model(path: Path) -> tuple[TransformNet, ModelInfo]:
    """Return the network in a model file, in float32 and ready to paint, and its description.

    Raises:
        ModelFileError: missing, truncated, no model of impasto's, of a newer version, or with
            tensors that do not fit the network it describes.
    """
    from impasto.networks.transform import TransformNet

    info = read_info(path)
    _refuse_any_style(path, info)
    net = TransformNet(info.network)
    _load(path, net)
    return net.eval().requires_grad_(requires_grad=False), info


def _refuse_any_style(path: Path, info: ModelInfo) -> None:
    if info.any_style:
        raise ModelFileError(
            f"model {path} has no style of its own: it paints like any painting it is shown; name "
            "one with --style PAINTING.jpg and this file with --any-model"
        )


def load_any_style(path: Path) -> tuple[AnyStyleNet, ModelInfo]:
    """Return the network for any painting in a model file, in float32, and its description.

    Raises:
        ModelFileError: as `load_model`, or a network for certain styles.
    """
    from impasto.networks.any_style import AnyStyleNet

    info = read_info(path)
    if not info.any_style:
        raise ModelFileError(
            f"model {path} has learned certain styles, not any painting; name it with --style"
        )
    net = AnyStyleNet(info.network)
    _load(path, net)
    return net.eval().requires_grad_(requires_grad=False), info


def load_weights(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    """Return the weights of a network for certain styles, float32 by name, without torch.

    Raises:
        ModelFileError: a damaged file, or a network for any painting.
    """
    _refuse_any_style(path, read_info(path))
    return _read(path)


def _read(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    try:
        with safe_open(path, framework="numpy") as opened:
            return {name: opened.get_tensor(name).astype(np.float32) for name in opened.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise ModelFileError(f"model {path} is damaged ({error})") from error


def _load(path: Path, net: nn.Module) -> None:
    """Put the tensors of a file into a network.

    Raises:
        ModelFileError: a damaged file, or tensors that do not fit.
    """
    import torch

    expected = {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
    arrays = _read(path)
    found = {name: array.shape for name, array in arrays.items()}
    if found != expected:
        wrong = min(name for name, _ in set(found.items()) ^ set(expected.items()))
        raise ModelFileError(
            f"model {path}: {wrong} is {found.get(wrong, 'missing')}, expected "
            f"{expected.get(wrong, 'nothing of that name')}; the file does not fit its description"
        )
    net.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
