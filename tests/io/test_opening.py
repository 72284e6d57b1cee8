import io
import resource
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from impasto.core.errors import ImageError
from impasto.io.decode import SPARE
from impasto.io.image import read_picture
from impasto.io.opening import HEIC_BRANDS, MOST_PIXELS

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def picture(mode: str = "RGB") -> Image.Image:
    rows, columns = np.mgrid[0:30, 0:40]
    pixels = np.stack([rows * 8, columns * 6, rows + columns], axis=2).astype(np.uint8)
    return Image.fromarray(pixels).convert(mode)


def as_file(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def levels(source) -> np.ndarray:
    return (read_picture(source).image[0].permute(1, 2, 0).numpy() * 255).round().astype(int)


def packed(size: int) -> bytes:
    return chunk(b"zTXt", b"parameters\0\0" + zlib.compress(bytes(size), 9))


PLAIN = as_file(picture())
BESIDE = {
    "profile": as_file(picture(), icc_profile=SRGB + bytes(2_000_000)),
    "text": PLAIN[:33] + packed(3_000_000) + PLAIN[33:],
    "late text": PLAIN[:-12] + packed(3_000_000) + PLAIN[-12:],
    "many texts": PLAIN[:33] + chunk(b"tEXt", b"a\0" + bytes(80_000_000)) + PLAIN[33:],
    "wrong sum": PLAIN[:33] + chunk(b"tEXt", b"a\0b")[:-4] + b"oops" + PLAIN[33:],
    "short chunk": PLAIN[:33] + chunk(b"pHYs", b"a") + PLAIN[33:],
}


@pytest.mark.parametrize("name", BESIDE)
def test_what_is_beside_the_pixels_of_a_png_does_not_matter(tmp_path, name):
    (tmp_path / "a.png").write_bytes(BESIDE[name])
    for source in (tmp_path / "a.png", BESIDE[name]):
        assert np.abs(levels(source) - np.asarray(picture(), int)).max() <= 1


def test_a_large_profile_is_applied_all_the_same():
    linear = bytearray(SRGB)
    for index in range(int.from_bytes(linear[128:132], "big")):
        entry = 132 + 12 * index
        if linear[entry : entry + 4] in (b"rTRC", b"gTRC", b"bTRC"):
            place = int.from_bytes(linear[entry + 4 : entry + 8], "big")
            linear[place : place + 14] = b"curv\0\0\0\0\0\0\0\x01\1\0"
            linear[entry + 8 : entry + 12] = (14).to_bytes(4, "big")
    flat = Image.new("RGB", (4, 4), (100, 100, 100))
    small, large = (as_file(flat, icc_profile=bytes(linear) + bytes(n)) for n in (0, 2_000_000))
    assert levels(small)[0, 0, 0] > 150
    assert np.array_equal(levels(small), levels(large))


def test_a_bomb_of_text_takes_no_memory():
    bomb = PLAIN[:33] + packed(400_000_000) + PLAIN[33:]
    levels(PLAIN)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert np.array_equal(levels(bomb), np.asarray(picture()))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def large(width: int, height: int, kind: str = "PNG") -> bytes:
    return as_file(Image.new("L", (width, height), 128), kind)


def test_two_hundred_megapixels_are_decoded_small(tmp_path):
    """Of a phone: more than Pillow opens by itself."""
    (tmp_path / "s24.jpg").write_bytes(large(16384, 12288, "JPEG"))
    image = read_picture(tmp_path / "s24.jpg", at_least=256).image
    assert image.shape == (1, 3, 1536 // 2, 2048 // 2)
    assert abs(float(image.mean()) - 128 / 255) < 0.01


def test_more_pixels_than_the_limit_get_one_line_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setattr("impasto.io.decode.MOST_PIXELS", 30_000_000)
    (tmp_path / "a.jpg").write_bytes(large(8000, 6000, "JPEG"))
    with pytest.raises(
        ImageError, match=r"a\.jpg is 8000x6000: too many .*use --size 1000 or"
    ) as e:
        read_picture(tmp_path / "a.jpg")
    assert "\n" not in str(e.value)
    assert read_picture(tmp_path / "a.jpg", at_least=1000).image.shape == (1, 3, 750, 1000)
    (tmp_path / "a.png").write_bytes(large(8000, 6000))
    with pytest.raises(ImageError, match=r"too many pixels .*; shrink it first"):
        read_picture(tmp_path / "a.png", at_least=500)


def test_no_limit_is_passed_before_it_is_looked_at(tmp_path):
    assert MOST_PIXELS <= 400_000_000
    head = chunk(b"IHDR", (30000).to_bytes(4, "big") * 2 + b"\x08\2\0\0\0")
    bomb = PLAIN[:8] + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(bomb)
    with pytest.raises(ImageError, match="30000x30000: too many pixels"):
        read_picture(tmp_path / "a.png", at_least=64)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "1", "L", "CMYK", "I;16"])
def test_what_is_far_too_large_is_averaged_first(mode):
    rows, columns = np.mgrid[0:600, 0:900]
    ramp = (rows / 6 + columns / 9 + 40).round().astype(np.uint8)
    image = Image.fromarray(ramp.astype(np.uint16) * 257) if mode == "I;16" else None
    image = image or Image.fromarray(np.dstack([ramp, ramp, 255 - ramp])).convert(mode)
    data = as_file(image, "TIFF" if mode == "CMYK" else "PNG")
    whole, small = read_picture(data).image, read_picture(data, at_least=20).image
    assert small.shape == (1, 3, 55, 82)  # 900 // (4 * 20) = 11
    assert max(small.shape) >= SPARE * 20
    expected = whole[..., 22:33, 33:44].mean((2, 3))
    assert (small[..., 2, 3] - expected).abs().max() < 0.01


def test_memory_that_is_allowed_counts_what_decoding_takes():
    data = large(6000, 5000)
    with pytest.raises(ImageError, match=r"reading it takes 1\.1 GB, and --memory allows 500 MB"):
        read_picture(data, memory=500e6)
    assert read_picture(data, memory=500e6, at_least=100).image.shape == (1, 3, 334, 400)


def test_whatever_a_decoder_raises_is_one_line(tmp_path, monkeypatch):
    for error in (RuntimeError("odd\nlines"), MemoryError(), KeyError("x"), OverflowError()):

        def fail(*_args, error=error):
            raise error

        monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", fail)
        (tmp_path / "a.png").write_bytes(PLAIN)
        with pytest.raises(ImageError, match=r"a\.png") as caught:
            read_picture(tmp_path / "a.png")
        assert "\n" not in str(caught.value)


def test_the_photos_of_cameras_are_known():
    assert {b"heic", b"hevx", b"mif1"} <= set(HEIC_BRANDS)


def test_damaged_exif_does_not_matter():
    for kind in ("PNG", "WEBP", "JPEG"):
        options = {"lossless": True} if kind == "WEBP" else {}
        data = as_file(picture(), kind, exif=b"junk" * 9, **options)
        plain = as_file(picture(), kind, **options)
        assert np.array_equal(levels(data), levels(plain))


def test_a_file_is_not_held_open(tmp_path):
    for name in ("a.png", "b.jpg"):
        path: Path = tmp_path / name
        picture().save(path)
        read_picture(path)
        path.unlink()
