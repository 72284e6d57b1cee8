"""`impasto reconstruct`: what a layer keeps of a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from impasto.analysis.options import ReconstructOptions
from impasto.cli.figure import show_figure
from impasto.cli.output import OutputOptions, free_name


def reconstruct(
    image: str,
    /,
    *,
    to: Annotated[OutputOptions, Parameter(name="*")] = OutputOptions(),  # noqa: B008
    options: Annotated[ReconstructOptions, Parameter(name="*")] = ReconstructOptions(),  # noqa: B008
) -> int:
    """Paint, from noise, what layers of VGG keep of IMAGE: its content, or its style as a texture.

    Without a layer: the content in relu4_2, which style transfer keeps. Ctrl-C stops and saves
    what there is.

    Parameters
    ----------
    image
        A picture file, or the name of a bundled one such as castle.
    """
    from impasto.analysis.reconstruct import reconstruct_events
    from impasto.io.image import check_output

    kind = "layers" if options.all else "texture" if options.style_layers else "content"
    path = to.output or free_name(Path(image).stem, kind)
    check_output(path, force=to.force)
    events = reconstruct_events(image, options)
    return show_figure(events, path, force=to.force, as_json=to.json, quiet=to.quiet)
