"""Names of files, as long as a folder takes them."""

from __future__ import annotations

import os
from collections.abc import Sequence

LONGEST = 255
"""Bytes of a name, on nearly every file system."""

ROOM = 24
"""Bytes of a name that are left for what comes to it: a number, `.preview`, `_loss`."""


def join_names(words: Sequence[str], ending: str, room: int = ROOM) -> str:
    """Return the name `a_b.png`, the longest words cut so that it fits, no folder in it.

    Args:
        words: what to put together with `_`.
        ending: with its point.
        room: bytes that may still be added.

    >>> join_names(["photo", "wave"], ".png")
    'photo_wave.png'
    >>> len(join_names(["long" * 100, "wave"], ".png"))
    231
    """
    words = [word.replace("/", "-").replace(os.sep, "-") for word in words]
    while _bytes("_".join(words) + ending) > LONGEST - room and any(map(len, words)):
        at = max(range(len(words)), key=lambda index: _bytes(words[index]))
        words[at] = words[at][:-1]
    return "_".join(words) + ending


def _bytes(name: str) -> int:
    return len(os.fsencode(name))
