"""One picture through one network."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.core.device import explain_out_of_memory
from impasto.core.tensors import check_picture, fit_long_side, resize, round_to_bits, size_of
from impasto.io.colour import match_colors, replace_luminance
from impasto.io.guided import enlarge
from impasto.networks.engines import Engine
from impasto.networks.options import FRAME, StylizeOptions

TRAINED_SIZE = 512
"""Long side of the pictures for which the bundled networks' strokes were learnt, in pixels."""


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


def blend(photo: Tensor, painted: Tensor, options: StylizeOptions) -> Tensor:
    """Return the painted picture, recoloured and mixed with the photo as it was asked for.

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
            return enlarge(_without_frame(resize(photo, height, width), engine, style), photo)
    return _without_frame(photo, engine, style)


def _without_frame(photo: Tensor, engine: Engine, style: Tensor | None) -> Tensor:
    """Return what the engine makes of the photo, mirrored a little beyond its edges and cropped.

    However a convolution pads, the outermost one or two pixels come out in a tone of their own.
    """
    height, width = size_of(photo)
    border = min(FRAME, height - 1, width - 1)
    wide = F.pad(photo, (border,) * 4, mode="reflect") if border else photo
    return engine.run(wide, style)[..., border : border + height, border : border + width]


def _what_fits(height: int, width: int) -> str:
    return f"at {width}x{height} pixels; try --size {max(64, max(height, width) * 2 // 3)}"
