"""The tree of everything that can go wrong.

::

    ImpastoError                 exit code 1
    ├── InputError               exit code 2: what was given cannot be used
    │   ├── ImageError           a picture that cannot be read or written
    │   ├── ConfigError          an option, or options that contradict each other
    │   ├── ModelFileError       a model file that cannot be read or written
    │   └── ShapeError           a tensor that breaks the picture contract
    ├── MissingError             weights or an optional package, with the way to get them
    └── ResourceError            memory, disk or time ran out, with what would fit

A message says what happened, what was expected and what to do next, in one line.
"""

from __future__ import annotations

import platform
import sys


def how_to_install(extra: str) -> str:
    """Return the command that installs one of impasto's extras.

    >>> how_to_install("web")
    "pip install 'impasto[web]' (in a clone: pip install '.[web]')"
    """
    return f"pip install 'impasto[{extra}]' (in a clone: pip install '.[{extra}]')"


def pip_install(package: str) -> str:
    """Return the command that installs a package of others.

    >>> pip_install("s3fs")
    'pip install s3fs'
    """
    return f"pip install {package}"


def without_torch(error: ModuleNotFoundError) -> str | None:
    """Return what to say if an import failed because torch is not installed, else None."""
    if (error.name or "").partition(".")[0] != "torch":
        return None
    if (sys.platform, platform.machine()) == ("darwin", "x86_64"):
        return (
            "this needs torch, which is made for Intel Macs no more; without it there is impasto "
            "stylize PHOTO --style NAME with --size (up to 3 megapixels) and no other option of "
            f"the look, and one of two packages: {how_to_install('onnxruntime')}"
        )
    return "this needs torch, which is not installed: pip install torch"


class ImpastoError(Exception):
    """Anything impasto raises on purpose."""

    exit_code = 1


class InputError(ImpastoError):
    """Something that was given cannot be used."""

    exit_code = 2


class ImageError(InputError):
    """A picture cannot be read, decoded or written."""


class ConfigError(InputError, ValueError):
    """An option has a value that cannot work, or two options contradict each other."""


class ModelFileError(InputError):
    """A model file cannot be read, is of another kind or version, or cannot be written."""


class ShapeError(InputError, ValueError):
    """A tensor does not have the shape that the picture contract asks for."""


class MissingError(ImpastoError):
    """Weights or an optional package are not there; the message tells how to get them."""


class ResourceError(ImpastoError):
    """Memory, disk or time ran out; the message tells what would fit."""


def first_line(error: object) -> str:
    r"""Return what another library says of an error, in one line.

    >>> first_line(OSError("no room\nat all")), first_line(KeyError())
    ('no room', 'KeyError')
    """
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0]
