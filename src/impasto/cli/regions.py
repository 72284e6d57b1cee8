"""`impasto regions`: a map of a photo, whose colors say which style goes where."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from impasto.analysis.options import RegionOptions
from impasto.cli.output import OutputOptions, free_name, print_path
from impasto.core.shell import as_file, quote


def regions(
    photo: str,
    /,
    *,
    to: Annotated[OutputOptions, Parameter(name="*")] = OutputOptions(),  # noqa: B008
    options: Annotated[RegionOptions, Parameter(name="*")] = RegionOptions(),  # noqa: B008
) -> int:
    """Find regions in PHOTO and write them as a map, to use with --regions or to paint over.

    By color and place, or, with --subject, the subject before its background. Any paint program
    can correct the map: its colors are plain. Needs the extra regions.

    Parameters
    ----------
    photo
        A picture file, or the name of a bundled one such as castle.
    """
    from impasto.analysis.segment import find_regions
    from impasto.io.image import check_output, write_picture

    path = to.output or free_name(Path(photo).stem, "regions")
    check_output(path, force=to.force)
    found = find_regions(photo, options)
    write_picture(found.image, path, note=found.note, force=to.force)
    if to.json:
        print(json_format.dumps({"path": str(path), "regions": found.shares}))
        return 0
    print_path(path)
    if not to.quiet:
        print(", ".join(f"{name} {share:.0%}" for name, share in found.shares.items()))
        first, second = list(found.shares)[:2] if len(found.shares) > 1 else ("white", "black")
        words = f"{first}=great-wave,{second}=keep"
        name, map_name = quote(as_file(photo)), quote(as_file(str(path)))
        print(f"use it: impasto stylize {name} --regions {map_name} --style {words}")
    return 0
