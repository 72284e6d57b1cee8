"""Files at addresses, on a real S3 server and in fsspec's own memory."""

import logging
import pickle
import subprocess
import sys
from pathlib import Path

import fsspec
import pytest

from impasto.core.addresses import Address, is_address, is_inside, place
from impasto.core.errors import ConfigError, ImageError


@pytest.fixture
def memory():
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def test_names_are_like_those_of_paths():
    photo = place("S3://bucket/photos/") / "trip/a.b.JPG"
    assert str(photo) == "S3://bucket/photos/trip/a.b.JPG"
    assert (photo.scheme, photo.name, photo.stem, photo.suffix) == ("s3", "a.b.JPG", "a.b", ".JPG")
    assert photo.with_suffix(".png") == photo.parent / "a.b.png"
    assert photo.with_stem("c") == photo.with_name("c.JPG")
    assert {photo, pickle.loads(pickle.dumps(photo))} == {photo}
    assert sorted([photo, photo.parent]) == [photo.parent, photo]


def test_what_is_an_address_and_what_is_not():
    for name in ("photos", "C:/photos", "a:b.jpg", "a//b.jpg", Path("s3:/bucket")):
        assert not is_address(name)
        assert place(name) == Path(name)
    assert place("file:///a%20b/c.jpg") == Path("/a b/c.jpg")
    assert is_address("memory://photos")
    assert is_address(Address("az://photos"))


def test_a_password_in_an_address_is_printed_nowhere():
    secret = Address("sftp://me:secret@host/photos")
    assert str(secret) == "sftp://host/photos"
    assert "secret" not in repr(secret)
    assert secret.url.startswith("sftp://me:secret@")
    with pytest.raises((ImageError, ConfigError)) as caught:
        Address("nonsense://me:secret@host/a").read()
    assert "secret" not in str(caught.value)


def test_keys_that_would_lead_out_of_a_folder():
    for key in (
        "../a.jpg",
        "a/../../b.jpg",
        "/etc/a.jpg",
        "a//b.jpg",
        "./a.jpg",
        "",
        "c:/a",
        "a\0",
    ):
        assert not is_inside(key), key
    for key in ("a.jpg", "a/b c/..d.jpg", "a:b/c.jpg"[2:]):
        assert is_inside(key), key
    assert not is_inside(r"..\a.jpg")


def test_files_are_written_listed_and_read(memory):
    folder = place("memory://photos")
    assert folder.files() == []
    assert not folder.is_folder()
    (folder / "b/c.jpg").write(b"c")
    (folder / "a.jpg").write(b"a")
    memory.pipe_file("/photos2/x.jpg", b"x")
    assert folder.files() == ["a.jpg", "b/c.jpg"]
    assert folder.is_folder()
    data = (folder / "b/c.jpg").read()
    assert data == b"c"
    assert data.name == "memory://photos/b/c.jpg"


def test_elsewhere_a_file_shows_when_it_is_whole(tmp_path, monkeypatch):
    target = Address(f"local://{tmp_path}/new/a.png")
    target.write(b"whole")
    assert (tmp_path / "new/a.png").read_bytes() == b"whole"

    def breaks_off(_system, path, value, **_):
        Path(path).write_bytes(value[:2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(target._found[0]), "pipe_file", breaks_off)
    with pytest.raises(ImageError, match=r"cannot be written: No space left on device"):
        target.write(b"another")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.png"]
    assert (tmp_path / "new/a.png").read_bytes() == b"whole"


@pytest.mark.usefixtures("memory")
def test_what_is_missing_is_said_in_one_line():
    with pytest.raises(ImageError, match=r"^memory://none/a.jpg does not exist; check"):
        place("memory://none/a.jpg").read()
    with pytest.raises(ConfigError, match=r"nothing here knows nonsense://"):
        place("nonsense://a/b").is_folder()
    with pytest.raises(ConfigError, match=r"gs:// needs a package more: pip install gcsfs"):
        place("gs://a/b").is_folder()


def test_a_bucket_that_is_not_there_or_not_open(cloud):
    with pytest.raises(ImageError, match=r"s3://nobodys/a.jpg does not exist"):
        place("s3://nobodys/a.jpg").read()
    bucket = cloud.bucket()
    photo = place(f"s3://{bucket}/a.jpg")
    photo.write(b"a")
    cloud.lock(after=0)
    with pytest.raises(ImageError, match=r"cannot be written: no right to"):
        photo.write(b"b")
    cloud.lock(after=10**9)
    assert photo.read() == b"a"


def test_a_folder_is_listed_in_one_request(cloud, caplog):
    bucket = cloud.bucket()
    for number in range(12):
        cloud.files.pipe_file(f"{bucket}/in/{number % 3}/{number}.jpg", b"a")
    caplog.clear()
    with caplog.at_level(logging.INFO, "werkzeug"):
        assert len(place(f"s3://{bucket}/in").files()) == 12
    requests = [record.getMessage() for record in caplog.records if record.name == "werkzeug"]
    assert len(requests) <= 2, requests


def test_without_credentials_nothing_is_guessed(tmp_path):
    code = "from impasto.core.addresses import place; place('s3://bucket/a.jpg').read()"
    environment = {"PATH": "/usr/bin", "HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert "no credentials; set them as this service asks" in done.stderr.splitlines()[-1]
