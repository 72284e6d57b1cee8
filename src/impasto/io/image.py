"""Picture files to tensors, and back. torch is imported where a tensor is made."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import ExifTags, Image

from impasto.core.errors import ConfigError, ImageError, MissingError
from impasto.io.decode import check_room, decode, gamma_exponent, shrink_factor, upright_size
from impasto.io.depth import MOST, SIXTEEN_BIT_MODES
from impasto.io.encode import NOTE_KEY, OUTPUT_SUFFIXES, check_size, encode
from impasto.io.metadata import NOTHING, Metadata, read_metadata, remark_on
from impasto.io.opening import UnknownTiffError, opening
from impasto.io.paths import is_file, trouble
from impasto.io.sixteen_bit import (
    SUFFIXES as SIXTEEN_BIT_SUFFIXES,
)
from impasto.io.sixteen_bit import (
    find_vips,
    holds_sixteen_bits,
    read_sixteen_bits,
    write_sixteen_bits,
)
from impasto.io.temporary import check_place, temporary_beside

if TYPE_CHECKING:
    from torch import Tensor

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Picture:
    """A picture out of a file."""

    image: Tensor
    """(1, 3, H, W) float32, sRGB in [0, 1]. Under transparency, the color of the nearest visible
    edge, so that no hidden color bleeds into a painting."""

    alpha: Tensor | None
    """(1, 1, H, W) in [0, 1], None if the file is opaque."""

    metadata: Metadata = NOTHING
    """What else the file says."""


@dataclass(frozen=True)
class Pixels:
    """A picture out of a file, before it becomes a tensor."""

    array: Array
    """(H, W, 3) float32, sRGB in [0, 1]."""

    alpha: Array | None
    """(H, W) float32 in [0, 1], None if the file is opaque."""

    metadata: Metadata = NOTHING
    """What else the file says."""


def read_picture(
    source: str | Path | bytes | Image.Image | Array,
    *,
    at_least: int | None = None,
    memory: float | None = None,
) -> Picture:
    """Return the picture in a file, as `read_pixels` does, as a tensor.

    Raises:
        ImageError: missing, a directory, not a picture, truncated, empty, or too many pixels.
    """
    return to_picture(read_pixels(source, at_least=at_least, memory=memory))


def to_picture(pixels: Pixels) -> Picture:
    """Return pixels as a tensor, visible colors spread under what is transparent."""
    import torch

    from impasto.io.color import extend_colors

    array = np.ascontiguousarray(pixels.array.transpose(2, 0, 1))
    image = torch.from_numpy(array).unsqueeze(0)
    if pixels.alpha is None:
        return Picture(image, None, pixels.metadata)
    alpha = torch.from_numpy(np.ascontiguousarray(pixels.alpha))[None, None]
    return Picture(extend_colors(image, alpha), alpha, pixels.metadata)


def read_pixels(
    source: str | Path | bytes | Image.Image | Array,
    *,
    at_least: int | None = None,
    memory: float | None = None,
) -> Pixels:
    """Return the picture in a file, upright and in sRGB, whatever its format.

    Gray, palette, CMYK and 16-bit pictures become RGB; EXIF orientation, ICC profile and a PNG's
    gamma are applied. Colors of 16 bits keep them all if libvips is there (the extra `hires`),
    else 8. Of a file with several frames or pages it is the first; `metadata.remark` says so.

    Args:
        source: a path, the bytes of a file, a PIL image, or an array (H, W), (H, W, 3) or
            (H, W, 4), whole numbers in 0..255 or floating ones in [0, 1].
        at_least: a long side in pixels that is enough. A large JPEG is then decoded at a half, a
            quarter or an eighth of its size, several times faster; and what is still more than
            eight times too large is averaged.
        memory: bytes that may be taken, None for what is free.

    Raises:
        ImageError: missing, a directory, not a picture, truncated, empty, or too many pixels.
    """
    if isinstance(source, np.ndarray):
        source = _from_array(source)
    if isinstance(source, Image.Image):
        remark, source = remark_on(source), source.copy()
        return _to_pixels(decode(source, "the picture"), read_metadata(source, remark))
    name = getattr(source, "name", "the given file") if isinstance(source, bytes) else str(source)
    try:
        with opening(source, name) as opened:
            remark = remark_on(opened)
            if not (holds_sixteen_bits(opened) and _has_vips()):
                plain = decode(opened, name, at_least=at_least, memory=memory)
                return _to_pixels(plain, read_metadata(opened, remark))
            metadata = read_metadata(opened, remark)
            exponent, factor = gamma_exponent(opened.info), shrink_factor(opened, at_least)
            check_room(opened, name, factor, memory)
    except UnknownTiffError:
        if not _has_vips():
            raise
        metadata, exponent, factor = NOTHING, 1.0, 1
    array = read_sixteen_bits(source, name, factor)
    if exponent != 1:
        array[..., :3] **= exponent
    opaque = array.shape[2] < 4 or bool((array[..., 3] >= 1).all())
    return Pixels(array[..., :3], None if opaque else array[..., 3], metadata)


def _has_vips() -> bool:
    try:
        find_vips()
    except MissingError:
        return False
    return True


def size_in_file(source: str | Path | bytes | Image.Image | Array) -> tuple[int, int]:
    """Return (height, width) of a picture, upright, by the head of its file.

    (0, 0) if that tells none.
    """
    if isinstance(source, np.ndarray):
        return source.shape[0], source.shape[1]
    if isinstance(source, Image.Image):
        return upright_size(source)
    name = "the picture" if isinstance(source, bytes) else str(source)
    try:
        with opening(source, name) as opened:
            return upright_size(opened)
    except ImageError:
        return 0, 0


def _from_array(array: Array) -> Image.Image:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise ImageError(f"expected an array (H, W), (H, W, 3) or (H, W, 4), got {array.shape}")
    if array.size == 0:
        raise ImageError(f"the array is empty: {array.shape}")
    if np.issubdtype(array.dtype, np.floating):
        array = (np.nan_to_num(array).clip(0, 1) * 255).round()
    elif array.dtype == np.bool_:
        array = array * np.uint8(255)
    elif array.dtype != np.uint8 and not (array.min() >= 0 and array.max() <= 255):
        raise ImageError(
            f"the array has whole numbers from {array.min()} to {array.max()}; expected 0 to 255, "
            "or floating numbers from 0 to 1"
        )
    return Image.fromarray(array.astype(np.uint8))


def _to_pixels(plain: Image.Image, metadata: Metadata) -> Pixels:
    if plain.mode in SIXTEEN_BIT_MODES:
        return Pixels(_from_gray(np.asarray(plain, np.float32) / MOST), None, metadata)
    if plain.mode == "F":
        return Pixels(_from_gray(np.asarray(plain)), None, metadata)
    alpha = None
    if plain.mode == "RGBA":
        alpha = np.asarray(plain.getchannel("A"), np.float32) / 255
        plain = plain.convert("RGB")
    rgb = np.asarray(plain, np.float32)
    rgb /= 255
    opaque = alpha is None or bool((alpha >= 1).all())
    return Pixels(rgb, None if opaque else alpha, metadata)


def _from_gray(array: Array) -> Array:
    """Return (H, W, 3) of (H, W)."""
    return np.repeat(array[:, :, None], 3, axis=2)


def to_pil(image: Tensor, alpha: Tensor | None = None) -> Image.Image:
    """Return a PIL image, RGB or, with `alpha`, RGBA.

    Args:
        image: (1, 3, H, W) in [0, 1].
        alpha: (1, 1, H, W) in [0, 1].
    """
    import torch

    channels = image if alpha is None else torch.cat([image, alpha], dim=1)
    pixels = (channels[0].clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0)
    return Image.fromarray(pixels.contiguous().cpu().numpy())


def check_output(path: Path, *, force: bool = False, bits: int = 8) -> None:
    """Refuse an output that could not be written, before any work is done.

    Args:
        path: of the file to be written.
        force: an existing file may be replaced.
        bits: a channel.

    Raises:
        ConfigError: the format does not hold so many bits.
        ImageError: an unknown format, an existing file without `force`, or a folder that is
            missing or cannot be written to.
        MissingError: more than 8 bits need libvips, which is not installed.
    """
    if bits > 8:
        if path.suffix.lower() not in SIXTEEN_BIT_SUFFIXES:
            raise ConfigError(
                f"cannot write {path} with {bits} bits: only "
                f"{' '.join(SIXTEEN_BIT_SUFFIXES)} hold them"
            )
        find_vips()
    if path.suffix.lower() not in OUTPUT_SUFFIXES:
        raise ImageError(
            f"cannot write {path}: the ending should be one of {' '.join(OUTPUT_SUFFIXES)}"
        )
    check_place(path, force=force)


def write_picture(
    image: Image.Image,
    path: Path,
    *,
    note: str | None = None,
    force: bool = False,
    pixels: np.ndarray[Any, Any] | None = None,
    metadata: Metadata | None = None,
) -> None:
    """Write a picture under a temporary name, then rename it: no half-written file ever shows.

    Args:
        image: RGB or RGBA. JPEG has no transparency: there it is laid on white.
        path: the ending picks the format.
        note: text kept inside the file (PNG text chunk, EXIF description elsewhere).
        force: replace an existing file.
        pixels: (H, W, 3) or (H, W, 4) float32 in [0, 1], the same picture before it was rounded:
            PNG and TIFF files are then written with 16 bits a channel.
        metadata: of the photo, to be kept as far as the format holds it.

    Raises:
        ImageError: see `check_output`; or the disk is full.
        MissingError: `pixels` without libvips.
    """
    check_output(path, force=force)
    check_size(path, *image.size)
    try:
        with temporary_beside(path) as temporary:
            if pixels is not None and path.suffix.lower() in SIXTEEN_BIT_SUFFIXES:
                write_sixteen_bits(pixels, temporary, note, metadata)
            else:
                encode(image, temporary, path.suffix, note, metadata)
            if force:
                temporary.replace(path)
            else:
                _rename_to_new(temporary, path)
    except FileExistsError as error:
        raise ImageError(f"{path} exists; use --force to overwrite it") from error
    except OSError as error:
        raise ImageError(f"cannot write {path}: {error.strerror or error}") from error
    except (ValueError, RuntimeError) as error:  # an encoder that does not want it
        raise ImageError(f"cannot write {path}: {error}") from error


def _rename_to_new(temporary: Path, path: Path) -> None:
    """Rename without replacing what another program may have written meanwhile."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if path.exists():
            raise FileExistsError(str(path)) from None
        temporary.rename(path)


def to_bytes(
    image: Image.Image, suffix: str, note: str | None = None, metadata: Metadata | None = None
) -> bytes:
    """Return the bytes of the file that `write_picture` would write.

    Args:
        image: RGB or RGBA.
        suffix: the ending, which picks the format.
        note: text kept inside the file.
        metadata: of the photo, to be kept.

    Raises:
        ImageError: the format cannot hold it.
    """
    stream = io.BytesIO()
    check_size(Path(f"the picture{suffix}"), *image.size)
    try:
        encode(image, stream, suffix, note, metadata)
    except (OSError, ValueError, RuntimeError) as error:
        raise ImageError(f"the picture cannot become a {suffix} file: {error}") from error
    return stream.getvalue()


def read_note(path: Path) -> str | None:
    """Return the text that `write_picture` kept inside a file, None if there is none.

    Raises:
        ImageError: the file is missing or not a picture.
    """
    if not is_file(path):
        raise ImageError(f"{path} {trouble(path) or 'is not a file'}; name a picture file")
    with opening(path, str(path)) as opened:
        text = getattr(opened, "text", {}).get(NOTE_KEY)
        if text is None and opened.format != "PNG":
            text = opened.getexif().get(ExifTags.Base.ImageDescription)
    return str(text) if text else None
