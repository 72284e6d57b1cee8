"""Pictures as people give them (paths, bundled names, PIL images, arrays) and get them back."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from impasto import assets
from impasto.core.errors import ImageError, ImpastoError
from impasto.core.events import Note
from impasto.core.tensors import resize, size_of
from impasto.io.image import Picture, Pixels, read_picture, to_pil, write_picture
from impasto.io.metadata import NOTHING, Metadata
from impasto.io.paths import MISSING, exists, trouble
from impasto.recipe import Recipe, Source, describe_source

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)

PictureLike = str | Path | bytes | Image.Image | np.ndarray[Any, Any]


ENOUGH = 4
"""Pictures are read at so many times the size of the result at least: more pixels would change
nothing that can be seen, and take memory."""


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

    metadata: Metadata = NOTHING
    """What the photo's file says beside its pixels, as far as it is kept in that of the picture."""

    def save(self, path: str | Path, *, force: bool = False, or_elsewhere: bool = False) -> Path:
        """Write the picture, with its recipe inside, and return the path.

        Args:
            path: PNG, JPEG, WebP, AVIF or TIFF by its ending; PNG and TIFF with 16 bits, if those
                were asked for.
            force: replace an existing file.
            or_elsewhere: if it cannot be written, write a PNG beside it or into the system's
                temporary folder, and say in the error where it is.

        Raises:
            ImageError: the file exists or cannot be written.
        """
        try:
            self._write(Path(path), force=force)
        except ImpastoError as error:
            kept = self._save_elsewhere(Path(path)) if or_elsewhere else None
            if kept is None:
                raise
            raise ImageError(f"{error}; the picture is kept in {kept}") from error
        return Path(path)

    def _write(self, path: Path, *, force: bool = False) -> None:
        write_picture(
            self.image,
            path,
            note=self.recipe.to_json(),
            force=force,
            pixels=self.pixels,
            metadata=self.metadata,
        )

    def _save_elsewhere(self, path: Path) -> Path | None:
        """Write a PNG wherever there is room for it, and return where; None if there is none."""
        for folder in (path.parent, Path(tempfile.gettempdir())):
            for number in ("", *(f"-{number}" for number in range(2, 100))):
                other = folder / f"{path.stem[:40]}{number}.png"
                with contextlib.suppress(OSError):
                    if other.exists():
                        continue
                with contextlib.suppress(ImpastoError):
                    self._write(other)
                    return other
                break
        return None


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


def enough_for(size: int, scale: float = 1.0) -> int:
    """Return the long side, in pixels, of which a picture is read for a result of `size`.

    What optimizes and what measures read the same pixels.

    Args:
        size: long side of the result in pixels.
        scale: of a painting beside it.
    """
    return round(ENOUGH * size * max(1.0, scale))


def read(
    source: PictureLike, *, at_least: int | None = None, memory: float | None = None
) -> Picture:
    """Return the picture behind a path, a bundled name, bytes, a PIL image or an array.

    Args:
        source: where it is.
        at_least: a long side in pixels that is enough.
        memory: bytes that may be taken, None for what is free.

    Raises:
        ImageError: missing, not a picture, or too large.
    """
    found = locate(source)
    log.info("picture: %s", told(found))
    return read_picture(found, at_least=at_least, memory=memory)


def told(source: PictureLike) -> str:
    """Return how a log calls a picture."""
    return str(source) if isinstance(source, str | Path) else f"one in memory ({type(source)})"


def remarks(*read: tuple[PictureLike, Picture | Pixels]) -> list[Note]:
    """Return what a person should know of pictures that were read, such as frames left out."""
    return [
        Note(f"{'the picture' if not isinstance(source, str | Path) else source}: {remark}")
        for source, picture in read
        if (remark := picture.metadata.remark) is not None
    ]


def locate(source: PictureLike) -> PictureLike:
    """Return the file of a bundled picture if `source` is its name and no file of the user's."""
    if not isinstance(source, str | Path):
        return source
    problem = trouble(source)
    if problem is None:
        return source
    bundled = None if exists(source) else assets.find(str(source))
    if bundled is not None:
        return bundled
    names = ", ".join(assets.names())
    hint = f"; check the name (bundled pictures: {names})" if problem == MISSING else ""
    raise ImageError(f"{source} {problem}{hint}")


def describe(source: PictureLike) -> Source:
    """Return how a recipe calls an input."""
    described = describe_source(locate(source))
    if isinstance(source, str | Path) and not exists(source):
        return dataclasses.replace(described, name=str(source))
    return described
