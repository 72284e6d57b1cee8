import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.core.errors import ImageError
from impasto.io.image import read_picture

spec = importlib.util.spec_from_file_location(
    "odd_files", Path(__file__).parents[2] / "benchmarks" / "odd_files.py"
)
odd_files = importlib.util.module_from_spec(spec)
sys.modules["odd_files"] = odd_files
spec.loader.exec_module(odd_files)

RAMP = np.tile(np.linspace(0, 1, 256), (4, 1))


def gray(source) -> np.ndarray:
    return read_picture(source).image[0, 0].numpy()


def tiff(pixels, **options) -> bytes:
    return odd_files._tiff(pixels, "<", **options)


@pytest.mark.parametrize("odd", [1.5, 1e30, np.inf, -np.inf, np.nan, -3.0])
def test_one_odd_number_changes_one_pixel(tmp_path, odd):
    ramp = RAMP.astype(np.float32)
    ramp[1, 7] = odd
    Image.fromarray(ramp).save(tmp_path / "hdr.tif")
    found = gray(tmp_path / "hdr.tif")
    assert found[1, 7] == (1 if odd > 1 else 0)
    found[1, 7] = RAMP[1, 7]
    assert np.abs(found - RAMP).max() < 1e-6


@pytest.mark.parametrize("white", [255, 65535])
def test_floats_that_are_levels_are_known_by_most_of_them(white):
    assert np.abs(gray(tiff((RAMP * white).astype(np.float32))) - RAMP).max() < 1e-6


@pytest.mark.parametrize("most", [255, 256, 4095, 65535])
def test_sixteen_bits_are_sixteen_bits_however_dark(tmp_path, most):
    levels = (RAMP * most).round().astype(np.uint16)
    Image.fromarray(levels).save(tmp_path / "a.png")
    assert np.abs(gray(tmp_path / "a.png") - levels / 65535).max() < 1e-6


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.uint32, np.int16, np.int32, np.float32])
@pytest.mark.parametrize("order", "<>")
def test_every_kind_of_number_goes_from_black_to_white(kind, order):
    if (kind, order) == (np.uint32, ">"):
        pytest.importorskip("pyvips")
    white = 1 if kind == np.float32 else np.iinfo(kind).max
    pixels = (RAMP * white).astype(kind)
    assert np.abs(gray(odd_files._tiff(pixels, order)) - RAMP).max() < 1 / 255


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_white_can_be_zero(kind):
    white = 1 if kind == np.float32 else np.iinfo(kind).max
    pixels = ((1 - RAMP) * white).astype(kind)
    assert np.abs(gray(tiff(pixels, white_is_zero=True)) - RAMP).max() <= 1.01 / 255


def test_one_level_of_sixteen_bits_can_be_transparent():
    pixels = (RAMP * 65535).astype(np.uint16)
    picture = read_picture(odd_files._png(pixels, hidden=int(pixels[0, 100])))
    assert picture.alpha is not None
    assert (picture.alpha[0, 0] == 0).nonzero().tolist() == [[row, 100] for row in range(4)]
    assert np.abs(picture.image[0, 0].numpy() - RAMP)[:, :99].max() < 1 / 255


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.uint32, np.int16])
def test_rare_colors_are_read_by_libvips_or_named(monkeypatch, tmp_path, kind):
    pytest.importorskip("pyvips")
    white = 1 if np.issubdtype(kind, np.floating) else np.iinfo(kind).max
    colors = np.stack([RAMP, RAMP[:, ::-1], RAMP * 0 + 0.25], axis=2)
    (tmp_path / "a.tif").write_bytes(tiff((colors * white).astype(kind)))
    if kind != np.float64:  # which libvips does not know either
        for source in (tmp_path / "a.tif", (tmp_path / "a.tif").read_bytes()):
            found = read_picture(source).image[0].permute(1, 2, 0).numpy()
            assert np.abs(found - colors).max() < 1e-3
    monkeypatch.setitem(sys.modules, "pyvips", None)
    with pytest.raises(ImageError, match=r"a\.tif is a TIFF .* pip install 'impasto\[hires\]'"):
        read_picture(tmp_path / "a.tif")


def test_a_file_that_has_changed_is_read_anew(tmp_path):
    pytest.importorskip("pyvips")
    for level in (1000, 60000):
        (tmp_path / "a.tif").write_bytes(tiff(np.full((3, 4, 3), level, np.uint16)))
        assert abs(gray(tmp_path / "a.tif").mean() - level / 65535) < 1e-4


def test_arrays_of_other_numbers():
    assert read_picture(np.array([[True, False]])).image[0, 0].tolist() == [[1, 0]]
    assert read_picture(np.array([[255, 0]])).image[0, 0].tolist() == [[1, 0]]
    assert read_picture(np.array([[np.nan, 2.0]])).image[0, 0].tolist() == [[0, 1]]
    with pytest.raises(ImageError, match="from 0 to 256; expected 0 to 255"):
        read_picture(np.array([[256, 0]]))


def test_odd_files_are_read_or_refused_in_one_line(tmp_path):
    counts = odd_files.check_reading(odd_files.odd_files(tmp_path))
    assert not counts.faults, str(counts)
    assert counts.right + counts.clear > 300
    assert counts.right > 200
