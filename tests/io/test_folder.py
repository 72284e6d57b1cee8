import io

import numpy as np
import pytest
from PIL import Image

from impasto.core.errors import ImageError
from impasto.io.folder import PICTURE_SUFFIXES, find_pictures
from impasto.io.image import read_picture

NO_PICTURES = {"EPS", "PDF", "WMF", "MPEG", "FLI", "BUFR", "GRIB", "HDF5", "PALM"}
"""Drawings, pages, films, data, and what can only be written."""


def test_all_that_opens_alone_is_found_in_a_folder():
    Image.init()
    known = Image.registered_extensions().items()
    readable = {ending for ending, kind in known if kind == "MPO" or kind in Image.OPEN}
    drawings = {ending for ending, kind in known if kind in NO_PICTURES}
    heic = {".heic", ".heics", ".heif", ".heifs", ".hif"}
    assert readable - drawings <= PICTURE_SUFFIXES
    assert not drawings & PICTURE_SUFFIXES
    assert heic <= PICTURE_SUFFIXES
    assert {ending for ending in PICTURE_SUFFIXES if ending != ending.lower()} == set()


@pytest.mark.parametrize(
    "name", ["a.jpg", "b.jfif", "c.jpe", "d.jp2", "e.tga", "f.pgm", "g.PNM", "h.apng", "i.j2k"]
)
def test_a_picture_of_any_ending_is_found_and_read(tmp_path, name):
    image = Image.fromarray(np.full((4, 6), 77, np.uint8))
    image = image if name.endswith("m") else image.convert("RGB")
    image.save(tmp_path / name, format={"PNM": "PPM", "jfif": "JPEG"}.get(name[2:]))
    assert find_pictures(tmp_path) == [tmp_path / name]
    assert read_picture(tmp_path / name).image.shape == (1, 3, 4, 6)


def test_photos_of_cameras_are_found(tmp_path):
    import pillow_heif

    stream = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 48))).save(stream)
    for name in ("a.HIF", "b.heif"):
        (tmp_path / name).write_bytes(stream.getvalue())
    assert [path.name for path in find_pictures(tmp_path)] == ["a.HIF", "b.heif"]
    assert read_picture(tmp_path / "a.HIF").image.shape == (1, 3, 48, 64)


def test_other_files_and_hidden_ones_are_not_found(tmp_path):
    for name in ("a.txt", "b.pdf", "c.mp4", ".d.jpg", "e"):
        (tmp_path / name).write_text("x")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "f.jpg").write_text("x")
    assert find_pictures(tmp_path) == []
    with pytest.raises(ImageError, match="does not exist"):
        find_pictures(tmp_path / "nowhere")
