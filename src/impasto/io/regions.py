"""Region maps: pictures whose colors say which style goes where."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor

from impasto.core.errors import ConfigError, ImageError
from impasto.io.image import Pixels, read_note, read_pixels
from impasto.io.inputs import PictureLike, locate
from impasto.io.paths import is_file

if TYPE_CHECKING:
    from torch import Tensor

KEEP = "keep"
"""Instead of a style: the photo stays as it is."""

SOFT = 0.12
"""How far a color may be from the line between two named ones to be taken for a soft border
between them; 0..1, where 1 is from black to white in one channel."""

NAMED = "impasto-regions"
"""Key of the note in a map's file that gives its colors names."""

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Region:
    """A style, and the color of the map that says where it goes."""

    color: str
    """A CSS name, #rrggbb, a name that the map's file gives one of its colors, or a number: 1 is
    the color with the largest area."""

    style: str
    """What `--style` takes, or `keep`."""


def parse_regions(text: str | Mapping[str, str]) -> tuple[Region, ...]:
    """Return what `sky=a.jpg,house=great-wave,ground=keep` says, or a dictionary of the same.

    Raises:
        ConfigError: a part without `=`, the same color twice, or nothing but `keep`.
    """
    if isinstance(text, Mapping):
        parts = [(str(color), str(style)) for color, style in text.items()]
    else:
        parts = [(each.color, each.style) for each in map(parse_region, _parts(text))]
    regions = tuple(Region(color, style) for color, style in parts)
    names = [region.color.lower() for region in regions]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"--style: the color {twice} is there twice; name each region once")
    if not any(region.style != KEEP for region in regions):
        raise ConfigError("--style: every region is to be kept; give at least one a style")
    return regions


def _parts(text: str) -> list[str]:
    """Return the parts between commas; one without = belongs to a name with a comma before it."""
    parts: list[str] = []
    for part in text.split(","):
        if "=" in part or not parts:
            parts.append(part)
        else:
            parts[-1] += f",{part}"
    return parts


def parse_region(text: str) -> Region:
    """Return what `sky=a.jpg` says.

    Raises:
        ConfigError: there is no color, or no style.
    """
    color, equals, style = text.partition("=")
    if not equals or not color.strip() or not style.strip():
        raise ConfigError(
            f"{text}: with --regions, name each region's color and style, such as "
            "blue=a.jpg,white=great-wave,red=keep"
        )
    return Region(color.strip(), style.strip())


def read_masks(source: PictureLike, regions: Sequence[Region]) -> Array:
    """Return where each region is.

    The nearest named color wins; a color between two of them is a soft border. A cut-out (a
    picture with transparent parts) is white where it is opaque and black elsewhere. Where only one
    color is named, everything else is the rest, which no mask covers.

    Args:
        source: the map: a path, a bundled name, bytes, a PIL image or an array.
        regions: at least one.

    Returns:
        (R, H, W) in [0, 1], adding up to 1 at every place, or to less where only one is named.

    Raises:
        ConfigError: a color that is none, or that the map does not have.
        ImageError: the map cannot be read.
    """
    pixels = read_pixels(locate(source))
    colors = _colors(pixels)
    named = [_color(region.color, source, colors) for region in regions]
    if len(named) == 1:
        dark = float(np.mean(named[0])) < 0.5
        named = [*named, np.full(3, 1.0 if dark else 0.0, np.float32)]
    masks = _weights(colors, np.stack(named))
    return masks[: len(regions)]


def _colors(pixels: Pixels) -> Array:
    """Return (H, W, 3), of a cut-out its opacity."""
    if pixels.alpha is not None and float(pixels.alpha.min()) < 1:
        return np.repeat(pixels.alpha[..., None], 3, axis=2).astype(np.float32)
    return pixels.array


def _color(name: str, source: PictureLike, colors: Array) -> Array:
    """Return the color that a name stands for, (3,) in [0, 1]."""
    known = names_in(source)
    if name in known:
        name = known[name]
    if name.isdecimal():
        by_area = _by_area(colors)
        if not 1 <= int(name) <= len(by_area):
            raise ConfigError(f"--style {name}=: the map has {len(by_area)} colors")
        return by_area[int(name) - 1]
    try:
        found = ImageColor.getrgb(name)
    except ValueError:
        told = f" or {', '.join(known)}" if known else ""
        raise ConfigError(
            f"--style {name}=: no color; use a CSS name such as blue, #rrggbb, a number{told}"
        ) from None
    return np.divide(found[:3], 255, dtype=np.float32)


def _by_area(colors: Array) -> list[Array]:
    """Return the colors of a map, the one with the largest area first; borders do not count."""
    whole = (colors * 255).round().astype(np.uint32)
    codes = (whole[..., 0] << 16) | (whole[..., 1] << 8) | whole[..., 2]
    values, counts = np.unique(codes, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    found = [values[at] for at in order if counts[at] >= 0.005 * codes.size]
    return [
        np.divide([(int(v) >> 16) & 255, (int(v) >> 8) & 255, int(v) & 255], 255, dtype=np.float32)
        for v in found
    ]


def names_in(source: PictureLike) -> dict[str, str]:
    """Return the colors of a map by the names that its file gives them."""
    from pathlib import Path

    if not isinstance(source, str | Path) or not is_file(source):
        return {}
    try:
        stored: Any = json.loads(read_note(Path(source)) or "{}")
    except (ValueError, ImageError):
        return {}
    found = stored.get(NAMED) if isinstance(stored, dict) else None
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _weights(colors: Array, named: Array) -> Array:
    """Return how much each named color (N, 3) is in each place, (N, H, W)."""
    height, width = colors.shape[:2]
    flat = colors.reshape(-1, 3)
    distances = np.stack([np.linalg.norm(flat - color, axis=1) for color in named])  # (N, H*W)
    masks = np.zeros_like(distances, dtype=np.float32)
    places = np.arange(flat.shape[0])
    first = distances.argmin(0)
    if len(named) == 1:
        masks[:] = 1
        return masks.reshape(1, height, width)
    hidden = distances.copy()
    hidden[first, places] = np.inf
    second = hidden.argmin(0)
    a, b = named[first], named[second]
    along = ((flat - a) * (b - a)).sum(1) / np.maximum(np.square(b - a).sum(1), 1e-9)
    along = along.clip(0, 0.5)
    beside = np.linalg.norm(flat - (a + along[:, None] * (b - a)), axis=1)
    share = np.where(beside <= SOFT, along, 0.0).astype(np.float32)
    masks[second, places] = share
    masks[first, places] = 1 - share
    return masks.reshape(len(named), height, width)


def to_masks(array: Array, height: int, width: int) -> Tensor:
    """Return masks at a picture's size, (R, 1, height, width), shrunk by area.

    Args:
        array: (R, H, W).
        height: of the picture.
        width: likewise.
    """
    import torch
    import torch.nn.functional as F

    masks = torch.from_numpy(np.ascontiguousarray(array))[:, None]
    if masks.shape[-2] >= height and masks.shape[-1] >= width:
        return F.adaptive_avg_pool2d(masks, (height, width))
    return F.interpolate(masks, (height, width), mode="bilinear", align_corners=False).clamp(0, 1)
