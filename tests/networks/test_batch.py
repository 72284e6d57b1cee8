from pathlib import Path

import pytest

from impasto.core.errors import ConfigError, ImageError
from impasto.networks.pipeline import plan
from support import save_picture


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
