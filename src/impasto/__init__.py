"""impasto: neural style transfer, from a tenth of a second to as long as you wait.

The public names are those of `__init__.pyi`. They load on first use, so that importing impasto
stays instant.
"""

from __future__ import annotations

import lazy_loader

from impasto._version import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
