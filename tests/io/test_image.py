import io
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms

from impasto.core.errors import ImageError
from impasto.io.color import extend_colors
from impasto.io.image import (
    check_output,
    read_note,
    read_picture,
    size_in_file,
    to_bytes,
    to_pil,
    write_picture,
)


def values(picture) -> np.ndarray:
    return (picture.image[0].permute(1, 2, 0).numpy() * 255).round().astype(int)


@pytest.fixture
def rgb():
    generator = np.random.default_rng(0)
    return Image.fromarray(generator.integers(0, 255, (7, 5, 3), dtype=np.uint8))


@pytest.mark.parametrize("suffix", [".png", ".webp", ".avif", ".tif", ".jpg", ".bmp", ".gif"])
def test_formats_are_read_at_their_size(tmp_path, rgb, suffix):
    rgb.save(tmp_path / f"a{suffix}")
    picture = read_picture(tmp_path / f"a{suffix}")
    assert picture.image.shape == (1, 3, 7, 5)
    assert picture.image.dtype == torch.float32
    assert picture.alpha is None


def test_png_values_are_exact(tmp_path, rgb):
    rgb.save(tmp_path / "a.png")
    assert np.array_equal(values(read_picture(tmp_path / "a.png")), np.asarray(rgb))


def test_exif_orientation_is_applied(tmp_path, rgb):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    rgb.save(tmp_path / "a.png", exif=exif)
    upright = values(read_picture(tmp_path / "a.png"))
    assert np.array_equal(upright, np.rot90(np.asarray(rgb), -1))


def test_an_icc_profile_is_converted_to_srgb(tmp_path, rgb):
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    rgb.save(tmp_path / "same.png", icc_profile=lab.tobytes())
    assert np.abs(values(read_picture(tmp_path / "same.png")) - np.asarray(rgb)).max() <= 1
    rgb.save(tmp_path / "broken.png", icc_profile=b"no profile at all")
    assert np.array_equal(values(read_picture(tmp_path / "broken.png")), np.asarray(rgb))


def test_a_wide_gamut_profile_changes_the_numbers(tmp_path):
    flat = Image.new("RGB", (4, 4), (200, 100, 50))
    profile = _profile_with_gamma(1.0)
    flat.save(tmp_path / "linear.png", icc_profile=profile)
    red, green, blue = values(read_picture(tmp_path / "linear.png"))[0, 0]
    assert red > 210
    assert green > 150
    assert blue > 110


def _profile_with_gamma(gamma: float) -> bytes:
    """sRGB's own profile with its tone curves replaced by a power law."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    curve = b"curv\0\0\0\0\0\0\0\x01" + int(gamma * 256).to_bytes(2, "big")
    for index in range(int.from_bytes(data[128:132], "big")):
        entry = 132 + 12 * index
        if data[entry : entry + 4] in (b"rTRC", b"gTRC", b"bTRC"):
            offset = int.from_bytes(data[entry + 4 : entry + 8], "big")
            data[offset : offset + len(curve)] = curve
            data[entry + 8 : entry + 12] = len(curve).to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK", "LA", "I;16", "F", "YCbCr", "HSV", "LAB"])
def test_every_mode_becomes_rgb(rgb, mode):
    if mode == "I;16":
        image = Image.fromarray(np.asarray(rgb.convert("L")).astype(np.uint16) * 257)
    elif mode == "F":
        image = Image.fromarray(np.asarray(rgb.convert("L")).astype(np.float32) / 255)
    else:
        image = rgb.convert(mode)
    picture = read_picture(image)
    assert picture.image.shape == (1, 3, 7, 5)
    expected = np.asarray(rgb.convert("L"), int)
    if mode in ("L", "I;16", "F"):
        assert np.array_equal(values(picture)[..., 0], expected)


def test_sixteen_bit_gray_keeps_its_range(tmp_path):
    Image.fromarray(np.array([[0, 32768, 65535]], np.uint16)).save(tmp_path / "a.png")
    assert values(read_picture(tmp_path / "a.png"))[0, :, 0].tolist() == [0, 128, 255]


def test_sixteen_bit_color_is_read(tmp_path):
    row = np.array([[[0, 32768, 65535]]], ">u2")
    raw = b"\x00" + row.tobytes()
    chunks = [(b"IHDR", b"\0\0\0\1\0\0\0\1\x10\2\0\0\0"), (b"IDAT", zlib.compress(raw))]
    data = b"\x89PNG\r\n\x1a\n"
    for kind, body in [*chunks, (b"IEND", b"")]:
        data += len(body).to_bytes(4, "big") + kind + body
        data += zlib.crc32(kind + body).to_bytes(4, "big")
    (tmp_path / "a.png").write_bytes(data)
    assert values(read_picture(tmp_path / "a.png"))[0, 0].tolist() == [0, 128, 255]


def test_alpha_is_kept_and_hidden_colors_are_not():
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[..., :] = (255, 0, 255, 0)  # hidden magenta
    pixels[2:6, 2:6] = (10, 200, 30, 255)
    picture = read_picture(pixels)
    assert picture.alpha is not None
    assert picture.alpha.shape == (1, 1, 8, 8)
    assert picture.alpha.sum() == 16
    assert np.abs(values(picture) - np.array([10, 200, 30])).max() <= 1


def test_opaque_alpha_is_dropped():
    assert read_picture(np.full((4, 4, 4), 255, np.uint8)).alpha is None


def test_palette_transparency_is_alpha(tmp_path):
    image = Image.new("P", (4, 4))
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.putpixel((1, 1), 1)
    image.save(tmp_path / "a.gif", transparency=0)
    alpha = read_picture(tmp_path / "a.gif").alpha
    assert alpha is not None
    assert alpha.sum() == 1


def test_nothing_visible_is_gray():
    filled = extend_colors(torch.rand(1, 3, 5, 3), torch.zeros(1, 1, 5, 3))
    assert torch.allclose(filled, torch.tensor(0.5))


@settings(deadline=None, max_examples=30)
@given(height=st.integers(1, 40), width=st.integers(1, 40), channels=st.sampled_from([3, 4]))
def test_any_size_round_trips(height, width, channels):
    pixels = np.random.default_rng(height).integers(0, 255, (height, width, channels), np.uint8)
    picture = read_picture(pixels)
    again = np.asarray(to_pil(picture.image, picture.alpha))
    if channels == 3:
        assert np.array_equal(again, pixels)
    else:
        assert again.shape[:2] == (height, width)


BAD = {
    "missing.png": (None, "does not exist"),
    "empty.png": (b"", "0 bytes"),
    "text.jpg": (b"hello, I am text\n" * 99, "not a picture"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_get_one_clear_line(tmp_path, name):
    content, message = BAD[name]
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ImageError, match=message) as caught:
        read_picture(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_truncated_files_are_refused(tmp_path, suffix):
    big = Image.fromarray(np.random.default_rng(0).integers(0, 255, (99, 99, 3), np.uint8))
    buffer = io.BytesIO()
    big.save(buffer, {".jpg": "JPEG", ".tif": "TIFF"}.get(suffix, suffix[1:]))
    (tmp_path / f"a{suffix}").write_bytes(buffer.getvalue()[:900])
    with pytest.raises(ImageError) as caught:
        read_picture(tmp_path / f"a{suffix}")
    assert "\n" not in str(caught.value)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(ImageError, match="is a folder"):
        read_picture(tmp_path)


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path):
    header = b"\0\0\xff\xff\0\0\xff\xff\x08\2\0\0\0"  # 65535 x 65535
    data = b"\x89PNG\r\n\x1a\n"
    for kind, body in [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]:
        data += len(body).to_bytes(4, "big") + kind + body
        data += zlib.crc32(kind + body).to_bytes(4, "big")
    (tmp_path / "bomb.png").write_bytes(data)
    with pytest.raises(ImageError, match="too many pixels"):
        read_picture(tmp_path / "bomb.png")


@pytest.mark.parametrize("shape", [(4,), (4, 4, 2), (0, 4, 3), (2, 4, 4, 3)])
def test_other_arrays_are_refused(shape):
    with pytest.raises(ImageError, match="array"):
        read_picture(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".avif", ".tif"])
def test_the_note_survives_in_every_format(tmp_path, rgb, suffix):
    path = tmp_path / f"a{suffix}"
    write_picture(rgb, path, note='{"recipe": 1}')
    assert read_note(path) == '{"recipe": 1}'
    assert sorted(tmp_path.iterdir()) == [path]


def test_a_picture_without_note_has_none(tmp_path, rgb):
    rgb.save(tmp_path / "a.png")
    assert read_note(tmp_path / "a.png") is None


def test_nothing_is_overwritten_without_force(tmp_path, rgb):
    path = tmp_path / "a.png"
    path.write_text("mine")
    with pytest.raises(ImageError, match="--force"):
        write_picture(rgb, path)
    assert path.read_text() == "mine"
    write_picture(rgb, path, force=True)
    assert read_picture(path).image.shape == (1, 3, 7, 5)


def test_jpeg_lays_transparency_on_white(tmp_path):
    write_picture(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), tmp_path / "a.jpg")
    assert values(read_picture(tmp_path / "a.jpg")).min() > 250


@pytest.mark.parametrize("name", ["a.txt", "a", "nowhere/a.png"])
def test_outputs_that_cannot_be_are_refused_early(tmp_path, name):
    with pytest.raises(ImageError, match="cannot write"):
        check_output(tmp_path / name)


def test_a_folder_as_output_is_refused(tmp_path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(ImageError, match="is a folder"):
        check_output(tmp_path / "a.png", force=True)


def test_a_folder_that_cannot_be_written_is_refused():
    with pytest.raises(ImageError, match="cannot write"):
        check_output(Path("/proc/a.png"))


def test_a_failed_write_leaves_nothing(tmp_path, rgb, monkeypatch):
    def no_space(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", no_space)
    with pytest.raises(ImageError, match="No space left"):
        write_picture(rgb, tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_the_bytes_of_a_file_are_read_as_the_file_is(tmp_path, rgb):
    write_picture(rgb, tmp_path / "a.png", note="from here")
    picture = read_picture((tmp_path / "a.png").read_bytes())
    assert np.array_equal(values(picture), np.asarray(rgb))
    for wrong in (b"", b"I am text" * 100):
        with pytest.raises(ImageError, match="the given file"):
            read_picture(wrong)


def test_png_bytes_are_those_of_the_file(tmp_path, rgb):
    write_picture(rgb, tmp_path / "a.png", note="from here")
    assert to_bytes(rgb, ".png", "from here") == (tmp_path / "a.png").read_bytes()


def test_a_glance_at_a_file_decodes_nothing(tmp_path, rgb, monkeypatch):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    for name, options in {"a.png": {}, "b.png": {"exif": exif}, "c.jpg": {"exif": exif}}.items():
        rgb.save(tmp_path / name, **options)

    def fail(_opened):
        pytest.fail("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", fail)
    sizes = [size_in_file(tmp_path / name) for name in ("a.png", "b.png", "c.jpg", "none.png")]
    assert sizes == [(7, 5), (5, 7), (5, 7), (0, 0)]


def test_what_is_too_large_is_refused_before_it_is_decoded(tmp_path, rgb, monkeypatch):
    rgb.save(tmp_path / "a.png")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda _: pytest.fail("decoded"))
    with pytest.raises(ImageError, match="--memory allows 1 MB"):
        read_picture(tmp_path / "a.png", memory=1e6)


def test_exif_after_the_pixels_of_a_png_counts(tmp_path, rgb):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Copyright] = "mine"
    rgb.save(tmp_path / "a.png")
    body = b"eXIf" + exif.tobytes()[6:]
    chunk = (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    data = (tmp_path / "a.png").read_bytes()
    picture = read_picture(data[:-12] + chunk + data[-12:])
    assert picture.image.shape == (1, 3, 5, 7)
    assert picture.metadata.texts == {ExifTags.Base.Copyright: "mine"}
