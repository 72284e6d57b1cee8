import numpy as np
import pytest

import impasto
from impasto.analysis.figure import FigureDone
from impasto.core.events import Drawn, Note, Step, StopEarly
from impasto.io.image import read_note
from impasto.recipe import Recipe
from support import load_image, weights_at_hand

TINY = {"size": 32, "steps": (2,), "coarsest": 0}


@pytest.fixture(autouse=True)
def tiny_network(tiny, monkeypatch):
    for module in ("analysis.reconstruct", "analysis.grid", "analysis.inspect", "optimization.run"):
        monkeypatch.setattr(f"impasto.{module}.find_weights", weights_at_hand(tiny))


def stop_at(events, when):
    """Ask to stop at the first event that `when` accepts; return all events."""
    found, asked = [], False
    for event in events:
        found.append(event)
        if not asked and when(event):
            asked = True
            found.append(events.throw(StopEarly))
    return found


def test_a_reconstruction_is_the_picture_itself_and_repeats(photo, tmp_path):
    first = impasto.reconstruct(photo, content_layers=("relu2_2",), **TINY)
    again = impasto.reconstruct(load_image(photo), content_layers=("relu2_2",), **TINY)
    assert first.image.size == (32, 21)
    assert np.array_equal(np.asarray(first.image), np.asarray(again.image))
    assert list(first.losses) == ["content relu2_2"]
    path = first.save(tmp_path / "out.png")
    recipe = Recipe.from_json(read_note(path) or "")
    assert recipe == first.recipe
    assert "--content-layers relu2_2" in recipe.command()


def test_a_texture_has_the_size_that_was_asked_for(photo):
    texture = impasto.reconstruct(
        photo, style_layers=("relu1_1", "relu2_1"), size=(70, 33), steps=(2,)
    )
    assert texture.image.size == (70, 33)
    assert "--size 70,33" in texture.recipe.command()


def test_all_is_a_sheet_of_ten(photo):
    found = impasto.reconstruct(photo, all=True, size=32, steps=(1,), coarsest=0)
    assert len(found.pictures) == found.painted == 10
    assert found.image.width > 5 * 32
    assert not found.stopped


def test_stopping_a_sheet_keeps_what_there_is(photo):
    options = impasto.ReconstructOptions(all=True, **TINY)
    events = stop_at(
        impasto.reconstruct_events(photo, options),
        lambda event: isinstance(event, Step) and event.step == 3,
    )
    result = events[-1].result
    assert isinstance(events[-1], FigureDone)
    assert list(result.pictures) == ["content relu1_2", "content relu2_2"]
    assert result.stopped


GRID = {**TINY, "layers": ("relu1_1", "relu1_1+relu2_1"), "ratios": (1e-3, 1e-1)}


def grid_events(photo, painting, run, **options):
    chosen = impasto.GridOptions(**{**GRID, **options})
    return impasto.grid_events(photo, painting, chosen, run=run)


def test_a_second_grid_paints_nothing_and_a_larger_one_only_what_is_missing(
    photo, painting, tmp_path
):
    run = tmp_path / "cells"
    first = list(grid_events(photo, painting, run))[-1].result
    assert first.painted == len(list(run.glob("*.png"))) == 4
    events = list(grid_events(photo, painting, run))
    again = events[-1].result
    assert again.painted == 0
    assert not any(isinstance(event, Step) for event in events)
    assert np.array_equal(np.asarray(first.image), np.asarray(again.image))
    larger = list(grid_events(photo, painting, run, ratios=(1e-3, 1e-2, 1e-1)))
    assert larger[0] == Note(f"4 of 6 pictures are in {run}; 2 to paint")
    assert sorted(event.name for event in larger if isinstance(event, Drawn)) == [
        "relu1_1+relu2_1_1e-2",
        "relu1_1_1e-2",
    ]
    assert list(grid_events(photo, painting, run, seed=1))[-1].result.painted == 4
    assert len(list(run.glob("*.png"))) == 10


def test_another_photo_or_a_damaged_file_is_painted_again(photo, painting, tmp_path):
    run = tmp_path / "cells"
    list(grid_events(photo, painting, run))
    assert list(grid_events(painting, photo, run))[-1].result.painted == 4
    damaged = next(run.glob("relu1_1_1e-3_*.png"))
    damaged.write_bytes(damaged.read_bytes()[:200])
    assert sum(list(grid_events(*pair, run))[-1].result.painted for pair in (
        (photo, painting), (painting, photo))) == 1  # fmt: skip


def test_stopping_a_grid_keeps_finished_cells_and_drops_the_one_in_work(photo, painting, tmp_path):
    run = tmp_path / "cells"
    events = stop_at(
        grid_events(photo, painting, run),
        lambda event: isinstance(event, Step) and event.step == 3,
    )
    result = events[-1].result
    assert result.stopped
    assert result.painted == len(list(run.glob("*.png"))) == 1
    assert list(grid_events(photo, painting, run))[-1].result.painted == 3


def test_a_cell_tells_the_command_that_paints_it(photo, painting, tmp_path):
    result = list(grid_events(photo, painting, tmp_path / "cells"))[-1].result
    path = next((tmp_path / "cells").glob("relu1_1+relu2_1_1e-1_*.png"))
    recipe = Recipe.from_json(read_note(path) or "")
    assert "--style-weight 10.0" in recipe.command()
    assert recipe.command().startswith("impasto optimize photo.png painting.png")
    assert "--ratios 0.001,0.1" in result.recipe.command()


def test_a_grid_without_a_folder_stays_in_memory(photo, painting, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.rglob("*"))
    assert impasto.grid(load_image(photo), load_image(painting), **GRID).painted == 4
    assert set(tmp_path.rglob("*")) == before


def test_a_run_folder_that_cannot_be_made_is_one_line(photo, painting):
    with pytest.raises(impasto.ConfigError, match="cannot make this folder"):
        list(grid_events(photo, painting, photo / "inside"))


def test_an_inspection_carries_its_numbers(photo):
    found = impasto.inspect(photo, layer="relu2_1", size=48, pairs=2, channels=3)
    numbers = found.to_dict()
    assert [channel["channel"] for channel in numbers["channels"]] == [
        channel.channel for channel in found.channels
    ]
    assert len(numbers["pairs"]) == 2
    assert set(numbers["style_pairs"]) == {f"relu{block}_1" for block in range(1, 6)}
    assert found.recipe.command().startswith("impasto inspect photo.png --layer relu2_1")


@pytest.mark.parametrize("layers", [{"content_layers": ("relu2_2",)}, {"all": True}])
def test_the_file_may_go_while_it_is_reconstructed(photo, layers):
    options = impasto.ReconstructOptions(**TINY, **layers)
    for event in impasto.reconstruct_events(photo, options):
        if isinstance(event, Step):
            photo.unlink(missing_ok=True)
    assert isinstance(event, FigureDone)
    assert event.result.recipe.content.name == "photo.png"


def test_the_files_may_go_while_a_grid_is_painted(photo, painting):
    options = impasto.GridOptions(**TINY, layers=("relu1_1",), ratios=(1e-3,))
    for event in impasto.grid_events(photo, painting, options):
        if isinstance(event, Step):
            photo.unlink(missing_ok=True)
            painting.unlink(missing_ok=True)
    assert isinstance(event, FigureDone)
