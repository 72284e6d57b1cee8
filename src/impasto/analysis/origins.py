"""Which photo and which paintings a picture was painted from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from impasto import assets
from impasto.core.errors import ImageError
from impasto.io.folder import find_pictures
from impasto.io.image import read_note
from impasto.io.inputs import locate
from impasto.io.paths import exists, is_file
from impasto.io.regions import KEEP, parse_regions
from impasto.networks.registry import style_of_painting, styles
from impasto.optimization.options import OptimizeOptions
from impasto.recipe import Recipe, Source, describe_source


@dataclass(frozen=True)
class Origin:
    """What a picture is compared with."""

    content: Path
    styles: tuple[Path, ...]
    style_weights: tuple[float, ...] | None = None
    """How much each painting counts, None for equal parts."""

    style_scale: float = 1.0
    """Size of the paintings beside the picture."""

    regions: Path | None = None
    """The map that says which painting goes where, if there is one."""

    words: tuple[str, ...] = ()
    """`color=painting` for each of its regions."""


def find_origin(
    output: Path, content: Path | None = None, paintings: Sequence[Path] = ()
) -> Origin:
    """Return what a picture was painted from: what is given, the rest from the recipe inside it.

    The files that a recipe names are looked for in the current folder, beside the picture and
    among the bundled pictures, and must be the same ones, byte for byte.

    Args:
        output: the painted picture.
        content: its photo, None to ask the recipe.
        paintings: likewise.

    Raises:
        ImageError: there is no recipe, or what it names is not here or has changed.
    """
    if content is not None and paintings:
        return Origin(content, tuple(paintings))
    missing = "--style" if content is not None else "--content" if paintings else None
    recipe = _recipe(output, missing or "--content and --style")
    content = content or _find(recipe.content, output, "--content")
    if paintings:
        return Origin(content, tuple(paintings))
    region_map = getattr(recipe.options, "regions", None)
    if region_map is not None:
        return _with_regions(recipe, content, _map_of(region_map, output), output)
    if isinstance(recipe.options, OptimizeOptions):
        found = tuple(_find(style, output, "--style") for style in recipe.styles)
        return Origin(content, found, recipe.options.style_weights, recipe.options.style_scale)
    return Origin(content, (_painting_of(recipe.styles[0], output),))


def _map_of(name: str, output: Path) -> Path:
    places = [Path(name), output.parent / name]
    found = next((path for path in places if is_file(path)), None)
    if found is None:
        raise ImageError(f"{output} was painted with the map {name}, which is not here: --regions")
    return found


def _with_regions(recipe: Recipe, content: Path, region_map: Path, output: Path) -> Origin:
    """Return an origin with a map; every region has its own painting."""
    words, paintings = [], []
    sha256 = {source.name: source.sha256 for source in recipe.styles}
    for region in parse_regions(",".join(source.name for source in recipe.styles)):
        if region.style == KEEP:
            words.append(f"{region.color}={KEEP}")
            continue
        source = Source(region.style, sha256.get(f"{region.color}={region.style}"))
        bundled = assets.find(region.style)
        painting = bundled if source.sha256 is None and bundled else None
        painting = painting or (
            Path(region.style)
            if source.sha256 is None and is_file(Path(region.style))
            else _find(source, output, "--style")
        )
        paintings.append(painting)
        words.append(f"{region.color}={painting}")
    scale = getattr(recipe.options, "style_scale", 1.0)
    return Origin(content, tuple(paintings), None, scale, region_map, tuple(words))


def _recipe(output: Path, missing: str) -> Recipe:
    note = read_note(output)
    if note is None:
        raise ImageError(f"{output} carries no recipe; name what it was painted from: {missing}")
    try:
        return Recipe.from_json(note)
    except ImageError as error:
        raise ImageError(f"{output}: {error}; name what it was painted from: {missing}") from error


def _find(source: Source, output: Path, option: str) -> Path:
    """Return the file that a recipe names, if it is still the same."""
    places = [Path(source.name), output.parent / source.name, assets.find(source.name)]
    there = [path for path in places if path is not None and is_file(path)]
    for path in there:
        if source.sha256 is not None and describe_source(path).sha256 == source.sha256:
            return path
    if there:
        raise ImageError(
            f"{there[0]} has changed since {output} was painted from it; name the picture that it "
            f"was: {option}"
        )
    raise ImageError(
        f"{output} was painted from {source.name}, which is not here; name it: {option}"
    )


def _painting_of(source: Source, output: Path) -> Path:
    """Return the painting behind the style of one pass: a bundled style, or a painting's file."""
    if source.name in styles():
        bundled = assets.find(source.name)
        if bundled is not None:
            return bundled
    if source.sha256 is None or Path(source.name).suffix == ".safetensors":
        raise ImageError(
            f"the recipe in {output} names no one painting ({source.name}); name it: --style"
        )
    return _find(source, output, "--style")


def find_painting(style: str) -> tuple[Path, str | None]:
    """Return the painting that a word means, and the bundled style that has learned it, if any.

    Args:
        style: a picture file, or the name of a bundled painting.

    Raises:
        ImageError: no such file or name.
    """
    path = Path(style)
    found = locate(path)
    assert isinstance(found, Path)
    if not exists(path) and style in styles():
        return found, style
    return found, style_of_painting(describe_source(found).sha256) if is_file(found) else None


def content_of(output: Path, outputs: Path, contents: Path) -> Path:
    """Return the photo of a result, by its name: of `red-panda_great-wave.png`, `red-panda.jpg`.

    Args:
        output: a result, in the folder `outputs` or below it.
        outputs: the folder of results, or the result itself.
        contents: the folder of photos.

    Raises:
        ImageError: none of the photos has such a name.
    """
    photos = find_pictures(contents)
    if output != outputs:
        place = output.relative_to(outputs).with_suffix("")
        for photo in photos:
            if photo.relative_to(contents).with_suffix("") == place:
                return photo
    fitting = [photo for photo in photos if _begins_with(output.stem, photo.stem)]
    if not fitting:
        raise ImageError(f"{output}: {contents} has no photo of that name")
    return max(fitting, key=lambda photo: len(photo.stem))


def _begins_with(name: str, stem: str) -> bool:
    return name == stem or name.startswith((f"{stem}_", f"{stem}-", f"{stem}.", f"{stem} "))
