from __future__ import annotations

import asyncio
import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from impasto.core.errors import ConfigError, ResourceError
from impasto.web.gallery import small_jpeg
from impasto.web.job_queue import ENDED_TWICE
from impasto.web.jobs import Timing
from impasto.web.responses import Slots, in_format, view_of
from impasto.web.store import Store
from web_tools import client_of, opened, paint, photo_bytes, send, start, wait


def test_a_result_is_found_again_after_a_restart(make_desk):
    queue = make_desk()
    client = client_of(queue)
    photo = send(client, photo_bytes(), "holiday.jpg")
    job = paint(client, photo=photo)
    data = client.get(job["result"]).content
    queue.close()
    again = client_of(make_desk())
    found = again.get(f"/api/jobs/{job['id']}").json()
    assert {**found, "has_film": None} == {**job, "has_film": None}
    assert again.get(found["result"]).content == data
    assert paint(again, photo=photo)["state"] == "done"


@pytest.mark.usefixtures("weights")
def test_at_the_end_a_refinement_is_kept_and_what_waits_goes_on_later(make_desk):
    queue = make_desk()
    client = client_of(queue)
    first = paint(client)
    finer = start(client, kind="optimize", after=first["id"], seconds=200)
    waiting = start(client, kind="stylize", photo="castle", styles=[{"style": "poppies"}], size=64)
    for _ in range(6000):
        if client.get(f"/api/jobs/{finer['id']}").json()["step"]:
            break
        time.sleep(0.05)
    queue.close()
    again = client_of(make_desk())
    kept = again.get(f"/api/jobs/{finer['id']}").json()
    assert (kept["state"], kept["stopped"]) == ("done", True)
    assert opened(again.get(kept["result"]).content).size == (96, 64)
    assert wait(again, waiting)["state"] == "done"


def test_a_job_that_ended_a_server_twice_is_given_up(make_desk):
    queue = make_desk()
    job = paint(client_of(queue))
    queue.close()
    path = queue.store.job_folder(job["id"]) / "job.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"state": "working", "commands": [], "calls": []}))
    queue = make_desk()
    assert wait(client_of(queue), job)["state"] == "done"
    queue.close()
    record = json.loads(path.read_text())
    assert record["attempts"] == 1
    path.write_text(json.dumps(record | {"state": "working"}))
    given_up = client_of(make_desk()).get(f"/api/jobs/{job['id']}").json()
    assert (given_up["state"], given_up["message"]) == ("failed", ENDED_TWICE)


def test_a_damaged_record_is_no_obstacle(make_desk):
    queue = make_desk()
    client = client_of(queue)
    broken, old, good = (paint(client)["id"] for _ in range(3))
    queue.close()
    (queue.store.job_folder(broken) / "job.json").write_text("{")
    (queue.store.job_folder(old) / "job.json").write_text(f'{{"key": "{old}", "created": 1}}')
    queue = make_desk()
    assert list(queue.jobs) == [good]
    assert not queue.store.job_folder(broken).exists()
    assert not queue.store.job_folder(old).exists()


def test_everything_expires(make_desk, clock):
    queue = make_desk(keep=3600)
    client = client_of(queue)
    photo = send(client, photo_bytes())
    unused = send(client, photo_bytes(seed=2))
    job = paint(client, photo=photo)
    clock.ahead += 3000
    later = paint(client, photo=photo)
    clock.ahead += 1000
    queue.sweep()
    assert client.get(f"/api/jobs/{job['id']}").status_code == 404
    assert "expired" in client.get(f"/api/jobs/{job['id']}").json()["error"]
    assert client.get(f"/api/pictures/{unused}").status_code == 404
    assert client.get(f"/api/pictures/{photo}").status_code == 200  # the later job needs it
    clock.ahead += 3000
    queue.sweep()
    assert client.get(f"/api/jobs/{later['id']}").status_code == 404
    assert client.get(f"/api/pictures/{photo}").status_code == 404
    assert list((queue.store.folder / "jobs").iterdir()) == []


def test_the_oldest_results_go_when_the_folder_is_full(make_desk):
    queue = make_desk()
    client = client_of(queue)
    jobs = [paint(client, size=size)["id"] for size in (300, 301, 302)]
    queue.store.limit = queue.store.size() - 1000
    queue.sweep()
    assert jobs[0] not in queue.jobs
    assert jobs[-1] in queue.jobs
    assert queue.store.size() <= queue.store.limit


def test_what_does_not_fit_is_refused_with_what_to_do(make_desk):
    queue = make_desk(disk=20_000)
    client = client_of(queue)
    answer = client.post(
        "/api/pictures", content=photo_bytes(400, 400, "PNG"), headers={"content-type": "image/png"}
    )
    assert answer.status_code == 507
    assert "folder is full" in answer.json()["error"]


def test_a_folder_has_one_server(make_desk):
    queue = make_desk()
    with pytest.raises(ConfigError, match="another impasto web"):
        Store(queue.store.folder, 3600, 10**9)


def test_a_stopped_job_that_waits_never_begins(client):
    first = start(client, kind="sheet", photo="castle")
    second = start(client, kind="sheet", photo="castle")
    stopped = client.post(f"/api/jobs/{second['id']}/stop").json()
    assert stopped["state"] == "failed"
    assert "before it began" in stopped["message"]
    client.delete(f"/api/jobs/{first['id']}")


def test_times_are_measured_warm(tmp_path):
    timing = Timing(tmp_path / "timing.json")
    assert timing.expect("stylize", 2) is None
    timing.add("stylize", 10.0)
    assert timing.expect("stylize") == 10
    timing.add("stylize", 1.0)  # the first one loaded what the others find ready
    assert timing.expect("stylize", 2) == 2
    timing.add("stylize", 3.0, 2)
    assert timing.expect("stylize") == 1.25
    again = Timing(tmp_path / "timing.json")
    again.add("stylize", 10.0)
    assert again.expect("stylize") == 1.25
    (tmp_path / "timing.json").write_text("[1]")
    assert Timing(tmp_path / "timing.json").measured == {}


def test_what_a_painting_still_needs_is_not_deleted(make_desk):
    queue = make_desk()
    client = client_of(queue)
    photo = send(client, photo_bytes())
    before = start(client, kind="sheet", photo="castle")
    job = start(client, kind="stylize", photo=photo, styles=[{"style": "starry-night"}])
    answer = client.delete(f"/api/pictures/{photo}")
    assert answer.status_code == 409
    assert answer.json()["error"].endswith("is being painted from it; stop that first")
    for each in (before, job):
        client.delete(f"/api/jobs/{each['id']}")
    assert client.delete(f"/api/pictures/{photo}").status_code == 204


@pytest.mark.usefixtures("weights")
def test_nor_is_a_result_that_is_being_refined(make_desk):
    client = client_of(make_desk())
    first = paint(client)
    job = start(client, kind="optimize", after=first["id"], seconds=200)
    answer = client.delete(f"/api/jobs/{first['id']}")
    assert answer.status_code == 409
    assert "is being made finer" in answer.json()["error"]
    client.delete(f"/api/jobs/{job['id']}")
    assert client.delete(f"/api/jobs/{first['id']}").status_code == 204


def test_a_clock_that_jumps_measures_nothing(tmp_path):
    timing = Timing(tmp_path / "timing.json")
    for seconds in (10.0, 1.0, -3600.0, 0.0, 90_000.0):
        timing.add("stylize", seconds)
    timing.add("stylize", 1.0, 1e-4)  # a tiny picture
    assert timing.expect("stylize") == 1


def test_the_painter_lives_on_when_its_folder_goes(make_desk):
    queue = make_desk()
    client = client_of(queue)
    paint(client)
    shutil.rmtree(queue.store.folder / "jobs")
    shutil.rmtree(queue.store.folder / "pictures")
    photo = send(client, photo_bytes())
    assert paint(client, photo=photo)["state"] == "done"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("odd")])
def test_a_painting_that_cannot_be_kept_fails_in_words_and_the_next_is_painted(
    client, monkeypatch, error
):
    def full(*_, **__):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("impasto.web.recorder.write_picture", full)
        job = paint(client)
    assert job["state"] == "failed"
    assert "No space left" in job["message"] or "terminal" in job["message"]
    assert paint(client)["state"] == "done"
    assert client.get("/api/health").json()["status"] == "ok"


def test_a_job_that_cannot_be_kept_is_none(client, queue, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "_write", full)
        request = {"kind": "stylize", "photo": "castle", "styles": [{"style": "poppies"}]}
        answer = client.post("/api/jobs", json=request)
    assert answer.status_code == 507
    assert "No space left" in answer.json()["error"]
    assert (queue.length, queue.is_working, queue.jobs) == (0, False, {})


def test_the_record_fails_and_the_work_goes_on(client, monkeypatch):
    kept = Store.save_job
    calls = []

    def once(self, key, record):
        calls.append(key)
        if len(calls) > 1:  # the first is the order
            raise ResourceError("full")
        kept(self, key, record)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "save_job", once)
        assert paint(client)["state"] == "done"
    assert len(calls) > 1
    assert paint(client)["state"] == "done"


def test_what_is_old_makes_room_for_what_is_wanted(make_desk):
    queue = make_desk()
    client = client_of(queue)
    jobs = [paint(client, size=size)["id"] for size in (600, 601, 602)]
    queue.store.limit = queue.store.size() + 10
    send(client, photo_bytes(400, 400))
    assert jobs[0] not in queue.jobs
    assert queue.store.size() <= queue.store.limit


@pytest.mark.parametrize("record", ['{"created": "x"}', "[1]", "{}"])
def test_damaged_records_are_no_obstacle(make_desk, record):
    queue = make_desk()
    client = client_of(queue)
    job, photo = paint(client)["id"], send(client, photo_bytes())
    queue.close()
    (queue.store.job_folder(job) / "job.json").write_text(record)
    (queue.store.folder / "pictures" / photo / "about.json").write_text(record)
    queue = make_desk()
    assert (queue.jobs, queue.store.uploads) == ({}, {})


@pytest.mark.usefixtures("weights")
def test_an_order_keeps_the_commands_that_come_first(client, queue):
    first = paint(client)
    finer = start(client, kind="optimize", after=first["id"], seconds=100)
    record = json.loads((queue.store.job_folder(finer["id"]) / "job.json").read_text())
    assert record["commands"] == [first["command"]]
    client.delete(f"/api/jobs/{finer['id']}")


def test_tiny_weights_count_beside_each_other(client):
    styles = [{"style": "poppies", "weight": 3e-9}, {"style": "spring", "weight": 1e-9}]
    job = paint(client, styles=styles)
    assert job["state"] == "done"
    assert [share["weight"] for share in job["styles"]] == [1.0, 0.333]


def test_a_number_that_no_file_can_have(client):
    job = paint(client)
    for kind in ("frames", "tiles"):
        assert client.get(f"/api/jobs/{job['id']}/{kind}/{'9' * 300}").status_code == 404


def test_two_ask_for_a_format_at_once(client, queue):
    job = paint(client)
    path = queue.result_path(job["id"])
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: in_format(path, "webp", None), range(4)))
    assert {each.name for each in found} == {"result.webp"}
    assert opened(found[0].read_bytes()).size == (96, 64)


def test_a_view_is_decoded_once_and_few_at_a_time(client, queue, monkeypatch):
    photo = send(client, photo_bytes(400, 300))
    inside, most, calls = [], [], []

    def counted(path, size):
        calls.append(size)
        inside.append(True)
        most.append(len(inside))
        found = small_jpeg(path, size)
        inside.pop()
        return found

    monkeypatch.setattr("impasto.web.responses.small_jpeg", counted)
    path = queue.store.path_of(queue.store.find_input(photo))
    with ThreadPoolExecutor(8) as pool:
        views = list(pool.map(lambda n: view_of(path, 100 + n, is_upload=True), range(16)))
    assert {max(opened(view).size) for view in views} == set(range(100, 116))
    assert max(most) <= 2
    calls.clear()
    first, second = (client.get(f"/api/pictures/{photo}/view?size=256").content for _ in range(2))
    assert first == second
    assert calls == [256]
    client.delete(f"/api/pictures/{photo}")
    assert not path.parent.exists()


def test_who_leaves_the_line_leaves_his_place():
    async def crowd():
        slots = Slots(1)
        async with slots:
            for _ in range(30):
                waiting = asyncio.ensure_future(slots.__aenter__())
                await asyncio.sleep(0)
                waiting.cancel()
        async with slots:
            return True

    assert asyncio.run(crowd())


@pytest.mark.parametrize("name", ["\N{ARTIST PALETTE}" * 60 + ".jpg", "写" * 240 + ".jpg"])
def test_names_of_results_fit_into_a_folder(client, name):
    photo = send(client, photo_bytes(), name)
    pictures = [send(client, photo_bytes(seed=seed), name) for seed in range(3)]
    job = paint(client, photo=photo, styles=[{"picture": each} for each in pictures])
    assert job["state"] == "done"
    assert len(job["output"].encode()) <= 255
