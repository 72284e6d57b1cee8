"""`impasto reconstruct`: what a layer keeps of a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from impasto.cli.figure import show_figure
from impasto.cli.output import free_name
from impasto.core.options import FLAG
from impasto.explanation.options import ReconstructOptions

_FILES = Parameter(group=Group("Files and output", sort_key=0))


def reconstruct(
    image: str,
    /,
    *,
    output: Annotated[Path | None, _FILES, Parameter(alias="-o")] = None,
    force: Annotated[bool, _FILES, FLAG] = False,
    json: Annotated[bool, _FILES, FLAG] = False,
    quiet: Annotated[bool, _FILES, FLAG, Parameter(alias="-q")] = False,
    options: Annotated[ReconstructOptions, Parameter(name="*")] = ReconstructOptions(),  # noqa: B008
) -> int:
    """Paint, from noise, what layers of VGG keep of IMAGE: its content, or its style as a texture.

    Without a layer: the content in relu4_2, which style transfer keeps. Ctrl-C stops and saves
    what there is.

    Parameters
    ----------
    image
        A picture file, or the name of a bundled one such as castle.
    output
        File to write: .png, .jpg, .webp, .avif or .tif. Without it, IMAGE_content.png,
        IMAGE_texture.png or IMAGE_layers.png in the current folder, numbered if that exists.
    force
        Overwrite the output if it exists.
    json
        Print one line of JSON per event on stdout instead of the progress bar.
    quiet
        Print nothing but the path of the result.
    """
    from impasto.api.reconstruct import reconstruct_events
    from impasto.io.image import check_output

    kind = "layers" if options.all else "texture" if options.style_layers else "content"
    path = output or free_name(Path(image).stem, kind)
    check_output(path, force=force)
    events = reconstruct_events(image, options)
    return show_figure(events, path, force=force, as_json=json, quiet=quiet)
