"""Odd picture files as a person meets them: alone, in a folder, as the painting, among photos."""

import io
import json
import subprocess
import sys
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from impasto.cli.start import main
from impasto.io.image import read_picture
from impasto.training.data import PhotoCrops
from support import load_image, save_picture, weights_at_hand

STYLE = ["--style", "wave.safetensors"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch, photo, wave):
    """Work in a folder with photo.png and wave.safetensors."""
    assert (photo.name, wave.name) == ("photo.png", "wave.safetensors")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def vgg(tiny, monkeypatch):
    """A small network instead of VGG-16."""
    monkeypatch.setattr("impasto.optimization.run.find_weights", weights_at_hand(tiny))


def large_profile() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    load_image(Path("photo.png")).save("in/icc.png", icc_profile=profile + bytes(2_000_000))


def bomb_of_text() -> None:
    body = b"zTXt" + b"a\0\0" + zlib.compress(bytes(100_000_000), 9)
    chunk = (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    data = Path("photo.png").read_bytes()
    Path("in/text.png").write_bytes(data[:33] + chunk + data[33:])


def several(path: str, kind: str) -> None:
    frames = [Image.new("RGB", (40, 30), color) for color in ("red", "lime", "blue")]
    frames[0].save(path, kind, save_all=True, append_images=frames[1:])


def files(folder) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


@pytest.mark.usefixtures("vgg")
def test_large_metadata_is_painted_alone_and_in_a_folder_and_learned_from():
    Path("in").mkdir()
    large_profile()
    bomb_of_text()
    assert main(["stylize", "in", *STYLE, "-o", "out"]) == 0
    assert files("out") == ["icc.png", "text.png"]
    for name in ("in/icc.png", "in/text.png"):
        assert main(["stylize", name, *STYLE]) == 0
        words = ["optimize", "photo.png", name, "--size", "32", "--steps", "1", "-q"]
        assert main(words) == 0
    crops = PhotoCrops(Path("in"), 16, 32, seed=0)
    assert not any(crops[number].broken for number in range(2))


def test_only_the_first_frame_is_said_alone(capsys):
    several("a.gif", "GIF")
    assert main(["stylize", "a.gif", *STYLE]) == 0
    captured = capsys.readouterr()
    assert captured.err == "a.gif: only the first of 3 frames is used\n"
    assert main(["stylize", "a.gif", *STYLE, "--json"]) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert first == {"event": "note", "message": "a.gif: only the first of 3 frames is used"}


def test_only_the_first_frame_is_said_in_a_folder(capsys):
    Path("in").mkdir()
    for name, kind in {"a.gif": "GIF", "b.webp": "WEBP", "c.png": "PNG", "d.tif": "TIFF"}.items():
        several(f"in/{name}", kind)
    save_picture(Path("in/e.png"), 9, 9, 0)
    assert main(["stylize", "in", *STYLE, "-o", "out", "-q"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        f"in/{name}: only the first of 3 {part} is used"
        for name, part in zip(
            ("a.gif", "b.webp", "c.png", "d.tif"), ("frames",) * 3 + ("pages",), strict=True
        )
    ]
    assert main(["stylize", "in", *STYLE, "-o", "out", "--force", "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["remark"] is None for event in told] == [False] * 4 + [True]


@pytest.mark.usefixtures("vgg")
def test_only_the_first_frame_is_said_of_what_is_optimized(capsys):
    several("a.gif", "GIF")
    words = ["a.gif", "photo.png", "--size", "32", "--steps", "1"]
    assert main(["optimize", *words, "-q", "-o", "b.png"]) == 0
    assert "a.gif: only the first of 3 frames is used" in capsys.readouterr().err


def test_whatever_opens_alone_is_painted_in_a_folder(capsys):
    Path("in").mkdir()
    image = load_image(Path("photo.png"))
    for name in ("a.jpg", "b.jfif", "c.jpe", "d.jp2", "e.tga", "f.pgm"):
        (image.convert("L") if name == "f.pgm" else image).save(f"in/{name}")
    assert main(["stylize", "in", *STYLE, "-o", "out"]) == 0
    assert "6 painted" in capsys.readouterr().out
    assert files("out") == ["a.jpg", "b.png", "c.png", "d.png", "e.png", "f.png"]
    Path("only").mkdir()
    image.save("only/a.jfif")
    assert main(["stylize", "only", *STYLE, "-o", "out2"]) == 0
    assert files("out2") == ["a.png"]


def test_a_damaged_avif_among_good_ones_fails_alone(capsys):
    Path("in").mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "AVIF", quality=90)
    data = bytearray(stream.getvalue())
    start = data.index(b"mdat") + 8
    data[start : start + 400] = bytes(400)
    Path("in/a.avif").write_bytes(data)
    save_picture(Path("in/b.png"), 9, 9, 0)
    assert main(["stylize", "in", *STYLE, "-o", "out"]) == 3
    assert files("out") == ["b.png"]
    assert "in/a.avif" in capsys.readouterr().err.splitlines()[-1]
    crops = PhotoCrops(Path("in"), 8, 8, seed=0)
    assert {name for number in range(4) for name in crops[number].broken} == {"a.avif"}


@pytest.mark.usefixtures("vgg")
def test_two_hundred_megapixels_are_painted_small():
    Image.new("L", (16384, 12288), 128).save("s24.jpg")
    assert main(["stylize", "s24.jpg", *STYLE, "--size", "64"]) == 0
    assert load_image(Path("s24_wave.png")).size == (64, 48)
    words = ["optimize", "photo.png", "s24.jpg", "--size", "32", "--steps", "1", "--dry-run"]
    assert main(words) == 0


def test_what_takes_more_than_is_allowed_is_one_line(capsys):
    Image.new("RGB", (13300, 13300)).save("large.png")
    assert main(["stylize", "large.png", *STYLE, "--size", "64", "--memory", "700MB"]) == 2
    line = capsys.readouterr().err
    assert "large.png is 13300x13300: reading it takes 1.0 GB, and --memory allows 700 MB" in line
    assert line.count("\n") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel for the peak")
def test_a_large_picture_made_small_takes_no_gigabytes():
    Image.new("L", (13300, 13300)).save("large.png")
    code = (
        "from impasto.io.image import read_picture; from impasto.core.memory import peak_memory; "
        "read_picture('photo.png'); before = peak_memory(); "
        "read_picture('large.png', at_least=64); print(peak_memory() - before)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert int(said.stdout) < 450e6


@pytest.mark.parametrize(("suffix", "width"), [("webp", 17000), ("jpg", 66000), ("avif", 33000)])
def test_a_format_that_cannot_hold_it_is_said_before_the_work(suffix, width, capsys, monkeypatch):
    Image.new("RGB", (width, 16)).save("wide.png")
    words = ["stylize", "wide.png", *STYLE]

    def too_early(*_args):
        pytest.fail("too early")

    monkeypatch.setattr("impasto.networks.model.Model.run", too_early)
    assert main([*words, "-o", f"a.{suffix}"]) == 2
    assert "pixels a side" in capsys.readouterr().err
    Path(f"in.{suffix}").mkdir()
    Path(f"in.{suffix}/wide.{suffix}").write_bytes(Path("wide.png").read_bytes())
    assert main(["stylize", f"in.{suffix}", *STYLE, "-o", "out"]) == 2
    assert "pixels a side" in capsys.readouterr().err


@pytest.mark.usefixtures("vgg")
def test_an_optimization_is_told_before_the_work(capsys, painting):
    words = ["optimize", "photo.png", painting.name, "--size", "16400", "-o", "a.webp"]
    Image.new("RGB", (16400, 2)).save("photo.png")
    assert main([*words, "--steps", "1"]) == 2
    assert "16383 pixels a side" in capsys.readouterr().err
    assert not Path("a.webp").exists()


@pytest.mark.usefixtures("vgg")
def test_a_painting_that_cannot_be_written_is_kept_elsewhere(capsys, painting, monkeypatch):
    save = Image.Image.save

    def fail(image, file, *args, **options):
        if str(file).endswith(".webp"):
            raise OSError(28, "No space left on device")
        save(image, file, *args, **options)

    monkeypatch.setattr(Image.Image, "save", fail)
    words = ["optimize", "photo.png", painting.name, "--size", "32", "--steps", "2"]
    assert main([*words, "-o", "a.webp", "--preview-every", "1"]) == 2
    errors = capsys.readouterr().err
    assert errors.count("\n") == errors.count("cannot write") + errors.count("painting 32x") + 1
    assert "the picture is kept in a.png" in errors.splitlines()[-1]
    assert load_image(Path("a.png")).size == (32, 21)


def test_the_longest_names_are_written():
    for stem in ("a" * 251, "写" * 82):
        Path("photo.png").rename(f"{stem}.png")
        assert main(["stylize", f"{stem}.png", *STYLE, "-o", "out"]) == 0
        assert read_picture(Path("out") / f"{stem}.png").image.shape == (1, 3, 40, 60)
        Path(f"{stem}.png").rename("photo.png")


def test_dates_are_kept_and_places_if_asked():
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2020:06:30 23:59:59"
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (48.0, 51.0, 30.0)})
    Path("in").mkdir()
    load_image(Path("photo.png")).save("in/p.jpg", exif=exif, dpi=(300, 300))
    for place in (False, True):
        flag = ["--keep-place"] * place
        assert main(["stylize", "in/p.jpg", *STYLE, *flag, "-o", f"{place}.jpg"]) == 0
        assert main(["stylize", "in", *STYLE, *flag, "-o", f"{place}"]) == 0
        for path in (f"{place}.jpg", f"{place}/p.jpg"):
            with Image.open(path) as opened:
                found = opened.getexif()
                assert opened.info["dpi"] == (300, 300)
            assert found.get_ifd(ExifTags.IFD.Exif)[36867] == "2020:06:30 23:59:59"
            assert bool(found.get_ifd(ExifTags.IFD.GPSInfo)) is place


def test_standard_input_without_end_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr("impasto.cli.stylize.MOST_PIPED", 10_000_000)
    with Path("/dev/zero").open("rb") as zeros:
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=zeros))
        assert main(["stylize", "-", *STYLE, "-o", "a.png"]) == 2
    assert "standard input is no picture: it goes on after 10 MB" in capsys.readouterr().err
