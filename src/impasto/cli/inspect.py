"""`impasto inspect`: what channels of VGG see in a picture."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter

from impasto.cli.output import free_name, print_path
from impasto.cli.progress import Reader
from impasto.core.options import FLAG
from impasto.explanation.options import InspectOptions

if TYPE_CHECKING:
    from impasto.api.inspect import Inspection

_FILES = Parameter(group=Group("Files and output", sort_key=0))


def inspect(
    image: str,
    /,
    *,
    output: Annotated[Path | None, _FILES, Parameter(alias="-o")] = None,
    force: Annotated[bool, _FILES, FLAG] = False,
    json: Annotated[bool, _FILES, FLAG] = False,
    quiet: Annotated[bool, _FILES, FLAG, Parameter(alias="-q")] = False,
    options: Annotated[InspectOptions, Parameter(name="*")] = InspectOptions(),  # noqa: B008
) -> int:
    """Draw what channels of VGG see in IMAGE: feature maps, Gram matrices, and who fires together.

    Needs the extra plots.

    Parameters
    ----------
    image
        A picture file, or the name of a bundled one such as starry-night.
    output
        File to write: .png, .jpg, .webp, .avif or .tif. Without it, IMAGE_LAYER.png in the
        current folder, numbered if that exists.
    force
        Overwrite the output if it exists.
    json
        Print the numbers as one line of JSON: channels, pairs and their correlation.
    quiet
        Print nothing but the path of the result.
    """
    from impasto.api.inspect import InspectionDone, inspect_events
    from impasto.io.image import check_output

    path = output or free_name(Path(image).stem, options.layer)
    check_output(path, force=force)
    result: Inspection | None = None
    with Reader(as_json=False, quiet=quiet or json) as reader:
        for event in inspect_events(image, options):
            if isinstance(event, InspectionDone):
                result = event.result
            else:
                reader.show(event)
    assert result is not None
    result.save(path, force=force)
    if json:
        print(json_format.dumps({"path": str(path), **result.to_dict()}))
        return 0
    print_path(path)
    if not quiet:
        _print_pairs(result)
    return 0


def _print_pairs(result: Inspection) -> None:
    names = ", ".join(f"{channel.channel} ({channel.share:.1%})" for channel in result.channels[:6])
    print(f"{result.layer}: strongest channels {names}")
    for pair in result.pairs:
        print(f"{pair.first:4d} with {pair.second:<4d} correlation {pair.correlation:.2f}")
