"""`impasto web`: paint in the browser."""

from __future__ import annotations

import importlib.util
import sys
from typing import Annotated

from cyclopts import Parameter

from impasto.core.errors import MissingError, how_to_install
from impasto.web.options import WebOptions

NEEDED = ("fastapi", "uvicorn")
"""The `web` extra."""


def web(*, options: Annotated[WebOptions | None, Parameter(name="*")] = None) -> int:
    """Show a page in the browser on which photos are painted.

    Everything happens on this computer, and nothing leaves it. Ctrl-C ends it.
    """
    if any(importlib.util.find_spec(name) is None for name in NEEDED):
        raise MissingError(f"the page needs a few more packages: {how_to_install('web')}")
    from impasto.web.server import serve

    options = options or WebOptions()
    folder = serve(options, _tell)
    print(f"\nstopped; paintings are kept for {options.keep_hours:g} hours in {folder}")
    return 0


def _tell(address: str, warning: str | None) -> None:
    if warning is not None:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"impasto is at {address}\nCtrl-C ends it.", flush=True)
