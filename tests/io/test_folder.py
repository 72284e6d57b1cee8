from pathlib import Path

import pytest

from impasto.core.errors import ImageError
from impasto.io.folder import find_pictures, search


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
