"""`impasto grid`: layer subsets by alpha / beta on one sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from impasto.cli.figure import show_figure
from impasto.cli.output import free_name
from impasto.core.names import join_names
from impasto.core.options import FLAG
from impasto.explanation.options import GridOptions

_FILES = Parameter(group=Group("Files and output", sort_key=0))


def grid(
    content: str,
    style: str,
    /,
    *,
    output: Annotated[Path | None, _FILES, Parameter(alias="-o")] = None,
    run: Annotated[Path | None, _FILES] = None,
    force: Annotated[bool, _FILES, FLAG] = False,
    json: Annotated[bool, _FILES, FLAG] = False,
    quiet: Annotated[bool, _FILES, FLAG, Parameter(alias="-q")] = False,
    options: Annotated[GridOptions, Parameter(name="*")] = GridOptions(),  # noqa: B008
) -> int:
    """Paint CONTENT like STYLE for every layer subset (rows) and every alpha / beta (columns).

    Every finished picture is kept in a folder: Ctrl-C loses only the one in work, and the same
    command, or one for a larger grid, paints only what is missing.

    Parameters
    ----------
    content
        The photo: a picture file, or the name of a bundled one such as castle.
    style
        The painting, likewise.
    output
        File to write: .png, .jpg, .webp, .avif or .tif. Without it, CONTENT_STYLE_grid.png in
        the current folder, numbered if that exists.
    run
        Folder to keep the single pictures in. Without it, CONTENT_STYLE.grid in the current folder.
    force
        Overwrite the output if it exists.
    json
        Print one line of JSON per event on stdout instead of the progress bar.
    quiet
        Print nothing but the path of the result.
    """
    from impasto.api.grid import grid_events
    from impasto.io.image import check_output

    names = Path(content).stem, Path(style).stem
    path = output or free_name(*names, "grid")
    check_output(path, force=force)
    run = run or Path(join_names(names, ".grid"))
    events = grid_events(content, style, options, run=run)
    return show_figure(events, path, force=force, as_json=json, quiet=quiet, run=run)
