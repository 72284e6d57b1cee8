import sys

import numpy as np
import pytest
from PIL import Image, ImageCms

from impasto.core.errors import ConfigError, ImageError, MissingError
from impasto.io.image import check_output, read_note, read_picture, to_pil, write_picture
from impasto.io.sixteen_bit import write_sixteen_bits

pyvips = pytest.importorskip("pyvips")


@pytest.fixture
def ramp() -> np.ndarray:
    """(6, 40, 3) in [0, 1], in steps that 8 bits cannot tell apart."""
    rows = np.linspace(0.5, 0.52, 6 * 40, dtype=np.float32).reshape(6, 40, 1)
    return rows.repeat(3, axis=2) * np.array([1, 0.5, 0.25], np.float32)


def write(pixels: np.ndarray, path, note: str | None = None) -> None:
    write_picture(Image.new("RGB", (1, 1)), path, pixels=pixels, note=note)


def rows_of(picture) -> np.ndarray:
    return picture.image[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize("suffix", [".png", ".tif", ".TIFF"])
def test_all_bits_come_back_from_a_file_and_from_bytes(tmp_path, ramp, suffix):
    path = tmp_path / f"a{suffix}"
    write(ramp, path, note='{"a": 1}')
    for source in (path, path.read_bytes()):
        assert np.abs(rows_of(read_picture(source)) - ramp).max() <= 0.51 / 65535
    assert read_note(path) == '{"a": 1}'


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_transparency_comes_back(tmp_path, ramp, suffix):
    alpha = np.linspace(0.25, 1, ramp[..., :1].size, dtype=np.float32).reshape(6, 40, 1)
    write(np.concatenate([ramp, alpha], axis=2), tmp_path / f"a{suffix}")
    picture = read_picture(tmp_path / f"a{suffix}")
    assert picture.alpha is not None
    assert np.abs(picture.alpha[0, 0].numpy() - alpha[..., 0]).max() <= 0.51 / 65535
    opaque = alpha[..., 0] > 0.99
    assert np.abs(rows_of(picture) - ramp)[opaque].max() < 1e-3


def test_formats_of_eight_bits_are_written_with_eight(tmp_path, ramp):
    image = Image.fromarray((ramp * 255).round().astype(np.uint8))
    write_picture(image, tmp_path / "a.webp", pixels=ramp)
    assert read_picture(tmp_path / "a.webp").image.shape == (1, 3, 6, 40)


def test_without_libvips_eight_bits_are_read(tmp_path, ramp, monkeypatch):
    write(ramp, tmp_path / "a.png")
    monkeypatch.setitem(sys.modules, "pyvips", None)
    found = rows_of(read_picture(tmp_path / "a.png"))
    assert np.abs(found - ramp).max() < 1 / 255
    assert len(np.unique(found[..., 0])) < 10


def test_the_profile_is_applied(tmp_path, ramp):
    image = pyvips.Image.new_from_array((ramp * 65535).astype(np.uint16))
    image = image.copy(interpretation="rgb16")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    image.pngsave(str(tmp_path / "a.png"))
    assert np.abs(rows_of(read_picture(tmp_path / "a.png")) - ramp).max() < 2 / 255


def test_a_turned_picture_is_upright(tmp_path, ramp):
    image = pyvips.Image.new_from_array((ramp * 65535).astype(np.uint16))
    image = image.copy(interpretation="rgb16")
    image.set_type(pyvips.GValue.gint_type, "orientation", 6)
    image.tiffsave(str(tmp_path / "a.tif"))
    assert read_picture(tmp_path / "a.tif").image.shape[-2:] == (40, 6)


def test_a_truncated_file_is_one_line(tmp_path):
    noise = np.random.default_rng(0).random((64, 64, 3), np.float32)
    write(noise, tmp_path / "a.png")
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "b.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ImageError, match=r"b\.png cannot be read") as caught:
        read_picture(tmp_path / "b.png")
    assert "\n" not in str(caught.value)


def test_asking_for_more_bits_than_a_format_holds(tmp_path):
    with pytest.raises(ConfigError, match=r"16 bits: only \.png \.tif \.tiff"):
        check_output(tmp_path / "a.jpg", bits=16)


def test_asking_without_libvips(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyvips", None)
    with pytest.raises(MissingError, match=r"impasto\[hires\]"):
        check_output(tmp_path / "a.png", bits=16)


def test_a_full_disk_is_one_line(tmp_path, ramp):
    with pytest.raises(ImageError, match="cannot write"):
        write_sixteen_bits(ramp, tmp_path / "missing" / "a.png", None)


def test_the_rounded_picture_is_what_eight_bits_show(tmp_path, ramp):
    write(ramp, tmp_path / "a.png")
    picture = read_picture(tmp_path / "a.png")
    expected = np.asarray(to_pil(picture.image))
    assert np.abs(expected / 255 - ramp).max() <= 0.51 / 255
