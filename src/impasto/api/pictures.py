"""Pictures as people give them (paths, bundled names, PIL images, arrays) and get them back."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from impasto import assets
from impasto.core.errors import ImageError
from impasto.core.tensors import resize, size_of
from impasto.io.image import Picture, read_picture, to_pil, write_picture
from impasto.recipe import Recipe, Source, describe_source

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)

PictureLike = str | Path | bytes | Image.Image | np.ndarray[Any, Any]


def as_list(sources: PictureLike | Sequence[PictureLike]) -> list[PictureLike]:
    """Return several pictures, or one, as a list."""
    if isinstance(sources, str | Path | bytes | Image.Image | np.ndarray):
        return [sources]
    return list(sources)


@dataclass(frozen=True, kw_only=True)
class Result:
    """A painted picture and how it came about."""

    image: Image.Image
    """RGB, or RGBA if the photo was transparent."""

    seconds: float
    """Wall time of the painting, without reading and writing files."""

    recipe: Recipe
    """What it takes to paint it again."""

    pixels: np.ndarray[Any, Any] | None = None
    """(H, W, 3) or (H, W, 4) float32 in [0, 1]: the picture before it was rounded to 8 bits, if 16
    were asked for."""

    def save(self, path: str | Path, *, force: bool = False) -> Path:
        """Write the picture, with its recipe inside, and return the path.

        Args:
            path: PNG, JPEG, WebP, AVIF or TIFF by its ending; PNG and TIFF with 16 bits, if those
                were asked for.
            force: replace an existing file.

        Raises:
            ImageError: the file exists or cannot be written.
        """
        note = self.recipe.to_json()
        write_picture(self.image, Path(path), note=note, force=force, pixels=self.pixels)
        return Path(path)


def with_alpha(painted: Tensor, photo: Picture) -> Image.Image:
    """Return (1, 3, H, W) as a PIL image, as transparent as the photo it was painted from."""
    alpha = photo.alpha
    return to_pil(painted, None if alpha is None else resize(alpha, *size_of(painted)))


def unrounded(painted: Tensor, photo: Picture) -> np.ndarray[Any, Any]:
    """Return (1, 3, H, W) as an array (H, W, 3) or, transparent as the photo, (H, W, 4)."""
    import torch

    channels = painted
    if photo.alpha is not None:
        channels = torch.cat([painted, resize(photo.alpha, *size_of(painted))], dim=1)
    return channels[0].permute(1, 2, 0).contiguous().cpu().numpy()


def read(source: PictureLike, *, at_least: int | None = None) -> Picture:
    """Return the picture behind a path, a bundled name, bytes, a PIL image or an array.

    Args:
        source: where it is.
        at_least: a long side in pixels that is enough.

    Raises:
        ImageError: missing, or not a picture.
    """
    found = locate(source)
    log.info("picture: %s", told(found))
    return read_picture(found, at_least=at_least)


def told(source: PictureLike) -> str:
    """Return how a log calls a picture."""
    return str(source) if isinstance(source, str | Path) else f"one in memory ({type(source)})"


def locate(source: PictureLike) -> PictureLike:
    """Return the file of a bundled picture if `source` is its name and no file of the user's."""
    if not isinstance(source, str | Path) or Path(source).exists():
        return source
    bundled = assets.find(str(source))
    if bundled is None:
        names = ", ".join(assets.names())
        raise ImageError(f"{source} does not exist; check the name (bundled pictures: {names})")
    return bundled


def describe(source: PictureLike) -> Source:
    """Return how a recipe calls an input."""
    described = describe_source(locate(source))
    if isinstance(source, str | Path) and not Path(source).exists():
        return dataclasses.replace(described, name=str(source))
    return described
