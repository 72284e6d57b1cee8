"""A real Ray cluster of two nodes, one of which is killed, and a real S3 server."""

import io
import json
import logging
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import impasto
from impasto.cluster.options import ClusterOptions
from impasto.cluster.run import cluster_events, stylize_dataset
from impasto.core.errors import ConfigError, ImageError, ResourceError
from impasto.core.events import Failed, Note, Painted, Skipped, StopEarly
from impasto.io.image import read_note
from impasto.networks.options import StylizeOptions
from impasto.networks.random_styles import style_for
from impasto.networks.stylize import stylize_events
from support import save_picture, save_random_model

ray = pytest.importorskip("ray")
pytest.importorskip("ray.cluster_utils")
pytest.importorskip("ray.data")

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own


@pytest.fixture(scope="module")
def cluster(cloud_server):
    """Two nodes with one processor each; Ray is connected to them."""
    assert cloud_server.url  # what is asked for it is in the environment of the workers
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    made = ray.cluster_utils.Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
    )
    made.add_node(num_cpus=1)
    ray.init(made.address, log_to_driver=False, logging_level=logging.ERROR)
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "trip").mkdir(parents=True)
    for number in range(10):
        save_picture(folder / ("trip" if number % 2 else ".") / f"{number}.png", 40, 60, number)
    return folder


@pytest.fixture
def options(tmp_path):
    return StylizeOptions(style=str(save_random_model(tmp_path / "wave.safetensors")))


def by_kind(events):
    found = {Painted: [], Skipped: [], Failed: [], Note: []}
    for event in events:
        found[type(event)].append(event)
    return found


def upload(cloud, folder):
    bucket = cloud.bucket()
    for path in folder.rglob("*.*"):
        cloud.files.pipe_file(
            f"{bucket}/in/{path.relative_to(folder).as_posix()}", path.read_bytes()
        )
    return bucket


def alike(one, other, most=1):
    """Return whether two pictures are the same but for rounding: other threads, other sums."""
    return np.abs(np.asarray(one, int) - np.asarray(other, int)).max() <= most


@pytest.mark.usefixtures("cluster")
def test_a_folder_is_painted_as_one_machine_does(photos, options, tmp_path):
    (photos / "broken.jpg").write_bytes(b"no picture")
    here = by_kind(stylize_events([photos], options, output=tmp_path / "here"))
    there = by_kind(cluster_events([photos], options, output=tmp_path / "there"))
    assert len(there[Painted]) == len(here[Painted]) == 10
    for one in here[Painted]:
        other = tmp_path / "there" / one.path.relative_to(tmp_path / "here")
        assert alike(Image.open(other), Image.open(one.path))
        assert json.loads(read_note(other))["styles"][0]["name"] == "wave.safetensors"
    assert [event.message for event in there[Failed]] == [event.message for event in here[Failed]]
    assert sorted(event.done for event in there[Painted] + there[Failed]) == list(range(1, 12))
    (note,) = there[Note]
    assert "11 photos" in note.message
    assert "2 processors on 2 machines" in note.message

    again = by_kind(cluster_events([photos], options, output=tmp_path / "there"))
    assert (len(again[Painted]), len(again[Skipped]), len(again[Failed])) == (0, 10, 1)


def test_a_node_that_is_lost_changes_nothing(cluster, cloud, photos, options, tmp_path):
    for number in range(10, 40):
        save_picture(photos / f"{number}.png", 40, 60, number)
    bucket = upload(cloud, photos)
    lost = cluster.add_node(num_cpus=1)
    asked = ClusterOptions(cluster=True, workers=3)
    painted, kinds = [], []
    for event in cluster_events([f"s3://{bucket}/in"], options, asked, output=f"s3://{bucket}/out"):
        kinds.append(type(event))
        if isinstance(event, Painted):
            painted.append(str(event.source))
            if len(painted) == 1:
                cluster.remove_node(lost, allow_graceful=False)
    assert len(painted) == len(set(painted)) == 40
    assert Failed not in kinds
    names = sorted(path.relative_to(photos).as_posix() for path in photos.rglob("*.png"))
    assert cloud.keys(f"{bucket}/out") == [f"{bucket}/out/{name}" for name in names]
    list(stylize_events([photos], options, output=tmp_path / "here"))
    for name in names:
        there = cloud.files.cat_file(f"{bucket}/out/{name}")
        assert alike(Image.open(io.BytesIO(there)), Image.open(tmp_path / "here" / name))


@pytest.mark.usefixtures("cluster")
def test_it_can_be_ended_and_goes_on(photos, options, tmp_path):
    events = cluster_events([photos], options, output=tmp_path / "out")
    while not isinstance(next(events), Painted):
        pass
    with pytest.raises(StopIteration):
        events.throw(StopEarly)
    rest = by_kind(cluster_events([photos], options, output=tmp_path / "out"))
    assert len(rest[Skipped]) >= 1
    assert len(rest[Skipped]) + len(rest[Painted]) == 10


@pytest.mark.usefixtures("cluster")
def test_datasets_of_ones_own(photos, options):
    (photos / "broken.png").write_bytes(b"no picture")
    dataset = ray.data.read_binary_files(str(photos), include_paths=True)
    rows = stylize_dataset(dataset, options.style, suffix=".jpg", workers=1).take_all()
    assert len(rows) == 11
    model = impasto.load(options.style)
    for row in rows:
        if row["path"].endswith("broken.png"):
            assert row["bytes"] is None
            assert "broken.png is not a picture" in row["error"]
            continue
        assert row["error"] is None
        assert row["style"] == "wave.safetensors"
        stored = io.BytesIO()
        model(row["path"]).save(stored, "JPEG", quality=95)
        assert alike(Image.open(io.BytesIO(row["bytes"])), Image.open(stored), most=3)

    arrays = [np.asarray(Image.open(path)) for path in sorted(photos.glob("[0-9].png"))]
    dataset = ray.data.from_items([{"photo": each, "label": n} for n, each in enumerate(arrays)])
    rows = stylize_dataset(dataset, options.style, column="photo", workers=1).take_all()
    rows.sort(key=lambda row: row["label"])
    assert [row["label"] for row in rows] == [0, 1, 2, 3, 4]
    for row in rows:
        assert alike(Image.open(io.BytesIO(row["photo"])), model(arrays[row["label"]]))


@pytest.mark.usefixtures("cluster")
def test_every_photo_gets_the_painting_that_it_gets_on_one_machine(photos, tmp_path):
    styles = tmp_path / "styles"
    (styles / "more").mkdir(parents=True)
    for number, name in enumerate(("a", "b", "more/c")):
        save_random_model(styles / f"{name}.safetensors", seed=number)
    asked = StylizeOptions(style=str(styles), seed=3)
    found = by_kind(cluster_events([photos], asked, output=tmp_path / "out"))
    assert len(found[Painted]) == 10
    for event in found[Painted]:
        assert event.style == style_for(event.source, asked).style.rpartition("/")[2]
    assert len({event.style for event in found[Painted]}) > 1


@pytest.mark.usefixtures("cluster")
def test_what_cannot_be_is_refused_at_once(photos, options, tmp_path):
    with pytest.raises(ConfigError, match="--workers 0"):
        ClusterOptions(cluster=True, workers=0)
    with pytest.raises(ConfigError, match="add --cluster"):
        ClusterOptions(workers=2)
    (tmp_path / "none").mkdir()
    with pytest.raises(ImageError, match="there are no pictures"):
        list(cluster_events([tmp_path / "none"], options, output=tmp_path / "out"))
    asked = ClusterOptions(cluster=True, threads=999)
    with pytest.raises(ResourceError, match="--threads 999: the largest machine"):
        list(cluster_events([photos], options, asked, output=tmp_path / "out"))
    map_ = save_picture(tmp_path / "map.png", 8, 8, 0)
    asked = StylizeOptions(style="white=keep,black=kazusa", regions=str(map_))
    with pytest.raises(ConfigError, match="do not go with --cluster"):
        list(cluster_events([photos], asked, output=tmp_path / "out"))
    with pytest.raises(ImageError, match="written as"):
        stylize_dataset(ray.data.from_items([{"bytes": b""}]), options.style, suffix=".gif")


def run(*words, **environment):
    return subprocess.run(
        [sys.executable, *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_line_paints_on_a_cluster(cluster, cloud, photos, options):
    (photos / "broken.jpg").write_bytes(b"no picture")
    bucket = upload(cloud, photos)
    words = ("-m", "impasto", "stylize", f"s3://{bucket}/in", "--style", options.style)
    to = ("-o", f"s3://{bucket}/out", "--cluster", cluster.address, "--workers", "1")
    done = run(*words, *to)
    assert done.returncode == 3, done.stderr
    assert f"s3://{bucket}/in/broken.jpg is not a picture" in done.stderr
    assert f"s3://{bucket}/out/impasto-report.jsonl" in done.stderr
    report = cloud.files.cat_file(f"{bucket}/out/impasto-report.jsonl").decode().splitlines()
    results = [json.loads(line) for line in report]
    assert sorted(line["result"] for line in results) == ["failed", *["painted"] * 10]
    assert all("why" in line or line["style"] == "wave.safetensors" for line in results)


def test_no_cluster_and_no_ray_are_one_line(photos, tmp_path):
    words = (
        "-m",
        "impasto",
        "stylize",
        str(photos),
        "--style",
        "kazusa",
        "-o",
        str(tmp_path / "x"),
    )
    done = run(*words, "--cluster", "127.0.0.1:1")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "no Ray cluster answers there" in done.stderr
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['ray'] = None\n")
    done = run(*words, "--cluster", PYTHONPATH=str(hidden))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "impasto[cluster]" in done.stderr
