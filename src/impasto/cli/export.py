"""`impasto export`: a trained network for other runtimes."""

from __future__ import annotations

import json as json_format
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from impasto.cli.output import print_path
from impasto.core.errors import ConfigError, how_to_install
from impasto.core.options import FLAG
from impasto.core.shell import printable
from impasto.io.paths import is_file, join_names


def export(
    style: str,
    /,
    *,
    output: Annotated[Path | None, Parameter(alias="-o")] = None,
    format: Literal["onnx", "openvino"] = "onnx",
    force: Annotated[bool, FLAG] = False,
    json: Annotated[bool, FLAG] = False,
) -> int:
    """Write a trained network as a file for other runtimes, such as ONNX Runtime.

    Its input is a picture of any size from 16 pixels a side up. What was written is compared with
    torch on three odd sizes.

    Parameters
    ----------
    style
        A bundled style, a model file, or a painting. Of a model file with several styles, how much
        of each is a second input; FILE.safetensors/NAME or a blend is fixed in the file.
    output
        File to write: .onnx, or .xml for openvino. Without it, STYLE.onnx in the current folder.
    format
        onnx, or openvino (needs the extra openvino).
    force
        Overwrite the output if it exists.
    json
        Print what was written as one line of JSON.
    """
    from impasto.networks.registry import find_style

    ending = ".onnx" if format == "onnx" else ".xml"
    name = Path(style).stem if is_file(style) else find_style(style).label
    path = output or Path(join_names([name], ending))
    if format == "openvino" and path.suffix != ending:
        raise ConfigError(f"-o {path}: with --format openvino the ending should be {ending}")
    from impasto.networks.export import export as write

    written = write(style, path, force=force)
    if json:
        print(json_format.dumps({**asdict(written), "path": str(written.path)}))
        return 0
    print_path(written.path)
    checked = f"not compared with torch, which needs {how_to_install('onnxruntime')}"
    if written.difference is not None:
        checked = f"differs from torch by at most {written.difference:.1g}"
    print(f"{written.bytes / 1000:.0f} kB, opset {written.opset}, {checked}")
    if len(written.styles) > 1:
        print(f"input style: how much of {printable(', '.join(written.styles))}")
    return 0
