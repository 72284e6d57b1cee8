import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.core.errors import ImageError
from impasto.io.folder import PICTURE_SUFFIXES, find_pictures, search
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


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(*names):
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b"x")


def found(folder):
    return [path.as_posix() for path in find_pictures(Path(folder))]


def test_folders_in_it_and_links_to_folders_are_entered():
    make("in/b.png", "in/deep/er/a.JPG", "in/.hidden.png", "in/.git/a.png", "in/a.txt")
    make("photos/summer.jpg", "photos/more/sea.jpg")
    Path("in/linked").symlink_to(Path("photos").resolve())
    Path("in/c.png").symlink_to(Path("photos/summer.jpg").resolve())
    assert found("in") == [
        "in/b.png",
        "in/c.png",
        "in/deep/er/a.JPG",
        "in/linked/more/sea.jpg",
        "in/linked/summer.jpg",
    ]


def test_every_folder_is_entered_once_by_its_own_name():
    make("in/real/a.png", "out/b.png")
    Path("in/again").symlink_to("real")
    Path("in/one").symlink_to(Path("out").resolve())
    Path("in/two").symlink_to(Path("out").resolve())
    Path("out/back").symlink_to(Path("in").resolve())
    Path("in/real/up").symlink_to("..")
    Path("in/above").symlink_to("../..")
    assert found("in") == ["in/one/b.png", "in/real/a.png"]
    Path("linked").symlink_to("in")
    assert found("linked") == ["linked/one/b.png", "linked/real/a.png"]


def test_links_that_lead_nowhere_are_told():
    make("in/a.png")
    Path("in/gone.png").symlink_to("nothing.png")
    Path("in/loop.jpg").symlink_to("loop.jpg")
    Path("in/gone").symlink_to("nothing")
    seen = search(Path("in"))
    assert seen.pictures == [Path("in/a.png")]
    assert seen.unread == [
        (Path("in/gone.png"), "does not exist"),
        (Path("in/loop.jpg"), "cannot be read: too many levels of symbolic links"),
    ]


def test_what_is_locked_is_told(powerless):
    make("in/a.png", "in/locked/b.png")
    Path("in/locked").chmod(0)
    with powerless():
        seen = search(Path("in"))
    assert seen.pictures == [Path("in/a.png")]
    assert seen.unread == [(Path("in/locked"), "cannot be looked into: Permission denied")]
    with powerless(), pytest.raises(ImageError, match=r"in/locked.*: Permission denied"):
        find_pictures(Path("in/locked"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone", "does not exist"),
        ("file", "is not a folder"),
        ("x" * 300, "cannot be read: file name too long"),
        ("loop", "too many levels"),
    ],
)
def test_what_is_no_folder_is_one_line(name, message):
    make("file")
    Path("loop").symlink_to("loop")
    with pytest.raises(ImageError, match=message):
        find_pictures(Path(name))
