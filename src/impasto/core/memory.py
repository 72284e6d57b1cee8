"""How much memory there is, and how people write it."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from pathlib import Path

from impasto.core.errors import ConfigError, ResourceError

MOST = 1e18
"""Bytes: more than any machine has."""

PER_PIXEL = 24.0
"""Bytes of a picture, (3,) in float32, while it is resized."""

ALWAYS_THERE = 1e8

_UNITS = {"": 1.0, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?", re.IGNORECASE)
_MEMINFO = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")


def parse_size(text: str) -> int:
    """Return bytes.

    Raises:
        ConfigError: not a size.

    >>> parse_size("4GB"), parse_size("1.5 GiB"), parse_size("800M")
    (4000000000, 1610612736, 800000000)
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ConfigError(f"{text!r} is no size; write it like 4GB, 1.5GiB or 800MB")
    unit = _UNITS[match[2].upper()]
    if match[3]:
        unit = {"K": 2.0**10, "M": 2.0**20, "G": 2.0**30, "T": 2.0**40}.get(match[2].upper(), 1.0)
    size = float(match[1]) * unit
    if size > MOST:
        raise ConfigError(f"{text!r} is more memory than there is anywhere; write it like 4GB")
    return round(size)


def format_size(size: float) -> str:
    """Return bytes as people say them.

    >>> format_size(3.24e9), format_size(8.1e8)
    ('3.2 GB', '810 MB')
    """
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def peak_memory() -> int:
    """Return the most bytes that this process has had in memory at once.

    On Linux the kernel's mark of this program alone; `getrusage` would count what the process was
    before it became this program.
    """
    status = Path("/proc/self/status")
    if status.exists():
        match = re.search(r"VmHWM:\s*(\d+) kB", status.read_text(encoding="utf-8"))
        if match:
            return int(match[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def give_back_memory() -> None:
    """Hand memory that was freed back to the system, where the C library keeps it (glibc).

    It keeps blocks of up to 32 MB for the next ones, which at last fit into none of the gaps. At
    2048 pixels in tiles that was a tenth of the peak.
    """
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):  # another C library
        return


def available_memory() -> int:
    """Return the bytes that this process may still use without making the machine swap."""
    found = _available_on_machine()
    limit, used = _number(_GROUP / "memory.max"), _number(_GROUP / "memory.current")
    if limit is not None and used is not None:
        found = min(found, max(0, limit - used))
    return found


def check_room(height: int, width: int) -> None:
    """Refuse a picture that would not even fit into memory by itself.

    Raises:
        ResourceError: with the size that would fit.
    """
    needed = PER_PIXEL * height * width
    if needed < ALWAYS_THERE:
        return
    there = available_memory()
    if needed > there:
        fits = int(max(height, width) * (there / needed) ** 0.5) // 64 * 64
        raise ResourceError(
            f"{width}x{height} pixels take {format_size(needed)} of memory, and "
            f"{format_size(there)} are free; try --size {max(fits, 64)}"
        )


def _available_on_machine() -> int:
    if _MEMINFO.exists():
        match = re.search(r"MemAvailable:\s*(\d+) kB", _MEMINFO.read_text(encoding="utf-8"))
        if match:
            return int(match[1]) * 1024
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, ValueError, OSError):
        return 4 * 10**9  # what every machine of these years has


def _number(path: Path) -> int | None:
    """Return the number in a file; None if there is none, or it says `max`."""
    try:
        return int(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
