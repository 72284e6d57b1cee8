"""The pixels of a picture file, and nothing else of it."""

from __future__ import annotations

import importlib.util
import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from impasto.core.errors import ImageError, how_to_install
from impasto.core.tensors import fit_long_side

SIXTEEN_BIT_MODES = ("I;16", "I;16B", "I;16L", "I;16N", "I")

HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
"""What an iPhone's photo says about itself in its bytes 8 to 12, after `ftyp`."""

_SRGB = ImageCms.createProfile("sRGB")


def read_plain(source: str | Path | bytes, *, at_least: int | None = None) -> Image.Image:
    """Return the pixels of a file and nothing else of it: upright, in sRGB, no metadata.

    Args:
        source: a path or the bytes of a file.
        at_least: a long side in pixels that is enough, as for `read_picture`, which makes
            of the result what it makes of the file.

    Returns:
        RGB, RGBA if there is transparency, or one channel of 16 bits or floating numbers.

    Raises:
        ImageError: missing, a directory, not a picture, truncated, empty, or too many pixels.
    """
    name = "the given file" if isinstance(source, bytes) else str(Path(source))
    with opening(source, name) as opened:
        return decode(opened, at_least)


@contextmanager
def opening(source: str | Path | bytes, name: str) -> Iterator[Image.Image]:
    """Open a picture file; whatever goes wrong with it inside becomes one line.

    Args:
        source: a path or the bytes of a file.
        name: what the line calls it.

    Raises:
        ImageError: as `read_plain`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's early warning of bombs and odd EXIF
            with open_picture(_file(source, name)) as opened:
                yield opened
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


def decode(opened: Image.Image, at_least: int | None = None) -> Image.Image:
    """Return the pixels of an opened file as `read_plain` does."""
    if at_least is not None:
        shrunk = fit_long_side(opened.height, opened.width, at_least)
        opened.draft(None, shrunk[::-1])
    opened.load()
    return to_plain(opened)


def open_picture(file: Path | io.BytesIO, formats: tuple[str, ...] | None = None) -> Image.Image:
    """Return an opened, not yet decoded picture: its size is known, its pixels are not.

    Args:
        file: what to open.
        formats: names of Pillow's formats that are allowed, None for all.

    Raises:
        UnidentifiedImageError: not a picture, or of another format.
        ImageError: HEIC, and the package that reads it is not installed.
    """
    try:
        return Image.open(file, formats=formats)
    except UnidentifiedImageError:
        if not _is_heic(file):
            raise
        if importlib.util.find_spec("pillow_heif") is None:
            raise ImageError(
                f"this is an HEIC photo; export it as JPEG, or {how_to_install('heic')}"
            ) from None
        import pillow_heif

        pillow_heif.register_heif_opener()
        return Image.open(file)


def _is_heic(file: Path | io.BytesIO) -> bool:
    if isinstance(file, Path):
        with file.open("rb") as stream:
            start = stream.read(12)
    else:
        start = file.getvalue()[:12]
    return start[4:8] == b"ftyp" and start[8:12] in HEIC_BRANDS


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


def to_plain(opened: Image.Image) -> Image.Image:
    """Return an opened picture as `read_plain` does."""
    image = ImageOps.exif_transpose(opened)
    profile = opened.info.get("icc_profile")
    if image.mode in (*SIXTEEN_BIT_MODES, "F"):
        return image
    if not image.has_transparency_data:
        return _to_srgb(image, profile)
    with_alpha = image.convert("RGBA")
    plain = _to_srgb(with_alpha.convert("RGB"), profile)
    plain.putalpha(with_alpha.getchannel("A"))
    return plain


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
