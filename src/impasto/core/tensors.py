"""The one picture contract: `(B, 3, H, W) float32, sRGB in [0, 1]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impasto.core.errors import ShapeError
from impasto.core.memory import check_room

if TYPE_CHECKING:
    from torch import Tensor


def check_picture(image: Tensor, name: str = "image") -> Tensor:
    """Return `image` unchanged if it keeps the picture contract.

    Args:
        image: (B, 3, H, W) floating point.
        name: what to call it in the message.

    Raises:
        ShapeError: other dimensions, other channels, an integer type or an empty side.
    """
    if image.ndim != 4 or image.shape[1] != 3 or min(image.shape) < 1:
        raise ShapeError(f"{name}: expected a (B, 3, H, W) picture, got shape {tuple(image.shape)}")
    if not image.is_floating_point():
        raise ShapeError(f"{name}: expected floating point in [0, 1], got {image.dtype}")
    return image


def size_of(image: Tensor) -> tuple[int, int]:
    """Return (height, width) of (..., H, W)."""
    return image.shape[-2], image.shape[-1]


def wide(values: Tensor) -> Tensor:
    """Return bfloat16 values in float32, others unchanged."""
    import torch

    return values.float() if values.dtype == torch.bfloat16 else values


def wrap_around(image: Tensor, wrap: str | None, margin: int) -> Tensor:
    """Return `image` continued beyond its borders with what lies at the other side.

    Args:
        image: (B, C, H, W).
        wrap: `x` (left and right meet), `y`, `both`, or None for none.
        margin: pixels on either side, at most half of the picture.

    Returns:
        (B, C, H + 2 * m, W + 2 * m) where it is wrapped.
    """
    import torch.nn.functional as F

    rows, columns = wrap_margins(size_of(image), wrap, margin)
    return (
        F.pad(image, (columns, columns, rows, rows), mode="circular") if rows or columns else image
    )


def wrap_margins(size: tuple[int, int], wrap: str | None, margin: int) -> tuple[int, int]:
    """Return the rows and columns that `wrap_around` adds on either side.

    >>> wrap_margins((100, 40), "both", 32), wrap_margins((100, 40), "y", 32)
    ((32, 20), (32, 0))
    """
    height, width = size
    rows = min(margin, height // 2) if wrap in ("y", "both") else 0
    columns = min(margin, width // 2) if wrap in ("x", "both") else 0
    return rows, columns


WRAP_RESIZED = 16
"""Pixels of the other side that count when a picture whose borders meet gets another size."""


def resized_margins(
    size: tuple[int, int], wanted: tuple[int, int], wrap: str | None
) -> tuple[int, int]:
    """Return what a margin of `WRAP_RESIZED` becomes, in rows and columns on either side.

    >>> resized_margins((100, 80), (200, 160), "x")
    (0, 32)
    """
    rows, columns = wrap_margins(size, wrap, WRAP_RESIZED)
    return round(rows * wanted[0] / size[0]), round(columns * wanted[1] / size[1])


def resize(image: Tensor, height: int, width: int, wrap: str | None = None) -> Tensor:
    """Return `image` at another size, through impasto's one filter.

    Style statistics depend on the filter, so the whole package uses this one: bicubic, widened
    when shrinking so that nothing aliases, clamped to [0, 1].

    Args:
        image: (B, C, H, W) in [0, 1].
        height: rows wanted, at least 1.
        width: columns wanted, at least 1.
        wrap: which borders meet, as for `wrap_around`; None for none.

    Returns:
        (B, C, height, width) in [0, 1], `image` itself when the size is already right.

    Raises:
        ResourceError: that size does not fit into memory.
    """
    if size_of(image) == (height, width):
        return image
    check_room(height, width)
    import torch.nn.functional as F

    above, left = resized_margins(size_of(image), (height, width), wrap)
    resized = F.interpolate(
        wrap_around(image, wrap, WRAP_RESIZED),
        size=(height + 2 * above, width + 2 * left),
        mode="bicubic",
        antialias=True,
        align_corners=False,
    )
    return resized[..., above : above + height, left : left + width].clamp(0, 1)


def fit_long_side(height: int, width: int, size: int) -> tuple[int, int]:
    """Return (height, width) scaled so that the longer one is `size` and the shape is kept.

    No side falls under one pixel.

    >>> fit_long_side(600, 800, 400)
    (300, 400)
    >>> fit_long_side(1, 5000, 500)
    (1, 500)
    """
    factor = size / max(height, width)
    return max(1, round(height * factor)), max(1, round(width * factor))


def round_to_bits(image: Tensor, bits: int = 8) -> Tensor:
    """Return `image` clamped to [0, 1] and rounded to the levels that a file holds.

    Args:
        image: any shape.
        bits: a channel: 8 for 256 levels.
    """
    most = (1 << bits) - 1
    return (image.detach().clamp(0, 1) * most).round() / most


def cover(image: Tensor, height: int, width: int) -> Tensor:
    """Return the middle of `image` that fills height x width, resized without squashing.

    Args:
        image: (B, C, H, W) in [0, 1].
        height: rows wanted.
        width: columns wanted.
    """
    factor = max(height / image.shape[-2], width / image.shape[-1])
    rows = max(height, round(image.shape[-2] * factor))
    columns = max(width, round(image.shape[-1] * factor))
    top, left = (rows - height) // 2, (columns - width) // 2
    return resize(image, rows, columns)[..., top : top + height, left : left + width]
