import io

import numpy as np
import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from impasto.core.errors import ImageError
from impasto.io.encode import check_size
from impasto.io.image import read_note, read_picture, write_picture
from impasto.io.metadata import MOST_BYTES, Metadata, read_metadata

OUTPUTS = [".png", ".jpg", ".webp", ".avif", ".tif"]


def photo(**options) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Copyright] = "© 2020 Müller".encode()
    exif[ExifTags.Base.Artist] = "Anna Müller".encode("latin-1")
    exif[ExifTags.Base.DateTime] = "2020:07:01 10:00:00"
    exif[ExifTags.Base.Model] = "Camera 3"
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.Exif).update(
        {
            ExifTags.Base.DateTimeOriginal: "2020:06:30 23:59:59",
            ExifTags.Base.OffsetTimeOriginal: "+02:00",
            ExifTags.Base.BodySerialNumber: "12345",
        }
    )
    latitude = tuple(IFDRational(number, 1) for number in (48, 51, 30))
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: latitude})
    stream = io.BytesIO()
    Image.new("RGB", (6, 4), "red").save(stream, "JPEG", exif=exif, dpi=(300, 300), **options)
    return stream.getvalue()


def written(tmp_path, suffix: str, metadata: Metadata) -> tuple[Metadata, Image.Exif]:
    path = tmp_path / f"a{suffix}"
    write_picture(Image.new("RGB", (6, 4), "red"), path, note='{"a": 1}', metadata=metadata)
    assert read_note(path) == '{"a": 1}'
    with Image.open(path) as opened:
        exif = opened.getexif()
        exif.get_ifd(ExifTags.IFD.Exif)
        return read_metadata(opened), exif


@pytest.mark.parametrize("suffix", OUTPUTS)
def test_date_copyright_artist_and_dpi_are_kept(tmp_path, suffix):
    given = read_picture(photo()).metadata
    found, exif = written(tmp_path, suffix, given.without_place())
    assert found.dpi == pytest.approx((300, 300), abs=0.01)
    assert found.texts == given.texts
    assert found.texts[ExifTags.Base.Copyright].encode("latin-1") == "© 2020 Müller".encode()
    if suffix != ".tif":  # whose compressor takes no second table
        assert found.times == given.times
        assert found.times[ExifTags.Base.DateTimeOriginal] == "2020:06:30 23:59:59"
    assert not found.place
    assert ExifTags.Base.Model not in exif
    assert ExifTags.Base.BodySerialNumber not in exif.get_ifd(ExifTags.IFD.Exif)
    assert exif.get(ExifTags.Base.Orientation, 1) == 1


@pytest.mark.parametrize("suffix", OUTPUTS)
def test_the_place_is_kept_if_it_is_asked_for(tmp_path, suffix):
    found, _ = written(tmp_path, suffix, read_picture(photo()).metadata)
    assert found.place == {1: "N", 2: (48.0, 51.0, 30.0)}
    assert found.times[ExifTags.Base.OffsetTimeOriginal] == "+02:00"


def test_a_tiff_has_the_date_of_the_photo(tmp_path):
    taken = Metadata(times={ExifTags.Base.DateTimeOriginal: "2020:06:30 23:59:59"})
    found, _ = written(tmp_path, ".tif", taken)
    assert found.texts == {ExifTags.Base.DateTime: "2020:06:30 23:59:59"}


@pytest.mark.parametrize("suffix", OUTPUTS)
def test_nothing_is_made_up(tmp_path, suffix):
    found, exif = written(tmp_path, suffix, Metadata())
    assert (found.texts, found.times, found.place) == ({}, {}, {})
    assert ExifTags.IFD.GPSInfo not in exif


def test_sixteen_bits_keep_them_too(tmp_path):
    pytest.importorskip("pyvips")
    given = read_picture(photo()).metadata
    pixels = np.full((4, 6, 3), 0.5, np.float32)
    for suffix in (".png", ".tif"):
        path = tmp_path / f"a{suffix}"
        write_picture(Image.new("RGB", (6, 4)), path, pixels=pixels, metadata=given)
        with Image.open(path) as opened:
            found = read_metadata(opened)
        assert found.dpi == pytest.approx((300, 300), abs=0.01)
        if suffix == ".png":
            assert (found.texts, found.times) == (given.texts, given.times)


def test_what_is_too_long_or_damaged_is_left_out():
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "a" * 5000
    exif[ExifTags.Base.Copyright] = "mine"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[29] = "x" * 2 * MOST_BYTES
    image = Image.new("RGB", (2, 2))
    stream = io.BytesIO()
    image.save(stream, "PNG", exif=exif)
    found = read_picture(stream.getvalue()).metadata
    assert found.texts == {ExifTags.Base.Copyright: "mine"}
    assert found.place == {}
    for odd in (b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\x7f", b"junk"):
        stream = io.BytesIO()
        image.save(stream, "PNG", exif=odd)
        assert read_picture(stream.getvalue()).metadata == Metadata()


@pytest.mark.parametrize("dpi", [(0, 0), (float("nan"), 72), (1e9, 1e9)])
def test_dpi_that_make_no_sense_are_left_out(dpi):
    image = Image.new("RGB", (2, 2))
    image.info["dpi"] = dpi
    assert read_picture(image).metadata.dpi is None


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF", "TIFF"])
def test_more_frames_than_one_are_remarked(kind):
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "lime", "blue")]
    stream = io.BytesIO()
    frames[0].save(stream, kind, save_all=True, append_images=frames[1:])
    part = "pages" if kind == "TIFF" else "frames"
    picture = read_picture(stream.getvalue())
    assert picture.metadata.remark == f"only the first of 3 {part} is used"
    assert picture.image[0, 0].mean() > 0.95
    stream = io.BytesIO()
    frames[0].save(stream, kind)
    assert read_picture(stream.getvalue()).metadata.remark is None


@pytest.mark.parametrize(
    ("name", "most"), [("a.webp", 16383), ("a.jpg", 65500), ("a.JPEG", 65500), ("a.avif", 32768)]
)
def test_a_format_is_asked_whether_it_holds_the_size(tmp_path, name, most):
    path = tmp_path / name
    for size in ((most, 9), (9, most)):
        check_size(path, *size)
        image = Image.new("RGB", size)
        write_picture(image, path, force=True)
        assert read_picture(path).image.shape == (1, 3, size[1], size[0])
        with pytest.raises(ImageError, match=rf"holds {most} pixels a side, .*--size {most}\)"):
            check_size(path, *(side + (side == most) for side in size))
    with pytest.raises(ImageError, match=r"use \.png"):
        write_picture(Image.new("L", (most + 1, 2)), path, force=True)
    check_size(tmp_path / "a.png", 10**6, 9)


def test_avif_holds_only_so_many_pixels(tmp_path):
    with pytest.raises(ImageError, match=r"268 million pixels.*--size 20066\)"):
        check_size(tmp_path / "a.avif", 30000, 20000)
