"""The named styles and the bundled photos, as the page shows them."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from impasto import assets
from impasto.networks.model_file import StyleInfo, read_info
from impasto.networks.registry import bundled_styles, own_styles, styles

THUMBNAIL = 256
"""Long side in pixels."""

PHOTOS = {
    "castle": "Neuschwanstein Castle",
    "astronaut": "Eileen Collins, astronaut",
}
"""Bundled photos, and what is on them."""

EXAMPLE = ("castle", "starry-night")
"""What the page shows first."""

EXAMPLE_SIZE = 768

FIRST = ("starry-night", "great-wave")
"""The styles that everybody knows."""


@dataclass(frozen=True)
class Style:
    """A named style."""

    name: str
    title: str
    artist: str
    year: str
    thumbnail: bytes
    """A JPEG of the painting."""

    can_refine: bool
    """Whether the painting itself is here, which a refinement needs."""

    own: bool = False
    """Whether it was learned here."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as clients are told."""
        return {
            "name": self.name,
            "title": self.title,
            "artist": self.artist,
            "year": self.year,
            "can_refine": self.can_refine,
            "own": self.own,
            "thumbnail": f"/api/styles/{self.name}/thumbnail",
        }


def gallery() -> dict[str, Style]:
    """Return all named styles.

    Those that were learned here, the latest first; then the most famous ones, then those that can
    be refined.
    """
    changed = {name: path.stat().st_mtime_ns for name, path in own_styles().items()}
    latest = sorted(changed, key=lambda name: changed[name], reverse=True)
    mine = {name: _own_style(name, own_styles()[name], changed[name]) for name in latest}
    return {**mine, **_bundled()}


@cache
def _bundled() -> dict[str, Style]:
    found = [_style(name, path) for name, path in styles().items() if name in bundled_styles()]
    known = {name: rank for rank, name in enumerate(FIRST)}
    found.sort(key=lambda style: (known.get(style.name, len(known)), not style.can_refine))
    return {style.name: style for style in found}


@lru_cache(maxsize=256)
def _own_style(name: str, path: Path, _changed: int) -> Style:
    """Return a style that was learned here; read anew when its file has changed."""
    return replace(_style(name, path), own=True)


def small_jpeg(path: Path, size: int) -> bytes:
    """Return a picture's JPEG with a long side of at most `size`, on white if transparent."""
    with Image.open(path) as opened:
        opened.draft("RGB", (size, size))
        image = ImageOps.exif_transpose(opened)
        if image.mode == "I;16":
            image = image.point(lambda value: value / 256).convert("L")
        image.thumbnail((size, size))
        rgba = image.convert("RGBA")
    flat = Image.new("RGB", rgba.size, "white")
    flat.paste(rgba, mask=rgba.getchannel("A"))
    stream = io.BytesIO()
    flat.save(stream, "JPEG", quality=88)
    return stream.getvalue()


def _style(name: str, path: Path) -> Style:
    known = read_info(path).styles
    info = next((style for style in known if style.name == name), known[0])  # or a renamed file's
    artist, title, year = _credit(info)
    painting = assets.find(name)
    thumbnail = info.thumbnail if painting is None else small_jpeg(painting, THUMBNAIL)
    return Style(name, title, artist, year, thumbnail, painting is not None)


def _credit(info: StyleInfo) -> tuple[str, str, str]:
    """Return artist, title and year from `Artist, Title, Year, public domain`."""
    words = [word.strip() for word in info.credit.split(",")]
    if len(words) < 4:
        return "", info.name.replace("-", " ").capitalize(), ""
    return words[0], ", ".join(words[1:-2]), words[-2]
