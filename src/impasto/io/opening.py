"""Opening picture files: what kind they are and how large, before anything is decoded."""

from __future__ import annotations

import importlib.util
import io
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from impasto.core.errors import ImageError, ImpastoError, how_to_install

HEIC_BRANDS = (
    *(b"heic", b"heix", b"heim", b"heis"),
    *(b"hevc", b"hevx", b"hevm", b"hevs"),
    *(b"mif1", b"msf1"),
)
"""What a phone's or a camera's photo says about itself in its bytes 8 to 12, after `ftyp`."""

MOST_PIXELS = 400_000_000
"""That are decoded at once. Of a JPEG it is those that are left when it is decoded smaller."""

MOST_PROFILE = 32_000_000
"""Bytes of a color profile in a PNG file; those of printers have up to some 4 million."""

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_PNG_OF_USE = {b"gAMA": 4, b"sRGB": 1, b"pHYs": 9, b"eXIf": 8}
"""Other chunks that are looked at, and how many bytes they have at least."""
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


class UnknownTiffError(ImageError):
    """A TIFF file with a kind of pixels that Pillow does not know, such as floating colors."""


class _UnidentifiedTiffError(UnidentifiedImageError):
    pass


@contextmanager
def opening(source: str | Path | bytes, name: str) -> Iterator[Image.Image]:
    """Open a picture file; whatever goes wrong with it inside becomes one line.

    Args:
        source: a path or the bytes of a file.
        name: what the line calls it.

    Raises:
        UnknownTiffError: a TIFF file that Pillow cannot read, though it may be whole.
        ImageError: missing, a directory, not a picture, truncated, empty, or too many pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's early warning of bombs and odd EXIF
            with open_picture(_file(source, name), name=name) as opened:
                yield opened
    except ImpastoError:
        raise
    except UnidentifiedImageError as error:
        if isinstance(error, _UnidentifiedTiffError):
            raise UnknownTiffError(
                f"{name} is a TIFF file that is damaged or of a rare kind, such as floating "
                f"colors; save it with 8 or 16 bits, or {how_to_install('hires')}"
            ) from error
        raise ImageError(
            f"{name} is not a picture that can be read; expected PNG, JPEG, WebP, AVIF or TIFF"
        ) from error
    except Image.DecompressionBombError as error:
        raise ImageError(f"{name} has too many pixels; shrink it first") from error
    except MemoryError as error:
        raise ImageError(
            f"{name} does not fit into the memory there is; shrink it first"
        ) from error
    except PermissionError as error:
        raise ImageError(f"{name} cannot be read: {error.strerror}") from error
    except Exception as error:  # a decoder may raise anything over a damaged file
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ImageError(f"{name} cannot be read ({reason}); the file may be damaged") from error


def open_picture(
    file: Path | io.BytesIO, formats: Sequence[str] | None = None, *, name: str = "this"
) -> ImageFile:
    """Return an opened, not yet decoded picture: its size is known, its pixels are not.

    However many pixels it has: whoever decodes it looks at that first.

    Args:
        file: what to open.
        formats: names of Pillow's formats that are allowed, None for all.
        name: what to call it in a message.

    Raises:
        UnidentifiedImageError: not a picture, or of another format.
        ImageError: HEIC, and the package that reads it is not installed.
    """
    try:
        return _open(file, formats)
    except (UnidentifiedImageError, ValueError):
        start = _start_of(file)
        if start.startswith(_PNG):
            return _open_mended(file)
        if start[:4] in _TIFF_STARTS:
            raise _UnidentifiedTiffError from None
        if not _is_heic(start):
            raise
        if importlib.util.find_spec("pillow_heif") is None:
            raise ImageError(
                f"{name} is an HEIC photo; export it as JPEG, or {how_to_install('heic')}"
            ) from None
        import pillow_heif

        pillow_heif.register_heif_opener()
        return _open(file, ("HEIF",))


def _open(file: Path | io.BytesIO, formats: Sequence[str] | None) -> ImageFile:
    try:
        return Image.open(file, formats=None if formats is None else tuple(formats))
    except Image.DecompressionBombError:
        return _open_large(file, formats)


def _open_large(file: Path | io.BytesIO, formats: Sequence[str] | None) -> ImageFile:
    """Return a picture that has more pixels than Pillow itself agrees to open."""
    start = _start_of(file)
    for kind in Image.ID if formats is None else formats:
        make, accepts = Image.OPEN[kind]
        if accepts is None or accepts(start) is not True:
            continue
        opener = cast("Callable[[Path | io.BytesIO, str], ImageFile]", make)  # it opens paths too
        try:
            return opener(file, str(file) if isinstance(file, Path) else "")
        except (SyntaxError, IndexError, TypeError, struct.error):  # as in Pillow: another kind
            continue
    raise Image.DecompressionBombError


def _open_mended(file: Path | io.BytesIO) -> ImageFile:
    """Return a PNG picture without what is not needed to see it.

    Pillow refuses texts and profiles of more than a megabyte, and a checksum that is wrong
    wherever it is.
    """
    data = memoryview(file.read_bytes() if isinstance(file, Path) else file.getvalue())
    parts, profile, place = [data[:8]], None, 8
    while place + 12 <= len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4])
        kind, body = bytes(data[place + 4 : place + 8]), data[place + 8 : end - 4]
        whole = end <= len(data) and zlib.crc32(data[place + 4 : end - 4]) == int.from_bytes(
            data[end - 4 : end]
        )
        if kind == b"iCCP" and whole:
            profile = _unpack_profile(bytes(body))
        elif kind in _PNG_PIXELS or (whole and len(body) >= _PNG_OF_USE.get(kind, len(data))):
            parts.append(data[place:end])
        place = end
    opened = _open(io.BytesIO(b"".join(parts)), ("PNG",))
    if profile is not None:
        opened.info["icc_profile"] = profile
    return opened


def _unpack_profile(body: bytes) -> bytes | None:
    """Return the profile in an iCCP chunk, None if it is damaged or too large."""
    _, _, packed = body.partition(b"\0")
    stream = zlib.decompressobj()
    try:
        profile = stream.decompress(packed[1:], MOST_PROFILE)
    except zlib.error:
        return None
    return None if stream.unconsumed_tail else profile


def load(opened: Image.Image) -> None:
    """Decode an opened picture."""
    try:
        opened.load()
    except ValueError:
        if opened.format != "PNG" or getattr(opened, "tile", None):
            raise
        # Large texts after the pixels, which are all there.


def _is_heic(start: bytes) -> bool:
    return start[4:8] == b"ftyp" and start[8:12] in HEIC_BRANDS


def _start_of(source: str | Path | bytes | io.BytesIO) -> bytes:
    """Return the first 16 bytes, by which Pillow tells formats apart."""
    if isinstance(source, bytes):
        return source[:16]
    if isinstance(source, io.BytesIO):
        return bytes(source.getbuffer()[:16])
    with Path(source).open("rb") as stream:
        return stream.read(16)


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
