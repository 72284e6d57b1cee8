"""Everything that can be asked of the page's server: the only list of its options.

The docstrings under the attributes are the help of the command line.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from impasto.core.errors import ConfigError
from impasto.core.memory import parse_size
from impasto.core.options import FLAG, WHOLE, check_range

HOME_PORT = 7460
"""Used if it is free, so that a page which is still open finds a restarted server."""

LOCAL = ("127.0.0.1", "localhost", "::1")
"""Addresses that only this computer reaches."""


@dataclass(frozen=True, kw_only=True)
class WebOptions:
    """Options of the page's server."""

    port: Annotated[int | None, WHOLE] = None
    """Port to listen on; default 7460, or a free one if that is taken."""

    host: str = "127.0.0.1"
    """Address to listen on. The default is reachable from this computer only. With any other, such
    as 0.0.0.0, anyone who knows the token in the printed address can use the page."""

    open: Annotated[bool, FLAG] = False
    """Open the page in the browser."""

    folder: Path | None = None
    """Where photos and results are kept; default: impasto's cache folder."""

    keep_hours: float = 24.0
    """Hours after which photos and results are deleted."""

    disk: str = "2GB"
    """Disk space limit; the oldest results are deleted first."""

    queue: Annotated[int, WHOLE] = 8
    """How many paintings may wait in the queue."""

    static: Path | None = None
    """Serve nothing; write a folder for any web host instead: a page that paints in the visitor's
    browser, with the bundled styles (needs npm)."""

    force: Annotated[bool, FLAG] = False
    """Replace the folder of --static."""

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ConfigError: with the option's name.
        """
        check_range(self, {"port": (0, 65535), "keep_hours": (0.01, 1e5), "queue": (1, 10_000)})
        if self.force and self.static is None:
            raise ConfigError("--force replaces the folder of --static; give that too")
        if parse_size(self.disk) < 50e6:
            raise ConfigError(f"--disk {self.disk}: it must be at least 50MB")

    @property
    def is_local(self) -> bool:
        """Whether only this computer can reach the page."""
        return self.host in LOCAL
