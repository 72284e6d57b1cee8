"""What there is to paint: names for people, keys for the folder, and words for recipes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from impasto.optimization.options import OptimizeOptions
from impasto.recipe import Recipe, Source
from impasto.web.limits import REGION_COLORS

LONGEST_NAME = 80
"""Bytes of a picture's name that are kept: names of results are made of several."""


@dataclass(frozen=True)
class Input:
    """A picture that goes in."""

    name: str
    """As its owner calls it: `holiday.jpg`; or a bundled name."""

    key: str
    """Of the upload in the folder; or the bundled name."""

    bundled: bool
    sha256: str | None = None
    """Of the file that was uploaded."""


@dataclass(frozen=True)
class Share:
    """A style, and how much of it."""

    style: Input
    weight: float


@dataclass(frozen=True)
class Task:
    """One painting to be made."""

    kind: str
    """`stylize`, `optimize`, `sheet`, `learn` or `video`."""

    photo: Input
    output: str
    """Name of the result, for the person who saves it; of a `learn` task, the style's and .png."""

    styles: tuple[Share, ...] = ()
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """strength, size, stroke and preserve_color, those that were given."""

    style_map: str | Input | None = None
    after: str | None = None
    """Of an `optimize` task: the job whose result it starts from."""

    after_output: str | None = None
    """What that result is called."""

    seconds: float | None = None
    """Of an `optimize` or a `learn` task."""

    @property
    def style_text(self) -> str:
        """What follows `--style`: `wave`, `wave:0.6,my.jpg:0.4` or `black=wave,red=my.jpg`."""
        if self.has_regions:
            pairs = zip(REGION_COLORS, self.styles, strict=False)
            return ",".join(f"{color}={share.style.name}" for color, share in pairs)
        if len(self.styles) == 1:
            return self.styles[0].style.name
        return ",".join(f"{share.style.name}:{share.weight:g}" for share in self.styles)

    @property
    def has_regions(self) -> bool:
        """Whether a map says by its colors where each of several styles goes."""
        return isinstance(self.style_map, Input) and len(self.styles) > 2

    @property
    def has_own_painting(self) -> bool:
        """Whether one of the styles is a picture and no trained style."""
        return any(not share.style.bundled for share in self.styles)

    @property
    def is_sketch(self) -> bool:
        """Whether the pass is a first look only, and the painting is by optimization."""
        return self.kind == "stylize" and self.has_own_painting and self.style_map is None

    @property
    def shares(self) -> tuple[float, ...]:
        """Weights that add up to 1."""
        total = sum(share.weight for share in self.styles)
        return tuple(share.weight / total for share in self.styles)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Task:
        """Return what `to_dict` kept."""
        style_map = stored["style_map"]
        return cls(
            **{
                **stored,
                "photo": Input(**stored["photo"]),
                "styles": tuple(
                    Share(Input(**share["style"]), share["weight"]) for share in stored["styles"]
                ),
                "style_map": Input(**style_map) if isinstance(style_map, dict) else style_map,
            }
        )


def in_words(recipe: Recipe, task: Task) -> Recipe:
    """Return the recipe with the names that people know instead of those in the folder."""
    options = recipe.options
    content = Source(task.photo.name, task.photo.sha256 or recipe.content.sha256)
    if isinstance(options, OptimizeOptions):
        styles = tuple(
            Source(share.style.name, share.style.sha256 or old.sha256)
            for share, old in zip(task.styles, recipe.styles, strict=True)
        )
        if task.after_output is not None:
            options = _with(options, init=task.after_output)
        start = recipe.init and Source(task.after_output or "", recipe.init.sha256)
        return dataclasses.replace(
            recipe,
            content=content,
            styles=styles,
            init=start,
            options=options,
        )
    sha256 = recipe.styles[0].sha256
    if len(task.styles) == 1:
        sha256 = task.styles[0].style.sha256 or sha256
    names = {"style": task.style_text}
    if isinstance(task.style_map, Input):
        names["regions" if task.has_regions else "style_map"] = task.style_map.name
    return dataclasses.replace(
        recipe,
        content=content,
        styles=(Source(task.style_text, sha256),),
        options=_with(options, **names),
    )


def _with(options: Any, **names: str) -> Any:
    changed: dict[str, Any] = dict(names)
    return dataclasses.replace(options, **changed)


def clean_name(name: str, suffix: str, *, fallback: str) -> str:
    r"""Return a file's name for recipes and commands; it is never used to open anything.

    Args:
        name: what the client calls the file; of a path, the last part.
        suffix: ending for a name that has none, with its dot.
        fallback: stem for a name of which nothing is left.

    >>> clean_name("C:\\photos\\my, cat:1.jpg", ".jpg", fallback="photo")
    'my_ cat_1.jpg'
    >>> clean_name("--help", ".png", fallback="photo"), clean_name("", ".png", fallback="photo")
    ('help.png', 'photo.png')
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join("_" if each in ",:" else each for each in last if each.isprintable())
    path = PurePath(kept.strip().lstrip("-.") or fallback)
    ending = path.suffix if 1 < len(path.suffix) <= 6 else suffix
    stem = path.stem.encode("utf-8", "ignore")[:LONGEST_NAME].decode("utf-8", "ignore")
    return f"{stem.strip() or fallback}{ending}"


def distinct(inputs: Sequence[Input]) -> list[Input]:
    """Return the inputs, renamed where two different ones have the same name."""
    taken: dict[str, str] = {}
    found = []
    for each in inputs:
        name, number = each.name, 2
        while taken.get(name, each.key) != each.key:
            path = PurePath(each.name)
            name, number = f"{path.stem}-{number}{path.suffix}", number + 1
        taken[name] = each.key
        found.append(dataclasses.replace(each, name=name))
    return found
