"""`impasto styles`: what can be painted with, and how it looks."""

from __future__ import annotations

import json as json_format
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Group, Parameter

from impasto.cli.output import free_name, print_path
from impasto.core.errors import ConfigError
from impasto.core.options import FLAG, WHOLE
from impasto.core.shell import printable

if TYPE_CHECKING:
    from impasto.networks.model_file import ModelInfo

NO_STYLES = "No styles are bundled with this impasto; make one with impasto train."

_SHEET = Parameter(group=Group("Contact sheet", sort_key=1))


def styles(
    model: str | None = None,
    /,
    *,
    json: Annotated[bool, FLAG] = False,
    remove: str | None = None,
    sheet: Annotated[str | None, _SHEET] = None,
    output: Annotated[Path | None, _SHEET, Parameter(alias="-o")] = None,
    size: Annotated[int, _SHEET, WHOLE] = 256,
    force: Annotated[bool, _SHEET, FLAG] = False,
) -> int:
    """List all styles, describe a MODEL, or paint a photo in every style.

    Parameters
    ----------
    model
        A model file (.safetensors) or a style to describe.
    json
        Print one line of JSON per style.
    remove
        Name of a style that impasto learn has made, to be removed.
    sheet
        A photo, to be painted in all styles, small and named, on one sheet.
    output
        File to write the sheet to. Without it, PHOTO_styles.png in the current folder, numbered
        if that exists.
    size
        Long side of each picture on the sheet, in pixels.
    force
        Overwrite the output if it exists.
    """
    if size < 1:
        raise ConfigError(f"--size {size}: it must be at least 1")
    if remove is not None:
        if model is not None or json or sheet is not None:
            raise ConfigError("--remove NAME goes with nothing else")
        from impasto.networks.registry import remove_own

        remove_own(remove)
        print(f"{remove} is removed")
        return 0
    if sheet is not None:
        if model is not None or json:
            raise ConfigError("--sheet PHOTO goes with neither MODEL nor --json")
        return _paint_sheet(sheet, output, size, force=force)
    if model is not None:
        from impasto.networks.model_file import read_info
        from impasto.networks.registry import find_style

        path = find_style(model).path
        print(_describe(path.stem, path, read_info(path), as_json=json))
        return 0
    _list_all(as_json=json)
    return 0


def _list_all(*, as_json: bool) -> None:
    from impasto.networks.model_file import read_info
    from impasto.networks.registry import has_any_model, own_styles
    from impasto.networks.registry import styles as named

    found = {name: (path, _only(name, read_info(path))) for name, path in named().items()}
    if as_json:
        for name, (path, info) in found.items():
            print(_describe(name, path, info, as_json=True))
        return
    if not found:
        print(NO_STYLES)
        return
    header = ("name", "network", "size", "license", "credit")
    rows = [_row(name, path, info) for name, (path, info) in found.items()]
    print("\n".join(_table([header, *rows])))
    if mine := own_styles():
        print(f"\nLearned here: {', '.join(mine)}")
    if has_any_model():
        print("\nAny other painting: impasto stylize PHOTO --style PAINTING.jpg")


def _paint_sheet(photo: str, output: Path | None, size: int, *, force: bool) -> int:
    from impasto.io.image import check_output, write_picture
    from impasto.networks.registry import styles as bundled

    if not bundled():
        print(NO_STYLES)
        return 0
    path = output or free_name(Path(photo).stem, "styles")
    check_output(path, force=force)
    from impasto.networks.stylize import style_sheet

    image = style_sheet(photo, size=size)
    write_picture(image, path, force=force)
    print_path(path)
    return 0


def _only(name: str, info: ModelInfo) -> ModelInfo:
    """Return the description with one of its styles."""
    return replace(info, styles=tuple(style for style in info.styles if style.name == name))


def _row(name: str, path: Path, info: ModelInfo) -> tuple[str, ...]:
    credit = "; ".join(style.credit for style in info.styles if style.credit)
    return name, info.network_name, _file_size(path), info.license, credit


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return lines with the columns one below the other; the last may be of any width."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _describe(name: str, path: Path, info: ModelInfo, *, as_json: bool) -> str:
    """Return all that a model file says about itself but its thumbnails."""
    record: dict[str, Any] = {
        "name": name,
        "path": str(path),
        "bytes": path.stat().st_size,
        "network_name": info.network_name,
        "network": info.network.to_dict(),
        "styles": [{"name": style.name, "credit": style.credit} for style in info.styles],
        "license": info.license,
        "version": info.version,
        "recipe": dict(info.recipe),
    }
    if as_json:
        return json_format.dumps(record)
    from impasto.networks.model_file import PAINTED

    lines = [("name", name), ("size", _file_size(path)), ("network", info.network_name)]
    lines += [("style", f"{s.name}  {s.credit}".rstrip()) for s in info.styles]
    lines += [("license", info.license), ("pictures", PAINTED)]
    lines += [("written by", f"impasto {info.version}")]
    lines += [("trained", f"{key} {_words(value)}") for key, value in info.recipe.items()]
    return "\n".join(map(printable, _table([line for line in lines if line[1]])))


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_words(inner)}" for key, inner in value.items())
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _file_size(path: Path) -> str:
    return f"{path.stat().st_size / 1000:.0f} kB"
