"""A photo that has moved a little is painted alike: films flicker less."""

from __future__ import annotations

import torch
from torch import Tensor

MOVED = 12
"""Pixels that a photo moves at most: all places beside a network's grid of four pixels."""

GRAIN = 3 / 255
"""Standard deviation of a camera's noise."""

BORDER = 16
"""Pixels at the borders that are not compared: what lies beyond them is another thing."""


def next_frame(photos: Tensor, generator: torch.Generator) -> tuple[Tensor, tuple[int, int]]:
    """Return what a camera that moves sees next: less of the photos, with new grain.

    Args:
        photos: (B, 3, H, W) in [0, 1], H and W above `MOVED`.
        generator: on the CPU, says how far they move and what the grain is.

    Returns:
        (B, 3, H - down, W - right), and these: how many pixels above and at the left are gone.
    """
    down, right = torch.randint(1, MOVED + 1, (2,), generator=generator).tolist()
    moved = photos[..., down:, right:]
    grain = GRAIN * torch.randn(moved.shape, generator=generator)
    return moved + grain.to(moved), (down, right)


def temporal_distance(painted: Tensor, moved: Tensor, by: tuple[int, int]) -> Tensor:
    """Return how different two painted frames are at the same places.

    Args:
        painted: (B, 3, H, W), the photos, nominally in [0, 1].
        moved: (B, 3, H - down, W - right), the next frame.
        by: (down, right), what `next_frame` returned with it.

    Returns:
        (), the mean square of the differences; 0 if the borders are all there is.

    Source:
        The short-term temporal loss of ruder2016 and huang2017, for motion that is known exactly,
        so that photos teach it as well as films.
    """
    down, right = by
    inner = slice(BORDER, -BORDER)
    difference = (painted[..., down:, right:] - moved)[..., inner, inner]
    return difference.square().mean() if difference.numel() else painted.new_zeros(())
