from __future__ import annotations

import json
import shlex
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import TypeAdapter, ValidationError

import impasto
from impasto import assets
from impasto.cli.start import main
from impasto.core.errors import ResourceError
from impasto.web import limits
from impasto.web.job_queue import JobQueue
from impasto.web.orders import Name
from impasto.web.store import new_key
from web_tools import JPEG, opened, paint, photo_bytes, send, start, wait

STARRY = [{"style": "starry-night"}]


def test_a_pass_is_painted_and_its_file_tells_how(client, tmp_path):
    photo = send(client, photo_bytes(), "holiday.jpg")
    job = paint(client, photo=photo)
    assert (job["state"], job["width"], job["height"]) == ("done", 96, 64)
    answer = client.get(job["result"], params={"download": True})
    assert (
        answer.headers["content-disposition"] == 'attachment; filename="holiday_starry-night.png"'
    )
    (tmp_path / "result.png").write_bytes(answer.content)
    note = json.loads(Image.open(tmp_path / "result.png").text["impasto"])
    assert note["content"]["name"] == "holiday.jpg"
    assert note["styles"][0]["name"] == "starry-night"
    assert str(tmp_path) not in json.dumps(note)


@pytest.mark.parametrize(("kind", "found"), [("jpeg", "JPEG"), ("webp", "WEBP")])
def test_a_result_in_another_format_has_the_recipe_too(client, tmp_path, kind, found):
    job = paint(client)
    data = client.get(job["result"], params={"format": kind}).content
    assert opened(data).format is None  # a copy
    path = tmp_path / f"result.{kind}"
    path.write_bytes(data)
    with Image.open(path) as image:
        assert image.format == found
    assert main(["show", str(path)]) == 0


def run_command(job, folder: Path, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    for line in job["command"].split(" &&\n"):
        words = shlex.split(line)
        assert words[0] == "impasto"
        assert main([*words[1:], "--force", "--quiet"]) == 0


def same(client, job, path: Path) -> bool:
    theirs = np.asarray(opened(client.get(job["result"]).content).convert("RGBA"))
    return np.array_equal(theirs, np.asarray(Image.open(path).convert("RGBA")))


REQUESTS = {
    "plain": {},
    "strength": {"strength": 0.4},
    "color": {"preserve_color": "luminance", "size": 120},
    "stroke": {"stroke": 2.5, "size": 300},
    "own size": {"size": None},
    "map": {"style_map": "left:right"},
    "blend": {"styles": [{"style": "poppies", "weight": 0.7}, {"style": "harvest", "weight": 0.3}]},
    "two in one": {
        "styles": [{"style": "poppies"}, {"style": "harvest"}],
        "style_map": "top:bottom",
    },
}


@pytest.mark.parametrize("case", REQUESTS)
def test_the_copied_command_and_python_paint_the_same_pixels(client, tmp_path, monkeypatch, case):
    data = photo_bytes(700, 420)
    (tmp_path / "my holiday.jpg").write_bytes(data)
    photo = send(client, data, "my holiday.jpg")
    job = paint(client, photo=photo, **REQUESTS[case])
    assert job["state"] == "done", job["message"]
    run_command(job, tmp_path, monkeypatch)
    assert same(client, job, tmp_path / job["output"])
    (tmp_path / job["output"]).unlink()
    exec(compile(job["python"], "copied", "exec"), {})
    assert same(client, job, tmp_path / job["output"])


@pytest.mark.usefixtures("weights")
def test_the_copied_command_knows_own_paintings_and_masks(client, tmp_path, monkeypatch):
    files = [
        ("picture.png", photo_bytes(160, 120, "PNG")),
        ("picture.png", photo_bytes(128, 128, "PNG", seed=5)),
        ("mask.png", mask_bytes()),
    ]
    ids = [send(client, data, name) for name, data in files]
    job = paint(
        client,
        photo=ids[0],
        styles=[{"picture": ids[1], "weight": 0.5}, {"style": "poppies"}],
        style_map=ids[2],
    )
    assert job["state"] == "done", job["message"]
    assert [need["name"] for need in job["needs"]] == ["picture.png", "picture-2.png", "mask.png"]
    for need in job["needs"]:  # the copies that the page offers will do
        (tmp_path / need["name"]).write_bytes(client.get(need["url"]).content)
    run_command(job, tmp_path, monkeypatch)
    assert same(client, job, tmp_path / job["output"])


def mask_bytes() -> bytes:
    import io

    mask = Image.new("L", (64, 48))
    mask.paste(255, (0, 0, 30, 48))
    stream = io.BytesIO()
    mask.save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.usefixtures("weights")
def test_the_copied_command_of_a_refinement_goes_all_the_way(client, tmp_path, monkeypatch):
    data = photo_bytes(96, 80)
    (tmp_path / "photo.jpg").write_bytes(data)
    first = paint(client, photo=send(client, data, "photo.jpg"))
    second = wait(client, start(client, kind="optimize", after=first["id"], seconds=2))
    third = wait(client, start(client, kind="optimize", after=second["id"], seconds=2))
    assert third["state"] == "done", third["message"]
    assert third["step"] > 0
    assert len(third["command"].split(" &&\n")) == 3
    run_command(third, tmp_path, monkeypatch)
    for job in (first, second, third):
        assert same(client, job, tmp_path / job["output"])
        (tmp_path / job["output"]).unlink()
    exec(compile(third["python"], "copied", "exec"), {})
    assert same(client, third, tmp_path / third["output"])


def test_a_large_jpeg_is_decoded_as_the_command_line_does(client, tmp_path, monkeypatch):
    data = photo_bytes(1203, 907)
    (tmp_path / "large.jpg").write_bytes(data)
    for size in (96, 200, 500):
        job = paint(client, photo=send(client, data, "large.jpg"), size=size)
        run_command(job, tmp_path, monkeypatch)
        assert same(client, job, tmp_path / job["output"])
        assert job["needs"] == [{"name": "large.jpg", "role": "photo", "url": None}]


@pytest.mark.usefixtures("weights")
def test_a_refinement_shows_its_way_and_is_stopped_with_what_it_has(client, queue: JobQueue):
    first = paint(client)
    job = start(client, kind="optimize", after=first["id"], seconds=300)
    working = wait_for_frames(client, job, 3)
    assert working["state"] == "working"
    assert working["eta"] is not None
    numbers = working["numbers"]
    assert 0.9 * numbers["loss"] < numbers["content"] + numbers["style"] < 1.01 * numbers["loss"]
    assert numbers["steps_per_second"] > 0
    assert numbers["memory"] > 1e8
    assert (numbers["width"], numbers["height"]) == (96, 64)
    assert client.post(f"/api/jobs/{job['id']}/stop").status_code == 200
    done = wait(client, job)
    assert (done["state"], done["stopped"]) == ("done", True)
    assert done["seconds"] < 300
    frames = [opened(client.get(frame["url"]).content) for frame in done["frames"]]
    assert {frame.size for frame in frames} == {(96, 64)}
    assert not np.array_equal(np.asarray(frames[0]), np.asarray(frames[-1]))
    assert queue.timing.expect("optimize") > 0


def wait_for_frames(client, job, count):
    import time

    for _ in range(6000):
        job = client.get(f"/api/jobs/{job['id']}").json()
        if len(job["frames"]) >= count or job["state"] == "failed":
            return job
        time.sleep(0.05)
    raise AssertionError("no previews came")


@pytest.mark.usefixtures("weights")
def test_events_tell_the_whole_job_until_it_is_over(client):
    first = paint(client)
    job = start(client, kind="optimize", after=first["id"], seconds=2)
    answer = client.get(f"/api/jobs/{job['id']}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
    assert told[-1]["state"] == "done"
    steps = [each["step"] for each in told]
    assert steps == sorted(steps)
    assert len(told) > 3
    again = client.get(f"/api/jobs/{job['id']}/events")  # a page that comes late
    assert json.loads(again.text.split("data: ")[1])["state"] == "done"


def test_all_styles_at_once(client):
    job = wait(client, start(client, kind="sheet", photo="castle"))
    assert job["state"] == "done", job["message"]
    names = [tile["name"] for tile in job["tiles"]]
    assert names == ["castle", *impasto.styles()]
    tiles = {client.get(tile["url"]).content for tile in job["tiles"]}
    assert len(tiles) == len(names)
    assert opened(client.get(job["result"]).content).width > 4 * limits.SHEET_SIZE


def test_styles_are_listed_with_artist_year_and_thumbnail(client):
    found = {style["name"]: style for style in client.get("/api/styles").json()}
    assert set(found) == set(impasto.styles())
    night = found["starry-night"]
    assert (night["artist"], night["title"], night["year"]) == (
        "Vincent van Gogh",
        "The Starry Night",
        "1889",
    )
    assert all(style["artist"] and style["year"] for style in found.values())
    assert opened(client.get(night["thumbnail"]).content).width > 200


def test_health_and_example(client):
    assert client.get("/api/health").json()["status"] == "ok"
    example = client.get("/api/about").json()["example"]
    done = wait(client, example)
    assert done["state"] == "done"
    assert done["command"].startswith("impasto stylize castle --style starry-night")
    assert client.get("/api/about").json()["example"]["id"] == example["id"]


def png_bomb(width: int, height: int) -> bytes:
    """A valid PNG of few bytes and very many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * (width // 8 + 1) * 100, 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


BAD = {
    "nothing": (b"", "empty"),
    "text": (b"Dear Sir or Madam", "not a picture"),
    "page": (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "not a picture"),
    "truncated": (photo_bytes(300, 300)[:2000], "damaged"),
    "bomb": (png_bomb(60_000, 60_000), "too many"),
    "small bomb": (png_bomb(9_000, 9_000), "too many"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not a picture"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_upload_gets_one_clear_line_and_leaves_nothing(client, queue, case):
    data, words = BAD[case]
    answer = client.post("/api/pictures", content=data, headers=JPEG)
    assert answer.status_code == 422
    assert words in answer.json()["error"]
    assert "\n" not in answer.json()["error"]
    assert list((queue.store.folder / "pictures").iterdir()) == []


def test_an_upload_that_is_said_to_be_something_else_is_refused(client):
    answer = client.post("/api/pictures", content=b"x", headers={"content-type": "text/plain"})
    assert answer.status_code == 415


def test_an_upload_that_is_said_to_be_huge_is_refused_unread(client):
    headers = JPEG | {"content-length": "200000000"}
    answer = client.post("/api/pictures", content=b"x", headers=headers)
    assert answer.status_code == 413
    assert "64 MB" in answer.json()["error"]


def test_names_of_clients_never_reach_the_disk(client, tmp_path):
    photo = send(client, photo_bytes(), "../../../etc/evil;$(touch x).jpg")
    files = [path for path in tmp_path.rglob("*") if "evil" in path.name or path.name == "x"]
    assert files == []
    job = paint(client, photo=photo)
    assert shlex.split(job["command"])[2] == "evil;$(touch x).jpg"
    for key in ("..%2f..%2fetc%2fpasswd", "....", "%2e%2e", "castle%00"):
        assert client.get(f"/api/pictures/{key}").status_code == 404
        assert client.get(f"/api/jobs/{key}/result").status_code == 404
        assert client.get(f"/static/{key}").status_code == 404


def test_nothing_of_an_upload_is_kept_but_pixels(client, queue):
    import io

    exif = Image.Exif()
    exif[0x010F] = "Secret Camera"
    exif[0x0112] = 6  # a phone held upright
    stream = io.BytesIO()
    Image.new("RGB", (80, 60), "red").save(stream, "JPEG", exif=exif, comment=b"Secret Place")
    assert b"Secret" in stream.getvalue()
    photo = send(client, stream.getvalue(), "phone.jpg")
    assert (queue.store.uploads[photo].width, queue.store.uploads[photo].height) == (60, 80)
    kept = b"".join(p.read_bytes() for p in queue.store.folder.rglob("*") if p.is_file())
    assert b"Secret" not in kept


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF", "TIFF", "GIF", "BMP"])
def test_other_formats_are_welcome(client, kind):
    send(client, photo_bytes(64, 48, kind), f"a.{kind.lower()}")


def test_an_iphones_photo_is_welcome(client):
    import io

    import pillow_heif

    stream = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 48), "teal")).save(stream)
    photo = send(client, stream.getvalue(), "IMG_1.HEIC")
    shown = opened(client.get(f"/api/pictures/{photo}/view").content)
    assert shown.size == (64, 48)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"styles": []}, "at least 1"),
        ({"styles": STARRY * 5}, "at most 4"),
        ({"strength": 2}, "less than or equal to 1"),
        ({"size": 100_000}, "less than or equal to 4096"),
        ({"any_model": "/etc/passwd"}, "not permitted"),
        ({"styles": [{"style": "starry-night", "picture": "x"}]}, "either"),
        ({"styles": [{"style": "starry-night", "weight": 0}]}, "above 0"),
        ({"styles": [{"style": "/etc/passwd"}]}, "pattern"),
        ({"style_map": "diagonal"}, "no such picture"),
        ({"photo": "no-such-photo"}, "no such picture"),
        ({"styles": [{"style": "monet"}]}, "no style"),
        ({"styles": [{"picture": "A" * 22}]}, "no such picture"),
    ],
)
def test_a_wrong_request_gets_one_clear_line(client, request_, words):
    wanted = {"kind": "stylize", "photo": "castle", "styles": STARRY} | request_
    answer = client.post("/api/jobs", json=wanted)
    assert answer.status_code in (404, 422)
    assert words in answer.json()["error"]


def test_a_request_that_is_no_json_or_too_long(client):
    assert client.post("/api/jobs", content=b"{").status_code == 422
    answer = client.post("/api/jobs", content=b"[" * 100_000)
    assert answer.status_code in (400, 413)


@pytest.mark.usefixtures("weights")
def test_a_full_queue_says_when_to_come_back(make_desk):
    from web_tools import client_of

    queue = make_desk(limit=2)
    client = client_of(queue)
    first = paint(client)
    running = start(client, kind="optimize", after=first["id"], seconds=200)
    wait(client, running, until=("working",))
    waiting = [start(client, kind="sheet", photo="castle") for _ in range(2)]
    assert [client.get(f"/api/jobs/{job['id']}").json()["place"] for job in waiting] == [1, 2]
    answer = client.post("/api/jobs", json={"kind": "sheet", "photo": "castle"})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    assert "2 paintings are waiting" in answer.json()["error"]
    for job in (*waiting, running):
        assert client.delete(f"/api/jobs/{job['id']}").status_code == 204
    assert client.get(f"/api/jobs/{waiting[0]['id']}").status_code == 404
    assert paint(client)["state"] == "done"


@pytest.mark.usefixtures("weights")
def test_a_cancelled_job_frees_its_memory_and_files(client, queue):
    import gc
    import time

    import torch

    def largest() -> int:
        gc.collect()
        tensors = [each for each in gc.get_objects() if issubclass(type(each), torch.Tensor)]
        return sum(each.numel() for each in tensors if each.shape[-2:] == (304, 456))

    first = paint(client, size=456)
    job = start(client, kind="optimize", after=first["id"], seconds=200)
    wait_for_frames(client, job, 2)
    folder = queue.store.job_folder(job["id"])
    assert folder.exists()
    assert largest() > 0
    client.delete(f"/api/jobs/{job['id']}")
    for _ in range(2000):
        if not queue.is_working:
            break
        time.sleep(0.05)
    assert not folder.exists()
    assert largest() == 0


def test_finer_says_why_it_cannot(client):
    weak = paint(client, strength=0.5)
    assert "full strength" in weak["why_not_finer"]
    answer = client.post("/api/jobs", json={"kind": "optimize", "after": weak["id"]})
    assert answer.status_code == 422
    assert "full strength" in answer.json()["error"]
    assert "whole picture" in paint(client, style_map="left:right")["why_not_finer"]
    assert paint(client)["why_not_finer"] is None


def test_a_failed_job_says_what_to_do(client):
    photo = send(client, photo_bytes(), "holiday.jpg")
    flat = send(client, photo_bytes_flat(), "mask.png")
    job = paint(client, photo=photo, style_map=flat)
    assert job["state"] == "failed"
    assert "no contrast" in job["message"]
    assert "--" not in job["message"]


def photo_bytes_flat() -> bytes:
    import io

    stream = io.BytesIO()
    Image.new("L", (32, 32), 90).save(stream, "PNG")
    return stream.getvalue()


def test_bundled_pictures_are_inputs(client):
    answer = client.get("/api/pictures/castle")
    assert answer.content == assets.find("castle").read_bytes()
    assert client.get("/api/pictures/castle/about").json()["width"] == 960


def test_every_key_may_be_asked_for():
    """An upload whose key began with a hyphen was refused: one in 64."""
    names = TypeAdapter(Name)
    assert len(new_key()) == 22  # as those of earlier versions
    for key in [*(new_key() for _ in range(300)), "-DXaEQivwdOyHjd5PTxvYw", "_a"]:
        assert names.validate_python(key) == key
    for odd in ("../secret", "a/b", ".hidden", "", "a" * 82):
        with pytest.raises(ValidationError):
            names.validate_python(odd)


@pytest.mark.usefixtures("weights")
def test_a_painting_of_one_s_own_is_passed_first_and_then_sketched(
    client, queue: JobQueue, tmp_path, monkeypatch
):
    monkeypatch.setattr("impasto.web.painting.SKETCH_SECONDS", 0.3)
    data, painting = photo_bytes(96, 80), photo_bytes(80, 64)
    for name, content in (("photo.jpg", data), ("painting.jpg", painting)):
        (tmp_path / name).write_bytes(content)
    photo, style = send(client, data, "photo.jpg"), send(client, painting, "painting.jpg")
    job = paint(client, photo=photo, styles=[{"picture": style}])
    assert job["state"] == "done", job["message"]
    assert "impasto optimize photo.jpg painting.jpg" in job["command"]
    frames = [opened(client.get(frame["url"]).content) for frame in job["frames"]]
    assert {frame.size for frame in frames} == {(96, 80)}, "the pass, and the sketch as it grows"
    assert queue.timing.expect("sketch") > 0
    assert queue.timing.expect("stylize") is None
    run_command(job, tmp_path, monkeypatch)
    assert same(client, job, tmp_path / job["output"])
    with_map = paint(client, photo=photo, styles=[{"picture": style}], style_map="left:right")
    assert "impasto stylize photo.jpg --style painting.jpg" in with_map["command"]


@pytest.mark.usefixtures("weights")
def test_without_the_memory_for_a_sketch_the_pass_stays(client, monkeypatch):
    def too_little(*_, **__):
        raise ResourceError("too little")

    monkeypatch.setattr("impasto.optimization.picture.plan_memory", too_little)
    photo, style = send(client, photo_bytes(96, 80)), send(client, photo_bytes(80, 64))
    job = paint(client, photo=photo, styles=[{"picture": style}])
    assert job["state"] == "done", job["message"]
    assert "impasto stylize" in job["command"]
