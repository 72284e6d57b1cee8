"""`impasto inspect`: what channels of VGG see in a picture."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from impasto.analysis.options import InspectOptions
from impasto.cli.output import OutputOptions, free_name, print_path
from impasto.cli.progress import ProgressPrinter

if TYPE_CHECKING:
    from impasto.analysis.inspect import Inspection


def inspect(
    image: str,
    /,
    *,
    to: Annotated[OutputOptions, Parameter(name="*")] = OutputOptions(),  # noqa: B008
    options: Annotated[InspectOptions, Parameter(name="*")] = InspectOptions(),  # noqa: B008
) -> int:
    """Draw what channels of VGG see in IMAGE: feature maps, Gram matrices, and who fires together.

    Needs the extra plots.

    Parameters
    ----------
    image
        A picture file, or the name of a bundled one such as starry-night.
    """
    from impasto.analysis.inspect import InspectionDone, inspect_events
    from impasto.io.image import check_output

    path = to.output or free_name(Path(image).stem, options.layer)
    check_output(path, force=to.force)
    result: Inspection | None = None
    with ProgressPrinter(as_json=False, quiet=to.quiet or to.json) as reader:
        for event in inspect_events(image, options):
            if isinstance(event, InspectionDone):
                result = event.result
            else:
                reader.show(event)
    assert result is not None
    result.save(path, force=to.force)
    if to.json:
        print(json_format.dumps({"path": str(path), **result.to_dict()}))
        return 0
    print_path(path)
    if not to.quiet:
        _print_pairs(result)
    return 0


def _print_pairs(result: Inspection) -> None:
    names = ", ".join(f"{channel.channel} ({channel.share:.1%})" for channel in result.channels[:6])
    print(f"{result.layer}: strongest channels {names}")
    for pair in result.pairs:
        print(f"{pair.first:4d} with {pair.second:<4d} correlation {pair.correlation:.2f}")
