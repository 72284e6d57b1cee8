"""`impasto show`: how a picture was painted."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def show(
    picture: Path,
    /,
    *,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Print the command that painted PICTURE.

    Parameters
    ----------
    picture
        A file that impasto wrote. PNG, JPEG, WebP, AVIF and TIFF all carry the recipe.
    json
        Print the whole recipe (version, options, seed, SHA-256 of the inputs) as JSON.
    """
    from impasto.core.errors import ImageError
    from impasto.io.image import read_note
    from impasto.recipe import Recipe

    note = read_note(picture)
    if note is None:
        raise ImageError(f"{picture} carries no recipe; it was not written by impasto, or edited")
    try:
        recipe = Recipe.from_json(note)
    except ImageError as error:
        raise ImageError(f"{picture}: {error}") from error
    print(recipe.to_json() if json else recipe.command(sys.stdout.encoding))
    return 0
