from pathlib import Path

import pytest
from PIL import Image

from conftest import load_image, save_picture
from impasto.apply.batch import Job, paint_batch, plan
from impasto.core.errors import ConfigError, ImageError
from impasto.core.events import Failed, Painted, Skipped
from impasto.io.image import read_note


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


def paint(path):
    """Stand in for a network: a picture that says which photo it is of."""
    if "broken" in path.name:
        raise ImageError(f"{path} cannot be read")
    return Image.new("RGB", (8, 6), "red"), f"painted from {path.as_posix()}"


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


def batch(names, **options):
    jobs = [Job(Path(name), Path("out") / name) for name in names]
    return list(paint_batch(jobs, paint, **options))


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


def test_our_own_bugs_are_not_hidden():
    def wrong(_path):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(paint_batch([Job(Path("a.png"), Path("a_w.png"))], wrong))


def test_who_stops_reading_has_whole_files_only():
    events = paint_batch([Job(Path(n), Path("out") / n) for n in ("a.png", "b.png")], paint)
    next(events)
    events.close()
    assert [path.name for path in Path("out").iterdir()] == ["a.png"]
    assert load_image(Path("out/a.png")).size == (8, 6)


def test_an_output_that_cannot_be_is_refused_before_the_work():
    Path("file").write_text("no folder")
    jobs = [Job(Path("a.png"), Path("file/out/a.png"))]
    with pytest.raises(ImageError, match="cannot write into the folder file/out"):
        next(paint_batch(jobs, lambda _path: pytest.fail("too early")))


def test_a_folder_that_cannot_be_made_later_fails_alone():
    Path("out").mkdir()
    Path("out/deep").write_text("in the way")
    events = batch(["a.png", "deep/b.png", "c.png"])
    assert [type(event) for event in events] == [Painted, Failed, Painted]
    assert "cannot make the folder" in events[1].message
