"""`impasto grid`: layer subsets by alpha / beta on one sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from impasto.analysis.options import GridOptions
from impasto.cli.figure import show_figure
from impasto.cli.output import FILES, OutputOptions, free_name
from impasto.io.paths import join_names


def grid(
    content: str,
    style: str,
    /,
    *,
    to: Annotated[OutputOptions, Parameter(name="*")] = OutputOptions(),  # noqa: B008
    run: Annotated[Path | None, FILES] = None,
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
    run
        Folder to keep the single pictures in. Without it, CONTENT_STYLE.grid in the current folder.
    """
    from impasto.analysis.grid import grid_events
    from impasto.io.image import check_output

    names = Path(content).stem, Path(style).stem
    path = to.output or free_name(*names, "grid")
    check_output(path, force=to.force)
    run = run or Path(join_names(names, ".grid"))
    events = grid_events(content, style, options, run=run)
    return show_figure(events, path, force=to.force, as_json=to.json, quiet=to.quiet, run=run)
