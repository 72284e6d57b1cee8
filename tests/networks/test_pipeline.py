import threading
from pathlib import Path

import pytest
from PIL import Image

from impasto.core.errors import ConfigError, ImageError
from impasto.core.events import Failed, Painted, Skipped, StopEarly
from impasto.io.image import read_note
from impasto.networks import pipeline
from impasto.networks.pipeline import AHEAD, Job, Ready, Stages, paint_batch, plan
from support import load_image, save_picture

PIXELS = 48


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(*names):
    for number, name in enumerate(names):
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_picture(path, 6, 8, number)


def read(path):
    if "broken" in path.name:
        raise ImageError(f"{path} cannot be read")
    return path


def finish(path):
    """Stand in for a network: a picture that says which photo it is of."""
    return Ready(Image.new("RGB", (8, 6), "red"), f"painted from {path.as_posix()}")


def stages(**others):
    plain = {"pixels": lambda _path: PIXELS, "read": read, "paint": lambda path: path}
    return Stages(**{**plain, "finish": finish, "size": lambda _path: (8, 6), **others})


def start(names, force=False, **others):
    jobs = [Job(Path(name), Path("out") / name) for name in names]
    return paint_batch(jobs, stages(**others), force=force)


def batch(names, **others):
    return list(start(names, **others))


def test_every_picture_is_told_of_and_carries_its_note():
    events = batch(["a.png", "deep/b.jpg"])
    assert [type(event) for event in events] == [Painted, Painted]
    first, last = events
    assert (first.source, first.path) == (Path("a.png"), Path("out/a.png"))
    assert (first.width, first.height, first.done, first.total) == (8, 6, 1, 2)
    assert first.seconds > 0
    assert first.images_per_second > 0
    assert first.eta > 0
    assert last.eta == 0
    assert read_note(Path("out/deep/b.jpg")) == "painted from deep/b.jpg"


def test_existing_results_are_skipped_unless_forced():
    make("out/a.png")
    before = Path("out/a.png").read_bytes()
    events = batch(["a.png", "b.png"])
    assert [type(event) for event in events] == [Skipped, Painted]
    assert events[1].eta == 0
    assert Path("out/a.png").read_bytes() == before
    assert [type(event) for event in batch(["a.png", "b.png"], force=True)] == [Painted] * 2
    assert Path("out/a.png").read_bytes() != before


def test_a_failure_does_not_stop_the_rest():
    events = batch(["a.png", "broken.png", "c.png"])
    assert [type(event) for event in events] == [Painted, Failed, Painted]
    assert events[1].message == "broken.png cannot be read"
    assert (events[1].source, events[1].done, events[1].total) == (Path("broken.png"), 2, 3)
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.png", "c.png"]


@pytest.mark.parametrize("stage", ["read", "paint", "finish"])
def test_our_own_bugs_are_not_hidden(stage):
    def wrong(_photo):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        batch(["a.png"], **{stage: wrong})


@pytest.mark.parametrize("error", [ImageError("no"), OSError(5, "Input/output error", "b.png")])
@pytest.mark.parametrize("stage", ["paint", "finish"])
def test_a_failure_in_any_stage_is_one_picture_s(stage, error):
    def fail(path):
        if path.name == "b.png":
            raise error
        return path if stage == "paint" else finish(path)

    events = batch(["a.png", "b.png", "c.png"], **{stage: fail})
    assert [type(event) for event in events] == [Painted, Failed, Painted]


def test_one_is_read_and_one_written_while_one_is_painted():
    """Each stage of a picture waits for another picture's: in turn, they would wait forever."""
    third_read, first_written = threading.Event(), threading.Event()

    def read_one(path):
        if path.name == "c.png":
            third_read.set()
        return path

    def paint(path):
        if path.name == "b.png":
            assert third_read.wait(20)
            assert first_written.wait(20)
        return path

    def finish_one(path):
        if path.name == "a.png":
            first_written.set()
        return finish(path)

    events = batch(["a.png", "b.png", "c.png"], read=read_one, paint=paint, finish=finish_one)
    assert [event.source.name for event in events] == ["a.png", "b.png", "c.png"]


@pytest.mark.parametrize(("pixels", "most"), [(1, 2 * AHEAD + 1), (pipeline.PIXELS, 1)])
def test_only_so_many_are_in_hand(pixels, most):
    lock, counts = threading.Lock(), [0]

    def change(by):
        with lock:
            counts.append(counts[-1] + by)

    def read_one(path):
        change(1)
        return path

    def finish_one(path):
        change(-1)
        return finish(path)

    names = [f"{number}.png" for number in range(12)]
    batch(names, pixels=lambda _path: pixels, read=read_one, finish=finish_one)
    assert counts[-1] == 0
    assert max(counts) <= most


def test_asked_to_stop_it_tells_of_what_is_painted():
    painted = []

    def paint(path):
        painted.append(path.name)
        return path

    events = start([f"{number}.png" for number in range(9)], paint=paint)
    told = [next(events)]
    try:
        told.append(events.throw(StopEarly))
        told.extend(events)
    except StopIteration:
        pass
    assert [event.source.name for event in told] == painted
    assert sorted(path.name for path in Path("out").iterdir()) == painted
    assert len(painted) < 9


def test_who_stops_reading_has_whole_files_only():
    events = start([f"{number}.png" for number in range(9)])
    next(events)
    events.close()
    found = sorted(Path("out").iterdir())
    assert 1 <= len(found) < 9
    assert all(load_image(path).size == (8, 6) for path in found)


def test_an_output_that_cannot_be_is_refused_before_the_work():
    def too_early(_path):
        pytest.fail("too early")

    Path("file").write_text("no folder")
    with pytest.raises(ImageError, match="cannot write into the folder file/out"):
        next(paint_batch([Job(Path("a.png"), Path("file/out/a.png"))], stages(read=too_early)))


def test_a_folder_that_cannot_be_made_later_fails_alone():
    Path("out").mkdir()
    Path("out/deep").write_text("in the way")
    events = batch(["a.png", "deep/b.png", "c.png"])
    assert [type(event) for event in events] == [Painted, Failed, Painted]
    assert "cannot make the folder" in events[1].message


def targets(jobs):
    return {job.source.as_posix(): job.target.as_posix() for job in jobs}


def test_a_folder_is_mirrored():
    make("in/b.png", "in/deep/er/a.jpg", "in/c.bmp", "in/.hidden.png")
    Path("in/notes.txt").write_text("no picture")
    assert targets(plan([Path("in")], "wave")) == {
        "in/b.png": "in_wave/b.png",
        "in/c.bmp": "in_wave/c.png",
        "in/deep/er/a.jpg": "in_wave/deep/er/a.jpg",
    }
    assert targets(plan([Path("in")], "wave", Path("out")))["in/b.png"] == "out/b.png"


def test_files_go_to_the_current_folder_or_the_one_named():
    sources = [Path("x/a.jpg"), Path("y/b.tiff")]
    assert targets(plan(sources, "wave")) == {
        "x/a.jpg": "a_wave.png",
        "y/b.tiff": "b_wave.png",
    }
    assert targets(plan(sources, "wave", Path("out"))) == {
        "x/a.jpg": "out/a.jpg",
        "y/b.tiff": "out/b.tiff",
    }


def test_several_folders_stay_apart():
    make("one/a.png", "two/a.png")
    assert targets(plan([Path("one"), Path("two")], "wave", Path("out"))) == {
        "one/a.png": "out/one/a.png",
        "two/a.png": "out/two/a.png",
    }
    assert targets(plan([Path("one"), Path("two")], "wave")) == {
        "one/a.png": "one_wave/a.png",
        "two/a.png": "two_wave/a.png",
    }


def test_equal_names_are_numbered_the_same_way_in_every_run():
    sources = [Path("x/a.png"), Path("y/a.jpg"), Path("z/a.png")]
    expected = {"x/a.png": "a_w.png", "y/a.jpg": "a_w-2.png", "z/a.png": "a_w-3.png"}
    assert targets(plan(sources, "w")) == expected
    make("a_w.png", "a_w-2.png")
    assert targets(plan(sources, "w")) == expected


def test_results_inside_the_folder_are_not_painted_again():
    make("in/a.png", "in/painted/a.png", "in_wave/a.png")
    assert targets(plan([Path("in")], "wave", Path("in/painted"))) == {
        "in/a.png": "in/painted/a.png"
    }
    only = targets(plan([Path()], "wave", Path("in_wave")))
    assert set(only) == {"in/a.png", "in/painted/a.png"}


def test_links_in_a_circle_and_long_names_are_planned():
    Path("loop.jpg").symlink_to("loop.jpg")
    long = Path("写" * 82 + ".jpg")
    assert targets(plan([Path("loop.jpg"), long], "wave", Path("out"))) == {
        "loop.jpg": "out/loop.jpg",
        long.name: f"out/{long.name}",
    }
    jobs = plan([long, Path("x") / long], "great-wave")
    names = [job.target.name for job in jobs]
    assert names[0].startswith("写写写")
    assert names[0].endswith("写_great-wave.png")
    assert names[1] == f"{names[0][:-4]}-2.png"
    assert all(len(name.encode()) <= 255 for name in names)


def test_equal_names_are_numbered_within_what_a_name_holds():
    long = f"{'x' * 251}.jpg"
    jobs = plan([Path("a") / long, Path("b") / long], "wave", Path("out"))
    assert jobs[0].target.name == long
    assert jobs[1].target.name.endswith("x-2.jpg")
    assert len(jobs[1].target.name) <= 255


def test_what_cannot_be_read_in_a_folder_is_a_job_with_a_problem():
    make("in/a.png")
    Path("in/gone.png").symlink_to("nothing.png")
    assert [(job.source.name, job.problem) for job in plan([Path("in")], "wave")] == [
        ("a.png", None),
        ("gone.png", "in/gone.png does not exist"),
    ]


def test_a_folder_without_photos_is_refused():
    make("in/painted/a.png")
    for folder, output in (("in", "in/painted"), ("empty", None)):
        Path(folder).mkdir(exist_ok=True)
        with pytest.raises(ImageError, match=f"no pictures in the folder {folder}"):
            plan([Path(folder)], "wave", None if output is None else Path(output))


def test_a_photo_is_never_a_target():
    make("in/a.png")
    with pytest.raises(ConfigError, match="one of the photos"):
        plan([Path("in")], "wave", Path("in"))
    with pytest.raises(ConfigError, match="one of the photos"):
        plan([Path("in/a.png"), Path("b.png")], "wave", Path("./in/../in"))


def test_the_folder_around_the_photos_can_be_the_output():
    make("out/in/a.png")
    assert targets(plan([Path("out/in")], "wave", Path("out"))) == {"out/in/a.png": "out/a.png"}
