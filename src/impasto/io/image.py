"""Picture files to tensors, and back. torch is imported where a tensor is made."""

from __future__ import annotations

import io
import os
import struct
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps, PngImagePlugin, UnidentifiedImageError

from impasto.core.errors import ImageError
from impasto.core.tensors import fit_long_side

if TYPE_CHECKING:
    from torch import Tensor

Array = np.ndarray[Any, Any]
OUTPUT_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".tif", ".tiff")
NOTE_KEY = "impasto"
"""Name of the PNG text chunk that holds the recipe."""

_SRGB = ImageCms.createProfile("sRGB")
_SIXTEEN_BIT_MODES = ("I;16", "I;16B", "I;16L", "I;16N", "I")


@dataclass(frozen=True)
class Picture:
    """A picture out of a file."""

    image: Tensor
    """(1, 3, H, W) float32, sRGB in [0, 1]. Under transparency, the colour of the nearest visible
    edge, so that no hidden colour bleeds into a painting."""

    alpha: Tensor | None
    """(1, 1, H, W) in [0, 1], None if the file is opaque."""


@dataclass(frozen=True)
class Pixels:
    """A picture out of a file, before it becomes a tensor."""

    array: Array
    """(H, W, 3) float32, sRGB in [0, 1]."""

    alpha: Array | None
    """(H, W) float32 in [0, 1], None if the file is opaque."""


def read_picture(
    source: str | Path | bytes | Image.Image | Array,
    *,
    at_least: int | None = None,
) -> Picture:
    """Return the picture in a file, as `read_pixels` does, as a tensor.

    Raises:
        ImageError: missing, a directory, not a picture, truncated, empty, or too many pixels.
    """
    return to_picture(read_pixels(source, at_least=at_least))


def to_picture(pixels: Pixels) -> Picture:
    """Return pixels as a tensor, visible colours spread under what is transparent."""
    import torch

    from impasto.io.alpha import extend_colors

    array = np.ascontiguousarray(pixels.array.transpose(2, 0, 1))
    image = torch.from_numpy(array).unsqueeze(0)
    if pixels.alpha is None:
        return Picture(image, None)
    alpha = torch.from_numpy(np.ascontiguousarray(pixels.alpha))[None, None]
    return Picture(extend_colors(image, alpha), alpha)


def read_pixels(
    source: str | Path | bytes | Image.Image | Array,
    *,
    at_least: int | None = None,
) -> Pixels:
    """Return the picture in a file, upright and in sRGB, whatever its format.

    Grey, palette, CMYK and 16-bit pictures become RGB; EXIF orientation and ICC profile are
    applied.

    Args:
        source: a path, the bytes of a file, a PIL image, or an array (H, W), (H, W, 3) or
            (H, W, 4), uint8 in 0..255 or floating in [0, 1].
        at_least: a long side in pixels that is enough. A large JPEG is then decoded at a half, a
            quarter or an eighth of its size, several times faster.

    Raises:
        ImageError: missing, a directory, not a picture, truncated, empty, or too many pixels.
    """
    if isinstance(source, np.ndarray):
        source = _from_array(source)
    if isinstance(source, Image.Image):
        return _to_pixels(source.copy())
    name = "the given file" if isinstance(source, bytes) else str(Path(source))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's early warning of bombs and odd EXIF
            with Image.open(_file(source, name)) as opened:
                if at_least is not None:
                    shrunk = fit_long_side(opened.height, opened.width, at_least)
                    opened.draft(None, shrunk[::-1])
                opened.load()
                return _to_pixels(opened)
    except UnidentifiedImageError as error:
        raise ImageError(
            f"{name} is not a picture that can be read; expected PNG, JPEG, WebP, AVIF or TIFF"
        ) from error
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"{name} has too many pixels (limit {2 * (Image.MAX_IMAGE_PIXELS or 0) // 10**6} "
            "million); shrink it first"
        ) from error
    except (OSError, ValueError, SyntaxError, EOFError, struct.error) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ImageError(f"{name} cannot be read ({reason}); the file may be damaged") from error


def size_in_file(path: Path) -> tuple[int, int]:
    """Return the (height, width) that the head of a file tells; (0, 0) if it tells none."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path) as opened:
            return opened.height, opened.width
    except (OSError, ValueError, SyntaxError, struct.error, Image.DecompressionBombError):
        return 0, 0


def _file(source: str | Path | bytes, name: str) -> Path | io.BytesIO:
    """Return what Pillow can open, if there is anything in it."""
    if isinstance(source, bytes):
        size = len(source)
    else:
        source = Path(source)
        if source.is_dir():
            raise ImageError(f"{name} is a folder; name a picture file")
        if not source.exists():
            raise ImageError(f"{name} does not exist; check the name")
        size = source.stat().st_size
    if not size:
        raise ImageError(f"{name} is empty (0 bytes); it needs to be a picture")
    return io.BytesIO(source) if isinstance(source, bytes) else source


def _from_array(array: Array) -> Image.Image:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise ImageError(f"expected an array (H, W), (H, W, 3) or (H, W, 4), got {array.shape}")
    if array.size == 0:
        raise ImageError(f"the array is empty: {array.shape}")
    if np.issubdtype(array.dtype, np.floating):
        array = (array.clip(0, 1) * 255).round()
    return Image.fromarray(array.astype(np.uint8))


def _to_pixels(opened: Image.Image) -> Pixels:
    image = ImageOps.exif_transpose(opened)
    profile = opened.info.get("icc_profile")
    if image.mode in _SIXTEEN_BIT_MODES:
        grey = np.asarray(image).astype(np.float32)
        return Pixels(_from_grey(grey / (65535 if grey.max() > 255 else 255)), None)
    if image.mode == "F":
        grey = np.nan_to_num(np.asarray(image))
        return Pixels(_from_grey(grey / (1 if grey.max() <= 1 else 255)), None)
    alpha = None
    if image.has_transparency_data:
        with_alpha = image.convert("RGBA")
        alpha = np.asarray(with_alpha.getchannel("A"), np.float32) / 255
        image = with_alpha.convert("RGB") if image.mode != "RGB" else image
    rgb = np.asarray(_to_srgb(image, profile), np.float32) / 255
    return Pixels(rgb, None if alpha is None or bool((alpha >= 1).all()) else alpha)


def _from_grey(array: Array) -> Array:
    """Return (H, W, 3) of (H, W)."""
    return np.repeat(array.astype(np.float32).clip(0, 1)[:, :, None], 3, axis=2)


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return an RGB image; a profile that cannot be used is ignored, as browsers do."""
    if profile and image.mode in ("RGB", "CMYK", "L"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
        else:
            assert converted is not None
            return converted
    return image.convert("RGB")


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


def check_output(path: Path, *, force: bool = False) -> None:
    """Refuse an output that could not be written, before any work is done.

    Raises:
        ImageError: an unknown format, an existing file without `force`, or a folder that is
            missing or cannot be written to.
    """
    if path.suffix.lower() not in OUTPUT_SUFFIXES:
        raise ImageError(
            f"cannot write {path}: the ending should be one of {' '.join(OUTPUT_SUFFIXES)}"
        )
    if path.is_dir():
        raise ImageError(f"cannot write {path}: it is a folder")
    if path.exists() and not force:
        raise ImageError(f"{path} exists; use --force to overwrite it, or another name with -o")
    if not path.parent.is_dir():
        raise ImageError(f"cannot write {path}: the folder {path.parent} does not exist")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ImageError(f"cannot write {path}: {error.strerror}") from error


def write_picture(
    image: Image.Image, path: Path, *, note: str | None = None, force: bool = False
) -> None:
    """Write a picture under a temporary name, then rename it: no half-written file ever shows.

    Args:
        image: RGB or RGBA. JPEG has no transparency: there it is laid on white.
        path: the ending picks the format.
        note: text kept inside the file (PNG text chunk, EXIF description elsewhere).
        force: replace an existing file.

    Raises:
        ImageError: see `check_output`; or the disk is full.
    """
    check_output(path, force=force)
    temporary = path.with_name(f".{path.stem}-{os.getpid()}.part{path.suffix}")
    try:
        _encode(image, temporary, temporary.suffix, note)
        if force:
            temporary.replace(path)
        else:
            _rename_to_new(temporary, path)
    except FileExistsError as error:
        raise ImageError(f"{path} exists; use --force to overwrite it") from error
    except OSError as error:
        raise ImageError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


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


def to_png(image: Image.Image, note: str | None = None) -> bytes:
    """Return the bytes of the PNG file that `write_picture` would write."""
    stream = io.BytesIO()
    _encode(image, stream, ".png", note)
    return stream.getvalue()


def _encode(image: Image.Image, file: Path | io.BytesIO, suffix: str, note: str | None) -> None:
    suffix = suffix.lower()
    options: dict[str, Any] = {}
    if suffix == ".png":
        chunks = PngImagePlugin.PngInfo()
        if note:
            chunks.add_itxt(NOTE_KEY, note)
        options["pnginfo"] = chunks
    else:
        exif = Image.Exif()
        if note:
            exif[ExifTags.Base.ImageDescription] = note
        options["exif"] = exif
        options["quality"] = 95
    if suffix in (".jpg", ".jpeg") and image.mode == "RGBA":
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        image = white
    if suffix in (".tif", ".tiff"):
        options["compression"] = "tiff_deflate"
        del options["quality"]
    image.save(file, format=Image.registered_extensions()[suffix], **options)


def read_note(path: Path) -> str | None:
    """Return the text that `write_picture` kept inside a file, None if there is none.

    Raises:
        ImageError: the file is missing or not a picture.
    """
    if not path.is_file():
        raise ImageError(f"{path} does not exist or is not a file; name a picture file")
    try:
        with Image.open(path) as opened:
            text = getattr(opened, "text", {}).get(NOTE_KEY)
            if text is None and opened.format != "PNG":
                text = opened.getexif().get(ExifTags.Base.ImageDescription)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise ImageError(f"{path} is not a picture that can be read") from error
    return str(text) if text else None
