"""Which style goes where."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from impasto.core.errors import ConfigError
from impasto.core.tensors import resize, round_to_bits, size_of
from impasto.io.colour import to_luminance

GRADIENTS = {"left:right": (1, 256), "right:left": (1, 256), "top:bottom": (256, 1)}
GRADIENTS["bottom:top"] = GRADIENTS["top:bottom"]
"""Gradients by name: height and width of the map, which is stretched over the picture."""

LEAST_CONTRAST = 0.02
"""A mask whose darkest and lightest places differ by less says nothing."""


def gradient(name: str) -> Tensor:
    """Return a (1, 1, h, w) ramp from 0 to 1.

    Raises:
        ConfigError: none of `GRADIENTS`.
    """
    if name not in GRADIENTS:
        raise ConfigError(f"--style-map {name}: expected a picture or {', '.join(GRADIENTS)}")
    height, width = GRADIENTS[name]
    ramp = torch.linspace(0, 1, height * width).reshape(1, 1, height, width)
    return ramp.flip(2, 3) if name in ("right:left", "bottom:top") else ramp


def mask(image: Tensor, alpha: Tensor | None = None) -> Tensor:
    """Return how visible a cut-out is; or how light a picture is, stretched to reach from 0 to 1.

    Args:
        image: (1, 3, H, W) in [0, 1].
        alpha: (1, 1, H, W) in [0, 1] of a picture with transparency.

    Returns:
        (1, 1, H, W).

    Raises:
        ConfigError: the picture is all of one lightness.
    """
    if alpha is not None and alpha.max() - alpha.min() >= LEAST_CONTRAST:
        return alpha
    light = to_luminance(image)[:, :1]
    low, high = light.min(), light.max()
    if high - low < LEAST_CONTRAST:
        raise ConfigError(
            "--style-map: the picture has no contrast; make it black where the first style goes "
            "and white where the second does"
        )
    return (light - low) / (high - low)


def paint_where(share: Tensor, photo: Tensor, painted: Tensor) -> Tensor:
    """Return the painted picture where the map is 1, and the photo where it is 0.

    Args:
        share: (1, 1, h, w) in [0, 1], stretched over the picture.
        photo: (1, 3, H, W) in [0, 1], of any size.
        painted: (1, 3, H', W') in [0, 1].

    Returns:
        (1, 3, H', W') in [0, 1], rounded to the 8 bits that a file will hold.
    """
    size = size_of(painted)
    share = resize(share, *size).clamp(0, 1)
    return round_to_bits(torch.lerp(resize(photo.to(painted), *size), painted, share))


def weights_by_place(share: Tensor, chosen: Sequence[int], count: int) -> Tensor:
    """Return (1, count, h, w) weights: of the second chosen style `share`, of the first the rest.

    Args:
        share: (1, 1, h, w) in [0, 1].
        chosen: the two styles' places among all.
        count: of the network's styles.

    Raises:
        ConfigError: not two styles.
    """
    if len(chosen) != 2:
        raise ConfigError(
            f"--style-map needs two styles of one model, such as --style wave,poppies; got "
            f"{len(chosen)}"
        )
    weights = share.new_zeros(1, count, *share.shape[-2:])
    weights[:, chosen[0]] = 1 - share[:, 0]
    weights[:, chosen[1]] = share[:, 0]
    return weights
