import importlib.util
import io
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
import torch
from PIL import Image, ImageCms, PngImagePlugin

from impasto.core.errors import ImageError
from impasto.io.decode import read_plain
from impasto.io.image import read_picture
from impasto.io.sixteen_bit import write_sixteen_bits


def as_png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def as_file(image: Image.Image, kind: str, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def colors(mode: str) -> Image.Image:
    rows, columns = np.mgrid[0:30, 0:40]
    rgba = np.stack([rows * 8, columns * 6, rows + columns, rows * 8], axis=2).astype(np.uint8)
    return Image.fromarray(rgba, "RGBA") if mode == "RGBA" else Image.fromarray(rgba).convert(mode)


@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated")
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "CMYK", "I;16"])
def test_the_pixels_alone_make_the_same_picture(mode):
    kind = "TIFF" if mode == "CMYK" else "PNG"
    image = colors("L").convert("I;16") if mode == "I;16" else colors(mode)
    exif = Image.Exif()
    exif[0x0112] = 8
    data = as_file(image, kind, exif=exif)
    plain = read_plain(data)
    assert plain.size == (30, 40)
    first, again = read_picture(data), read_picture(as_png(plain))
    assert torch.equal(first.image, again.image)
    assert (first.alpha is None) == (again.alpha is None)
    if first.alpha is not None:
        assert torch.equal(first.alpha, again.alpha)


def test_an_iphones_photo_is_read():
    stream = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 48), (10, 120, 200))).save(stream)
    image = read_picture(stream.getvalue()).image
    assert image.shape == (1, 3, 48, 64)
    assert float((image[0, :, 20, 20] * 255 - torch.tensor([10, 120, 200])).abs().max()) < 6


def test_without_its_package_an_iphones_photo_gets_one_clear_line(tmp_path, monkeypatch):
    stream = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 48))).save(stream)
    path = tmp_path / "IMG_1.HEIC"
    path.write_bytes(stream.getvalue())
    Image.init()
    monkeypatch.setattr(Image, "ID", [kind for kind in Image.ID if kind != "HEIF"])
    find = importlib.util.find_spec
    missing = {"pillow_heif"}
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if n in missing else find(n))
    for source in (path, path.read_bytes()):
        with pytest.raises(ImageError, match=r"impasto\[heic\]"):
            read_picture(source)


def gray_profile(gamma: float) -> bytes:
    """An ICC profile of grays with a power law."""
    white = b"".join(int(part * 65536).to_bytes(4, "big") for part in (0.9642, 1.0, 0.8249))
    tags = {
        b"kTRC": b"curv\0\0\0\0\0\0\0\x01" + int(gamma * 256).to_bytes(2, "big") + b"\0\0",
        b"wtpt": b"XYZ \0\0\0\0" + white,
        b"desc": b"desc\0\0\0\0\0\0\0\5gray\0" + bytes(79),
        b"cprt": b"text\0\0\0\0x\0\0\0",
    }
    table, body = len(tags).to_bytes(4, "big"), b""
    for name, data in tags.items():
        place = 128 + 4 + 12 * len(tags) + len(body)
        table += name + place.to_bytes(4, "big") + len(data).to_bytes(4, "big")
        body += data + bytes(-len(data) % 4)
    head = bytearray(128)
    head[:4] = (128 + len(table) + len(body)).to_bytes(4, "big")
    head[8:24] = b"\2\x10\0\0mntrGRAYXYZ "
    head[36:40], head[68:80] = b"acsp", white
    return bytes(head) + table + body


def middle_of(mode: str, kind: str = "PNG", **options) -> tuple[float, ...]:
    """Return the middle gray of a picture, after what its file says of it, in 0..1."""
    if mode == "I;16":
        image = Image.fromarray(np.full((4, 4), 128 * 257, np.uint16))
    else:
        base, color = ("RGBA", (128, 128, 128, 77)) if "A" in mode else ("RGB", (128, 128, 128))
        image = Image.new(base, (4, 4), color)
        image = image.quantize(2) if mode == "P" else image.convert(mode)
    picture = read_picture(as_file(image, kind, **options))
    if "A" in mode:
        assert picture.alpha is not None
        assert abs(float(picture.alpha.mean()) - 77 / 255) < 0.01
    return tuple(picture.image[0, :, 1, 1].tolist())


LINEAR = 0.7354
"""What half of the light is in sRGB."""


@pytest.mark.parametrize(("mode", "kind"), [*((m, "PNG") for m in ("L", "LA")), ("I;16", "TIFF")])
def test_a_profile_of_grays_is_applied(mode, kind):
    for gamma, expected in ((1.0, LINEAR), (2.2, 0.503)):
        found = middle_of(mode, kind, icc_profile=gray_profile(gamma))
        assert max(abs(level - expected) for level in found) < 0.01


def test_a_profile_of_sixteen_bits_keeps_them():
    pytest.importorskip("pyvips")
    ramp = np.linspace(30000, 30200, 100).round().astype(np.uint16).reshape(1, -1)
    data = as_file(Image.fromarray(ramp), "PNG", icc_profile=gray_profile(1.0))
    assert len(np.unique(read_picture(data).image.numpy())) > 90


@pytest.mark.parametrize("mode", ["P", "RGB", "RGBA"])
def test_a_profile_of_colors_is_applied(mode, linear_profile):
    found = middle_of(mode, icc_profile=linear_profile)
    assert max(abs(level - LINEAR) for level in found) < 0.01


def test_a_profile_of_another_space_is_ignored(linear_profile):
    for mode, profile in (("RGB", gray_profile(1.0)), ("L", linear_profile)):
        assert middle_of(mode, icc_profile=profile) == pytest.approx([128 / 255] * 3)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_the_gamma_of_a_png_is_applied(mode):
    for gamma, expected in (
        (100_000, 0.7313),
        (45_455, 128 / 255),
        (22_727, 0.2520),
        (0, 128 / 255),
    ):
        chunks = PngImagePlugin.PngInfo()
        chunks.add(b"gAMA", gamma.to_bytes(4, "big"))
        found = middle_of(mode, pnginfo=chunks)
        assert max(abs(level - expected) for level in found) < 0.003


def test_what_says_it_better_goes_before_the_gamma(linear_profile):
    chunks = PngImagePlugin.PngInfo()
    chunks.add(b"gAMA", (100_000).to_bytes(4, "big"))
    assert middle_of("RGB", pnginfo=chunks, icc_profile=linear_profile)[0] < 0.74
    chunks.add(b"sRGB", b"\0")
    assert middle_of("RGB", pnginfo=chunks) == pytest.approx([128 / 255] * 3)


def test_the_gamma_of_sixteen_bits_is_applied():
    pytest.importorskip("pyvips")
    rgb = np.full((4, 4, 3), 128 / 255, np.float32)
    data = pyvips_png(rgb)
    at = data.index(b"IDAT") - 4
    body = b"gAMA" + (100_000).to_bytes(4, "big")
    chunk = b"\0\0\0\4" + body + zlib.crc32(body).to_bytes(4, "big")
    assert abs(float(read_picture(data[:at] + chunk + data[at:]).image.mean()) - 0.7313) < 0.003


def pyvips_png(pixels: np.ndarray) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        write_sixteen_bits(pixels, Path(folder) / "a.png", None)
        return (Path(folder) / "a.png").read_bytes()


@pytest.fixture
def linear_profile() -> bytes:
    """sRGB's own profile with tone curves that are straight lines."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for index in range(int.from_bytes(data[128:132], "big")):
        entry = 132 + 12 * index
        if data[entry : entry + 4] in (b"rTRC", b"gTRC", b"bTRC"):
            place = int.from_bytes(data[entry + 4 : entry + 8], "big")
            data[place : place + 14] = b"curv\0\0\0\0\0\0\0\x01\1\0"
            data[entry + 8 : entry + 12] = (14).to_bytes(4, "big")
    return bytes(data)
