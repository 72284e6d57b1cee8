"""Some 300 odd picture files, and what becomes of them when they are read.

    python benchmarks/odd_files.py FOLDER

Whole files show one of two known pictures, in every format, mode and depth that can be written
here, with every kind of metadata beside: they are to be read right. Files of rare kinds may be
refused, as are damaged and foreign ones: in one line. Everything is seeded.
"""

from __future__ import annotations

import io
import struct
import sys
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image, ImageCms, PngImagePlugin

from impasto.core.errors import ImpastoError
from impasto.io.image import read_picture

WIDTH, HEIGHT = 64, 48

TOLERANCE = 6.0
"""Levels of 255 by which a whole file may differ on average: formats lose some, palettes more."""

Array = np.ndarray[Any, Any]
Files = Iterator[tuple[str, bytes]]


@dataclass
class Counts:
    """What became of many files."""

    right: int = 0
    """Read, and if the file is whole it shows what it should."""

    clear: int = 0
    """Refused in one line."""

    faults: list[str] = field(default_factory=list)
    """The rest: other exceptions, wrong pixels, whole files that were refused."""

    def __str__(self) -> str:
        """Return it for people."""
        total = self.right + self.clear + len(self.faults)
        lines = [f"{total} files: {self.right} right, {self.clear} clear errors"]
        return "\n  ".join([f"{lines[0]}, {len(self.faults)} faults", *self.faults])


def odd_files(folder: Path) -> list[Path]:
    """Write the files, which are the same every time, and return their paths.

    What a name begins with says what is to become of the file: `color` and `gray` show the known
    picture; `any` is whole and shows something; the others may be refused.
    """
    found = []
    for name, data in (*_whole(), *_grays(), *_beside(), *_shapes(), *_damaged(), *_foreign()):
        path = folder / name
        path.write_bytes(data)
        found.append(path)
    return found


def check_reading(paths: list[Path]) -> Counts:
    """Read every file and count what becomes of it."""
    counts = Counts()
    for path in paths:
        kind = path.name.partition("-")[0]
        try:
            image = read_picture(path).image
        except ImpastoError as error:
            if kind in ("color", "gray", "any"):
                counts.faults.append(f"{path.name}: refused: {error}")
            elif "\n" in str(error) or path.name not in str(error):
                counts.faults.append(f"{path.name}: not one line that names it: {error}")
            else:
                counts.clear += 1
        except Exception as error:  # noqa: BLE001  (that is what is counted)
            counts.faults.append(f"{path.name}: {type(error).__name__}: {error}")
        else:
            wrong = _difference(kind, image[0].permute(1, 2, 0).numpy() * 255)
            if wrong <= TOLERANCE:
                counts.right += 1
            else:
                counts.faults.append(f"{path.name}: wrong by {wrong:.0f} levels")
    return counts


def _difference(kind: str, levels: Array) -> float:
    """Return by how many levels a picture is wrong on average, if it is known."""
    known = {"color": _color(), "gray": np.repeat(_gray()[:, :, None], 3, axis=2)}.get(kind)
    if known is None:
        return 0.0
    if known.shape != levels.shape:
        return 255.0
    return float(np.abs(known - levels).mean())


def _color() -> Array:
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    waves = [np.sin(rows / 9 + turn) + np.cos(columns / 11 - turn) for turn in range(3)]
    return np.stack([127 + 60 * wave for wave in waves], axis=2).round().astype(np.uint8)


def _gray() -> Array:
    return _color()[..., 1]


def _file(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    if kind == "HEIF":
        pillow_heif.from_pillow(image).save(stream, quality=95)
    else:
        image.save(stream, kind, **options)
    return stream.getvalue()


FORMATS = {
    "png": ("PNG", {}),
    "jpg": ("JPEG", {"quality": 95}),
    "webp": ("WEBP", {"lossless": True}),
    "avif": ("AVIF", {"quality": 95}),
    "tif": ("TIFF", {}),
    "gif": ("GIF", {}),
    "bmp": ("BMP", {}),
    "jp2": ("JPEG2000", {}),
    "tga": ("TGA", {}),
    "ppm": ("PPM", {}),
    "ico": ("ICO", {"sizes": [(WIDTH, HEIGHT)]}),
    "pcx": ("PCX", {}),
    "sgi": ("SGI", {}),
    "dds": ("DDS", {}),
    "heic": ("HEIF", {}),
}


def _whole() -> Files:
    """Yield the colors in every format and mode."""
    image = Image.fromarray(_color())
    for ending, (kind, options) in FORMATS.items():
        yield f"color-plain.{ending}", _file(image, kind, **options)
        wrong = "png" if ending != "png" else "jpg"
        yield f"color-{ending}-called.{wrong}", _file(image, kind, **options)
    opaque = image.convert("RGBA")
    for ending in ("png", "webp", "tif", "gif", "avif", "jp2", "tga", "ico"):
        kind, options = FORMATS[ending]
        yield f"color-alpha.{ending}", _file(opaque, kind, **options)
    palette = image.quantize(256)
    for ending in ("png", "gif", "bmp", "tif", "pcx", "tga"):
        yield f"color-palette.{ending}", _file(palette, FORMATS[ending][0])
    yield "color-palette-alpha.png", _file(palette, "PNG", transparency=bytes([255] * 256))
    for compression in ("raw", "tiff_lzw", "tiff_deflate", "packbits", "jpeg", "zstd"):
        yield f"color-{compression}.tif", _file(image, "TIFF", compression=compression)
    yield "color-progressive.jpg", _file(image, "JPEG", quality=95, progressive=True)
    yield "color-422.jpg", _file(image, "JPEG", quality=95, subsampling=1)
    yield "color-lossy.webp", _file(image, "WEBP", quality=95)
    for ending in ("jpg", "tif"):
        yield f"any-cmyk.{ending}", _file(image.convert("CMYK"), FORMATS[ending][0])
    yield "color-ycbcr.tif", _file(image.convert("YCbCr"), "TIFF")
    yield "any-lab.tif", _file(image.convert("LAB"), "TIFF")
    deep = _color().astype(np.uint16) * 257
    yield "color-16.png", _png(deep)
    yield "color-16-alpha.png", _png(np.dstack([deep, np.full_like(deep[..., :1], 65535)]))
    for order in "<>":
        end = "le" if order == "<" else "be"
        yield f"color-16-{end}.tif", _tiff(deep, order)
        yield f"rare-float-{end}.tif", _tiff((_color() / 255).astype(np.float32), order)
        yield f"rare-double-{end}.tif", _tiff(_color() / 255, order)
        yield f"rare-32-colors-{end}.tif", _tiff(_color().astype(np.uint32) * 16843009, order)


def _grays() -> Files:
    """Yield the grays in every format and depth."""
    gray = _gray()
    image = Image.fromarray(gray)
    for ending in ("png", "jpg", "webp", "avif", "tif", "gif", "bmp", "jp2", "tga", "sgi"):
        kind, options = FORMATS[ending]
        yield f"gray-plain.{ending}", _file(image, kind, **options)
    yield "gray-plain.pgm", _file(image, "PPM")
    for ending in ("png", "tif"):
        kind = FORMATS[ending][0]
        yield f"any-two-tone.{ending}", _file(image.convert("1"), kind)
        yield f"gray-alpha.{ending}", _file(image.convert("LA"), kind)
    deep = Image.fromarray(gray.astype(np.uint16) * 257)
    yield "gray-16.png", _file(deep, "PNG")
    yield "gray-16.jp2", _file(deep, "JPEG2000")
    yield "gray-16.pgm", _file(deep, "PPM")
    yield "gray-hidden.png", _file(image, "PNG", transparency=255)
    yield "gray-16-hidden.png", _png(gray.astype(np.uint16) * 257, hidden=65535)
    unit = (gray / 255).astype(np.float32)
    hot, holes = unit.copy(), unit.copy()
    hot[0, 0], hot[0, 1], holes[0, :3] = 7.5, np.inf, np.nan
    kinds = {
        "16": gray.astype(np.uint16) * 257,
        "32": gray.astype(np.uint32) * 16843009,
        "signed-16": (gray / 255 * 32767).astype(np.int16),
        "signed-32": (gray / 255 * 2147483000).astype(np.int32),
        "float": unit,
        "float-255": gray.astype(np.float32),
        "float-65535": gray.astype(np.float32) * 257,
        "hot": hot,
        "holes": holes,
    }
    for name, pixels in kinds.items():
        yield f"gray-{name}.tif", _tiff(pixels, "<")
        rare = name == "32"  # Pillow does not know all of them in this order of bytes
        yield f"{'rare' if rare else 'gray'}-{name}-be.tif", _tiff(pixels, ">")
    for name, pixels in {"8": 255 - gray, "16": 65535 - kinds["16"], "float": 1 - unit}.items():
        yield f"gray-white-is-zero-{name}.tif", _tiff(pixels, "<", white_is_zero=True)


def _beside() -> Files:
    """Yield whole colors with odd things beside them."""
    image = Image.fromarray(_color())
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for ending in ("png", "jpg", "webp", "avif", "tif", "jp2"):
        kind, options = FORMATS[ending]
        if ending != "jp2":
            yield f"color-profile.{ending}", _file(image, kind, icc_profile=profile, **options)
            broken = b"this is no profile"
            yield f"color-bad-profile.{ending}", _file(image, kind, icc_profile=broken, **options)
        if ending in ("png", "jpg", "webp"):
            for number, exif in enumerate((b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\x7f", b"junk")):
                yield f"color-bad-exif-{number}.{ending}", _file(image, kind, exif=exif, **options)
    turned = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    for orientation, way in turned.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        for ending in ("png", "jpg", "webp", "tif"):
            kind, options = FORMATS[ending]
            stored = image.transpose(Image.Transpose(way))
            yield f"color-turned-{orientation}.{ending}", _file(stored, kind, exif=exif, **options)
    large = profile + bytes(2_000_000)
    yield "color-large-profile.png", _file(image, "PNG", icc_profile=large)
    for name, size, packed in (("large", 3_000_000, True), ("huge", 80_000_000, False)):
        text = PngImagePlugin.PngInfo()
        text.add_text("parameters", "x" * size, zip=packed)
        yield f"color-{name}-text.png", _file(image, "PNG", pnginfo=text)
    bomb = PngImagePlugin.PngInfo()
    bomb.add(b"zTXt", b"bomb\0\0" + zlib.compress(bytes(300_000_000), 9))
    yield "color-text-bomb.png", _file(image, "PNG", pnginfo=bomb)
    plain = _file(image, "PNG")
    late = chunk(b"zTXt", b"late\0\0" + zlib.compress(bytes(9_000_000)))
    yield "color-late-text.png", plain[:-12] + late + plain[-12:]
    wrong = chunk(b"tEXt", b"Title\0wrong sum")[:-4] + b"oops"
    yield "color-bad-sum.png", plain[:33] + wrong + plain[33:]
    gamma = PngImagePlugin.PngInfo()
    gamma.add(b"gAMA", (45455).to_bytes(4, "big"))
    yield "color-gamma.png", _file(image, "PNG", pnginfo=gamma)
    linear = PngImagePlugin.PngInfo()
    linear.add(b"gAMA", (100000).to_bytes(4, "big"))
    light = Image.fromarray((255 * (_color() / 255) ** 2.2).round().astype(np.uint8))
    yield "color-linear.png", _file(light, "PNG", pnginfo=linear)
    frames = {"save_all": True, "append_images": [image.rotate(90), image.rotate(180)]}
    for ending in ("gif", "webp", "png", "avif", "tif"):
        kind, options = FORMATS[ending]
        yield f"color-frames.{ending}", _file(image, kind, **frames, **options)


def _shapes() -> Files:
    for size in ((1, 1), (1, 900), (900, 1), (3, 2)):
        image = Image.new("RGB", size, (200, 100, 50))
        for ending in ("png", "jpg", "webp", "tif", "gif", "bmp"):
            kind, options = FORMATS[ending]
            yield f"any-{size[0]}x{size[1]}.{ending}", _file(image, kind, **options)


def _damaged() -> Files:
    """Yield files that are cut off, or have wrong bytes in them."""
    image = Image.fromarray(_color())
    sources = {ending: _file(image, kind, **more) for ending, (kind, more) in FORMATS.items()}
    deep = _color().astype(np.uint16) * 257
    sources |= {"16.png": _png(deep), "16.tif": _tiff(deep, "<")}
    sources |= {"float.tif": _tiff((_color() / 255).astype(np.float32), "<")}
    for number, (ending, whole) in enumerate(sources.items()):
        name = ending if "." in ending else f"plain.{ending}"
        for part in (0.05, 0.5, 0.9):
            yield f"damaged-cut-{part:.0%}-{name}", whole[: int(len(whole) * part)]
        for again in range(4):
            random = np.random.default_rng((number, again))
            wrong = bytearray(whole)
            reach = min(len(whole), 80) if again < 2 else len(whole)
            for place in random.integers(4, reach, 6):
                wrong[place] = int(random.integers(256))
            yield f"damaged-bytes-{again}-{name}", bytes(wrong)
        half = len(whole) // 2
        yield f"damaged-zeros-{name}", whole[:half] + bytes(len(whole) - half)


def _foreign() -> Files:
    """Yield what is no picture, or pretends to be too large a one."""
    yield "foreign-empty.jpg", b""
    yield "foreign-text.jpg", b"I am text\n" * 200
    yield "foreign-zeros.png", bytes(5000)
    yield "foreign-noise.tga", np.random.default_rng(0).bytes(5000)
    yield "foreign-page.png", b"<!doctype html><html><body>404</body></html>"
    yield "foreign-drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    yield "foreign-paper.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n"
    yield "foreign-script.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n"
    yield "foreign-film.mp4", b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(500)
    yield "foreign-archive.zip", b"PK\3\4" + bytes(500)
    side = (65000).to_bytes(4, "big")
    head = chunk(b"IHDR", side + side + b"\x08\2\0\0\0")
    yield (
        "foreign-bomb.png",
        b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", b"") + chunk(b"IEND", b""),
    )
    yield "foreign-bomb.gif", b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\2\1\0\0;"
    yield (
        "foreign-bomb.bmp",
        b"BM"
        + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 60000, 60000, 1, 24, 0, 0, 0, 0, 0, 0),
    )
    yield "foreign-bomb.ppm", b"P6 60000 60000 255\n" + bytes(99)


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a part of a PNG file."""
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def _png(pixels: Array, hidden: int | None = None) -> bytes:
    """Return a PNG file of 16 bits a channel."""
    height, width = pixels.shape[:2]
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[1 if pixels.ndim == 2 else pixels.shape[2]]
    rows = pixels.astype(">u2").reshape(height, -1)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    data = b"\x89PNG\r\n\x1a\n"
    data += chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0))
    if hidden is not None:
        data += chunk(b"tRNS", struct.pack(">H", hidden))
    return data + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def _tiff(pixels: Array, order: str, *, white_is_zero: bool = False) -> bytes:
    """Return a TIFF file of one strip, of whatever numbers `pixels` has."""
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    raw = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    bits, form = pixels.dtype.itemsize * 8, {"u": 1, "i": 2, "f": 3}[pixels.dtype.kind]
    entries = [(256, 4, [width]), (257, 4, [height]), (258, 3, [bits] * channels), (259, 3, [1])]
    entries += [(262, 3, [0 if white_is_zero else 1 if channels == 1 else 2])]
    entries += [(273, 4, [8]), (277, 3, [channels]), (278, 4, [height]), (279, 4, [len(raw)])]
    entries += [(339, 3, [form] * channels)]
    table = 8 + len(raw) + len(raw) % 2
    after, rest = table + 2 + 12 * len(entries) + 4, b""
    body = struct.pack(f"{order}H", len(entries))
    for tag, kind, values in entries:
        packed = struct.pack(f"{order}{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(packed) > 4:
            packed, rest = struct.pack(f"{order}I", after + len(rest)), rest + packed
        body += struct.pack(f"{order}HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", table)
    return head + raw + bytes(len(raw) % 2) + body + bytes(4) + rest


def main() -> None:
    """Write the files into the folder that is named, or into a temporary one, and read them."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        print(check_reading(odd_files(folder)))


if __name__ == "__main__":
    main()
