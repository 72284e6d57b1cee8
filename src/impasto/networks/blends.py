"""A network between networks: styles that were learned apart, blended into one."""

from __future__ import annotations

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from impasto.core.errors import ConfigError, ModelFileError
from impasto.io.paths import cache_folder, drop_oldest, is_file
from impasto.networks.model_file import ModelInfo, StyleInfo, load_weights, read_info, save_weights

MOST_BYTES = 100_000_000
"""Of blends that are kept: about a hundred."""

KIND = b"1"
"""Changes when the same files and shares give another network."""


def blend_models(parts: Mapping[str, tuple[Path, float]]) -> Path:
    """Return the file of the network that lies between some of one style each.

    Networks that went on from the same one can be averaged, weight by weight, and paint between
    their styles. A blend so needs no training, takes no longer than one style, and whatever can be
    done with a model file can be done with it. It is made once and kept in the cache.

    Args:
        parts: the file of each style, and how much of it, adding up to 1.

    Returns:
        A model file of one style; the same for the same parts, in whatever order they come.

    Raises:
        ConfigError: networks of different shapes.
        ModelFileError: a file that cannot be read.

    Source:
        wortsman2022, sec. 2. Differs: the networks learned different things, and the shares are
        the person's.
    """
    parts = dict(sorted(parts.items()))
    infos = {name: read_info(path) for name, (path, _) in parts.items()}
    first, *others = parts
    for name in others:
        if infos[name].network != infos[first].network:
            raise ConfigError(
                f"{first} and {name} are networks of different shapes and cannot be blended"
            )
    digest = hashlib.sha256(KIND)
    for path, share in parts.values():
        digest.update(path.read_bytes() + share.hex().encode())
    file = f"{digest.hexdigest()[:32]}.safetensors"
    kept = cache_folder() / "blends" / file
    if is_file(kept):
        return kept
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        drop_oldest(kept.parent, MOST_BYTES)
        _write(kept, parts, infos)
    except (OSError, ModelFileError):  # a cache that cannot be written to, or a full disk
        kept = _folder_of_process() / file
        if not is_file(kept):
            _write(kept, parts, infos)
    return kept


def _write(
    path: Path, parts: Mapping[str, tuple[Path, float]], infos: Mapping[str, ModelInfo]
) -> None:
    shares = [np.float32(share) for _, share in parts.values()]
    loaded = [load_weights(file) for file, _ in parts.values()]
    weights = {
        name: np.sum([share * each[name] for share, each in zip(shares, loaded, strict=True)], 0)
        for name in loaded[0]
    }
    styles = [style for info in infos.values() for style in info.styles]
    credit = "; ".join(dict.fromkeys(style.credit for style in styles if style.credit))
    one = next(iter(infos.values()))
    described = ModelInfo(
        network=one.network,
        styles=(StyleInfo("+".join(parts), credit),),
        network_name=one.network_name,
        license=", ".join(dict.fromkeys(info.license for info in infos.values() if info.license)),
        recipe={"blend": {name: share for name, (_, share) in parts.items()}},
    )
    save_weights(path, weights, described)


@cache
def _folder_of_process() -> Path:
    """Return a folder that is removed when the process ends."""
    folder = tempfile.mkdtemp(prefix="impasto-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
