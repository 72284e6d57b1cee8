"""Whether a picture is painted whole or in strips, so that it fits into the memory there is."""

from __future__ import annotations

from impasto.apply.options import LARGE
from impasto.core.errors import ResourceError
from impasto.core.memory import available_memory, format_size, parse_size
from impasto.models.options import STRIP_PIXELS, NetworkOptions

FIXED = 300e6
"""Bytes of the program itself."""

WHOLE = {"float32": 570.0, "bfloat16": 320.0}
"""Bytes per pixel of the networks with names, whole, in torch; measured."""

PICTURES = 45.0
"""Bytes per pixel of the picture in its stages, on the way from file to file."""

MARGIN = 1.1

SHARE = 0.7
"""Of the available memory, what is taken if nothing is said."""


def budget(memory: str | None) -> float:
    """Return the bytes that may be taken, from what was asked for or what is free."""
    return SHARE * available_memory() if memory is None else parse_size(memory)


def needs_strips(
    height: int, width: int, network: NetworkOptions, dtype: str, *, memory: str | None
) -> bool:
    """Return whether a picture is painted layer by layer in strips, which is exact but slower.

    Args:
        height: of the picture.
        width: of the picture.
        network: the network's shape.
        dtype: `float32`, or `bfloat16`.
        memory: as in `StylizeOptions`.

    Raises:
        ResourceError: too little even for strips.
    """
    pixels, allowed = height * width, budget(memory)
    if pixels <= LARGE and FIXED + pixels * WHOLE[dtype] <= allowed:
        return False
    full, half, _ = network.channels
    layers = 2 * full + 2 * half / 4  # the two largest, in half precision
    temporary = STRIP_PIXELS * 12 * max(full, half)
    needed = MARGIN * (FIXED + temporary + pixels * (PICTURES + layers))
    if needed > allowed:
        share = max(allowed / MARGIN - FIXED - temporary, 0) / (PICTURES + layers) / pixels
        fitting = int(max(height, width) * share**0.5)
        advice = f", or use --size {fitting}" if fitting else ""
        raise ResourceError(
            f"{width}x{height} pixels need {format_size(needed)} in one pass, and --memory allows "
            f"{format_size(allowed)}; allow more{advice}"
        )
    return True
