"""`impasto web`: paint in the browser."""

from __future__ import annotations

import importlib.util
import io
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from impasto.cli.output import print_path
from impasto.core.errors import MissingError, how_to_install
from impasto.core.events import Note
from impasto.core.shell import quote
from impasto.web.options import WebOptions

NEEDED = ("fastapi", "uvicorn")
"""The `web` extra."""


def web(*, options: Annotated[WebOptions | None, Parameter(name="*")] = None) -> int:
    """Show a page in the browser on which photos are painted.

    Everything happens on this computer, and nothing leaves it. Ctrl-C ends it.
    """
    options = options or WebOptions()
    if options.static is not None:
        return _write(options.static, force=options.force)
    if any(importlib.util.find_spec(name) is None for name in NEEDED):
        raise MissingError(f"the page needs a few more packages: {how_to_install('web')}")
    from impasto.web.server import serve

    folder = serve(options, _tell, _ending)
    print(f"\nstopped; paintings are kept for {options.keep_hours:g} hours in {folder}")
    return 0


def _write(folder: Path, *, force: bool) -> int:
    from impasto.web.static_site import SiteWritten, write_site

    for event in write_site(folder, force=force):
        if isinstance(event, Note):
            print(event.message, file=sys.stderr)
        elif isinstance(event, SiteWritten):
            print_path(event.path)
            print(f"{event.files} files, {event.bytes / 1e6:.1f} MB; to look at it: ", end="")
            print(f"python -m http.server --bind 127.0.0.1 --directory {quote(str(event.path))}")
    return 0


def _tell(address: str, warning: str | None) -> None:
    if warning is not None:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"impasto is at {address}\nCtrl-C ends it.", flush=True)
    code = None if warning is None or not sys.stdout.isatty() else qr_code(address)
    if code is not None:
        print(f"\nFor the camera of a phone in this network:\n\n{code}", flush=True)


def _ending() -> None:
    print("\nending what is being painted; Ctrl-C again gives it up", flush=True)


def qr_code(address: str) -> str | None:
    """Return an address as a QR code in half blocks, None if the package for it is missing.

    Args:
        address: of the page, with its token.
    """
    if importlib.util.find_spec("segno") is None:
        return None
    import segno

    drawn = io.StringIO()
    segno.make(address, micro=False).terminal(drawn, border=2, compact=True)
    return drawn.getvalue()
