from __future__ import annotations

import json
import time

import pytest

from impasto.core.errors import ConfigError
from impasto.web.desk import ENDED_TWICE
from impasto.web.store import Store
from impasto.web.timing import Timing
from web_tools import client_of, opened, paint, photo_bytes, send, start, wait


def test_a_result_is_found_again_after_a_restart(make_desk):
    desk = make_desk()
    client = client_of(desk)
    photo = send(client, photo_bytes(), "holiday.jpg")
    job = paint(client, photo=photo)
    data = client.get(job["result"]).content
    desk.close()
    again = client_of(make_desk())
    found = again.get(f"/api/jobs/{job['id']}").json()
    assert {**found, "has_film": None} == {**job, "has_film": None}
    assert again.get(found["result"]).content == data
    assert paint(again, photo=photo)["state"] == "done"


@pytest.mark.usefixtures("weights")
def test_at_the_end_a_refinement_is_kept_and_what_waits_goes_on_later(make_desk):
    desk = make_desk()
    client = client_of(desk)
    first = paint(client)
    finer = start(client, kind="optimize", after=first["id"], seconds=200)
    waiting = start(client, kind="stylize", photo="castle", styles=[{"style": "poppies"}], size=64)
    for _ in range(6000):
        if client.get(f"/api/jobs/{finer['id']}").json()["step"]:
            break
        time.sleep(0.05)
    desk.close()
    again = client_of(make_desk())
    kept = again.get(f"/api/jobs/{finer['id']}").json()
    assert (kept["state"], kept["stopped"]) == ("done", True)
    assert opened(again.get(kept["result"]).content).size == (96, 64)
    assert wait(again, waiting)["state"] == "done"


def test_a_job_that_ended_a_server_twice_is_given_up(make_desk):
    desk = make_desk()
    job = paint(client_of(desk))
    desk.close()
    path = desk.store.job_folder(job["id"]) / "job.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"state": "working", "commands": [], "calls": []}))
    desk = make_desk()
    assert wait(client_of(desk), job)["state"] == "done"
    desk.close()
    record = json.loads(path.read_text())
    assert record["attempts"] == 1
    path.write_text(json.dumps(record | {"state": "working"}))
    given_up = client_of(make_desk()).get(f"/api/jobs/{job['id']}").json()
    assert (given_up["state"], given_up["message"]) == ("failed", ENDED_TWICE)


def test_a_damaged_record_is_no_obstacle(make_desk):
    desk = make_desk()
    client = client_of(desk)
    broken, old, good = (paint(client)["id"] for _ in range(3))
    desk.close()
    (desk.store.job_folder(broken) / "job.json").write_text("{")
    (desk.store.job_folder(old) / "job.json").write_text(f'{{"key": "{old}", "created": 1}}')
    desk = make_desk()
    assert list(desk.jobs) == [good]
    assert not desk.store.job_folder(broken).exists()
    assert not desk.store.job_folder(old).exists()


def test_everything_expires(make_desk, clock):
    desk = make_desk(keep=3600)
    client = client_of(desk)
    photo = send(client, photo_bytes())
    unused = send(client, photo_bytes(seed=2))
    job = paint(client, photo=photo)
    clock.ahead += 3000
    later = paint(client, photo=photo)
    clock.ahead += 1000
    desk.sweep()
    assert client.get(f"/api/jobs/{job['id']}").status_code == 404
    assert "expired" in client.get(f"/api/jobs/{job['id']}").json()["error"]
    assert client.get(f"/api/pictures/{unused}").status_code == 404
    assert client.get(f"/api/pictures/{photo}").status_code == 200  # the later job needs it
    clock.ahead += 3000
    desk.sweep()
    assert client.get(f"/api/jobs/{later['id']}").status_code == 404
    assert client.get(f"/api/pictures/{photo}").status_code == 404
    assert list((desk.store.folder / "jobs").iterdir()) == []


def test_the_oldest_results_go_when_the_folder_is_full(make_desk):
    desk = make_desk()
    client = client_of(desk)
    jobs = [paint(client, size=size)["id"] for size in (300, 301, 302)]
    desk.store.limit = desk.store.size() - 1000
    desk.sweep()
    assert jobs[0] not in desk.jobs
    assert jobs[-1] in desk.jobs
    assert desk.store.size() <= desk.store.limit


def test_what_does_not_fit_is_refused_with_what_to_do(make_desk):
    desk = make_desk(disk=20_000)
    client = client_of(desk)
    answer = client.post(
        "/api/pictures", content=photo_bytes(400, 400, "PNG"), headers={"content-type": "image/png"}
    )
    assert answer.status_code == 507
    assert "folder is full" in answer.json()["error"]


def test_a_folder_has_one_server(make_desk):
    desk = make_desk()
    with pytest.raises(ConfigError, match="another impasto web"):
        Store(desk.store.folder, 3600, 10**9)


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
    desk = make_desk()
    client = client_of(desk)
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
