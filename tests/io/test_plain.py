import importlib.util
import io

import numpy as np
import pillow_heif
import pytest
import torch
from PIL import Image

from impasto.core.errors import ImageError
from impasto.io.image import read_picture
from impasto.io.plain import read_plain


def as_png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def as_file(image: Image.Image, kind: str, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def colours(mode: str) -> Image.Image:
    rows, columns = np.mgrid[0:30, 0:40]
    rgba = np.stack([rows * 8, columns * 6, rows + columns, rows * 8], axis=2).astype(np.uint8)
    return Image.fromarray(rgba, "RGBA") if mode == "RGBA" else Image.fromarray(rgba).convert(mode)


@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated")
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "CMYK", "I;16"])
def test_the_pixels_alone_make_the_same_picture(mode):
    kind = "TIFF" if mode == "CMYK" else "PNG"
    image = colours("L").convert("I;16") if mode == "I;16" else colours(mode)
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
