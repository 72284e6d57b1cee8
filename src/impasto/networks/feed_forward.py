"""One picture through one network, and which style goes where."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.core.device import explain_out_of_memory
from impasto.core.errors import ConfigError
from impasto.core.tensors import (
    check_picture,
    fit_long_side,
    resize,
    round_to_bits,
    size_of,
    wrap_around,
    wrap_margins,
)
from impasto.io.color import (
    ROWS,
    Colors,
    color_map,
    colors_of,
    map_colors,
    match_colors,
    replace_luminance,
    to_luminance,
)
from impasto.io.guided import enlarge
from impasto.networks.engines import Engine
from impasto.networks.options import FRAME, StylizeOptions
from impasto.networks.registry import check_pair

WRAP_FRAME = 64
"""Pixels of the other side that a network sees beyond an edge of a picture that is wrapped."""

TRAINED_SIZE = 512
"""Long side of the pictures for which the bundled networks' strokes were learned, in pixels."""


def paint(
    photo: Tensor, engine: Engine, options: StylizeOptions, style: Tensor | None = None
) -> Tensor:
    """Return the photo as a network paints it.

    Args:
        photo: (1, 3, H, W), sRGB in [0, 1], any size.
        engine: what runs the network.
        options: only those of the picture are looked at.
        style: (1, S) weights of the network's styles, or (1, S, h, w) for every place; None for
            its first.

    Returns:
        (1, 3, H', W') on the CPU, in [0, 1], rounded to the 8 bits that a file will hold. H' and
        W' are H and W, or have the long side `options.size`.

    Raises:
        ResourceError: out of memory.
        ShapeError: `photo` breaks the picture contract.
    """
    photo = fit(photo, options.size)
    return blend(photo, run(photo, engine, options, style), options)


def fit(photo: Tensor, size: int | None) -> Tensor:
    """Return the photo at the size of the output.

    Args:
        photo: (1, 3, H, W), sRGB in [0, 1], any size.
        size: long side of the output; None leaves the photo as it is.

    Raises:
        ResourceError: out of memory.
        ShapeError: `photo` breaks the picture contract.
    """
    check_picture(photo, "photo")
    if size is None:
        return photo.cpu()
    height, width = fit_long_side(*size_of(photo), size)
    with explain_out_of_memory(lambda: _what_fits(height, width)):
        return resize(photo.cpu(), height, width)


def run(
    photo: Tensor, engine: Engine, options: StylizeOptions, style: Tensor | None = None
) -> Tensor:
    """Return what the engine makes of a photo that has the size of the output.

    Arguments and errors as `paint`.
    """
    with explain_out_of_memory(lambda: _what_fits(*size_of(photo))):
        return _painted(photo, engine, options, style)


RECOLORED = 0.6
"""How much of the colors of a picture in the style of any painting are the photo's own, carried to
the painting's; the rest are the network's, which knows few paintings with more than two colors.
The less color the photo has, the more the network's."""


@torch.inference_mode()
def take_colors(
    photo: Tensor, painted: Tensor, paintings: Sequence[Colors], style: Tensor | None
) -> None:
    """Give a painted picture, in place, more of the colors that the photo has at each place.

    Its luminance, which is its drawing, stays. The photo's colors are carried to those of the
    paintings as by `recolor`.

    Args:
        photo: (1, 3, H, W) in [0, 1].
        painted: (1, 3, H, W) in [0, 1], changed.
        paintings: the colors of each.
        style: (1, S) or (1, S, h, w) weights of the paintings; None for the first.
    """
    colors = colors_of(photo)
    amount = RECOLORED * colors.colorful
    shares: Tensor | None = None
    if style is not None and style.ndim > 2:  # every place has a share of each painting
        maps = [color_map(colors, [painting], (1.0,)) for painting in paintings]
        shares = resize(style.float(), *size_of(photo)).clamp(0, 1)
    else:
        weights = (1.0,) if style is None else style[0].tolist()
        maps = [color_map(colors, paintings, weights)]
    for first in range(0, photo.shape[-2], ROWS):
        rows = slice(first, first + ROWS)
        seen, part = photo[:, :, rows], painted[:, :, rows]
        found = torch.zeros_like(part)
        for number, (transform, shift) in enumerate(maps):
            moved = map_colors(seen, transform, shift).clamp(0, 1)
            found += moved if shares is None else shares[:, number : number + 1, rows] * moved
        part.lerp_(replace_luminance(found, part), amount)


def blend(photo: Tensor, painted: Tensor, options: StylizeOptions) -> Tensor:
    """Return the painted picture, recolored and mixed with the photo as it was asked for.

    Args:
        photo: (1, 3, H, W) in [0, 1], at the size of the output.
        painted: (1, 3, H, W) in [0, 1].
        options: only those of the picture are looked at.

    Returns:
        (1, 3, H, W) in [0, 1], rounded to the 8 bits that a file will hold.

    Raises:
        ResourceError: out of memory.
    """
    with explain_out_of_memory(lambda: _what_fits(*size_of(photo))):
        if options.preserve_color == "luminance":
            painted = replace_luminance(photo, painted)
        elif options.preserve_color == "match":
            painted = match_colors(painted, photo)
        if options.strength < 1:
            painted = torch.lerp(photo, painted, options.strength)
        return round_to_bits(painted)


def _painted(
    photo: Tensor, engine: Engine, options: StylizeOptions, style: Tensor | None
) -> Tensor:
    """Return what the engine makes of the photo, at the size that gives the strokes their size."""
    if options.stroke is not None:
        size = max(1, round(TRAINED_SIZE / options.stroke))
        height, width = fit_long_side(*size_of(photo), size)
        if height < photo.shape[-2]:
            small = resize(photo, height, width, options.wrap)
            painted = _without_frame(small, engine, style, options.wrap)
            return enlarge(painted, photo, options.wrap)
    return _without_frame(photo, engine, style, options.wrap)


def _without_frame(photo: Tensor, engine: Engine, style: Tensor | None, wrap: str) -> Tensor:
    """Return what the engine makes of the photo, mirrored a little beyond its edges and cropped.

    However a convolution pads, the outermost one or two pixels come out in a tone of their own.
    """
    if wrap != "none":  # what lies beyond an edge is the other side
        rows, columns = wrap_margins(size_of(photo), wrap, WRAP_FRAME)
        wide = wrap_around(photo, wrap, WRAP_FRAME)
        painted = _without_frame(wide, engine, style, "none")
        return painted[..., rows : rows + photo.shape[-2], columns : columns + photo.shape[-1]]
    height, width = size_of(photo)
    border = min(FRAME, height - 1, width - 1)
    wide = F.pad(photo, (border,) * 4, mode="reflect") if border else photo
    return engine.run(wide, style)[..., border : border + height, border : border + width]


def _what_fits(height: int, width: int) -> str:
    return f"at {width}x{height} pixels; try --size {max(64, max(height, width) * 2 // 3)}"


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


@torch.inference_mode()
def mix_by_place(
    share: Tensor, levels: Sequence[float], paint: Callable[[float], Tensor]
) -> Tensor:
    """Return a picture that is at every place a mixture of the two nearest of several.

    Args:
        share: (1, 1, h, w) in [0, 1], stretched over the picture.
        levels: from 0 to 1, evenly spaced: the shares of which pictures can be had.
        paint: returns the (1, 3, H, W) picture of a level; only asked for those that are needed.

    Returns:
        (1, 3, H, W), rounded to the 8 bits that a file will hold.
    """
    step = 1 / (len(levels) - 1)
    needed = [level for level in levels if bool(((share - level).abs() < step).any())]
    total = paint(needed[0])
    whole = resize(share, *size_of(total)).clamp(0, 1)
    for before, level in itertools.pairwise(needed):  # from one level to the next, higher one
        total = torch.lerp(total, paint(level), ((whole - before) / (level - before)).clamp(0, 1))
    return round_to_bits(total)


def weights_by_place(share: Tensor, chosen: Sequence[int], count: int) -> Tensor:
    """Return (1, count, h, w) weights: of the second chosen style `share`, of the first the rest.

    Args:
        share: (1, 1, h, w) in [0, 1].
        chosen: the two styles' places among all.
        count: of the network's styles.

    Raises:
        ConfigError: not two styles.
    """
    check_pair(chosen)
    weights = share.new_zeros(1, count, *share.shape[-2:])
    weights[:, chosen[0]] = 1 - share[:, 0]
    weights[:, chosen[1]] = share[:, 0]
    return weights
