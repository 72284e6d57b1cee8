import contextlib
import os
import subprocess
import sys

from PIL import Image

from impasto.io import temporary
from impasto.io.checkpoints import Checkpoints
from impasto.io.image import write_picture
from impasto.io.temporary import remove_left_behind, temporary_beside, write_atomically

LONGEST = 255
"""Bytes of a name."""

WRITE = """
import os, sys
from pathlib import Path
from impasto.io.temporary import temporary_beside
with temporary_beside(Path(sys.argv[1])) as path:
    path.write_bytes(b"half")
    os.kill(os.getpid(), 9)
"""


def test_names_of_the_longest_length_are_written(tmp_path):
    for letter in "a写":
        stem = letter * ((LONGEST - 4) // len(letter.encode()))
        path = tmp_path / f"{stem}.jpg"
        write_picture(Image.new("RGB", (4, 4)), path)
        write_picture(Image.new("RGB", (4, 4)), path, force=True)
        write_atomically(tmp_path / (letter * (LONGEST // len(letter.encode()))), b"x")
    assert len(list(tmp_path.iterdir())) == 4


def test_nothing_is_left_of_what_fails(tmp_path):
    with contextlib.suppress(FileNotFoundError), temporary_beside(tmp_path / "a.png") as path:
        path.write_bytes(b"half")
        path.replace(tmp_path / "a folder" / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path):
    killed = subprocess.run([sys.executable, "-c", WRITE, str(tmp_path / "a.png")], check=False)
    assert killed.returncode != 0
    assert [path.suffix for path in tmp_path.iterdir()] == [".png"]
    write_picture(Image.new("RGB", (4, 4)), tmp_path / "b.png")
    assert [path.name for path in tmp_path.iterdir()] == ["b.png"]


def test_what_others_write_is_left_alone(tmp_path):
    mine = f".impasto-{temporary._MACHINE}-{os.getppid()}-0.part.png"
    names = {mine, ".impasto-00000000-999999999-0.part.png", "impasto.part", ".a.part"}
    for name in names:
        (tmp_path / name).write_text("x")
    remove_left_behind(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == names


def test_checkpoints_leave_nothing_behind(tmp_path):
    (tmp_path / f".impasto-{temporary._MACHINE}-999999999-0.part.pt").write_text("x")
    path = Checkpoints(tmp_path).save(3, {"a": 1})
    assert list(tmp_path.iterdir()) == [path]
