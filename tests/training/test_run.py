import dataclasses
import json
import shutil

import pytest

import impasto
from impasto.core.errors import ConfigError, ModelFileError
from impasto.core.events import Note, Saved, StopEarly, TrainStep
from impasto.networks.model_file import read_info
from impasto.training import loop
from impasto.training.options import TrainOptions
from impasto.training.run import TrainRequest, resume_events, train_events
from support import TINY, random_weights, save_picture, save_random_model, weights_at_hand

OPTIONS = TrainOptions(
    steps=4, size=32, style_size=48, batch_size=1, workers=0, warmup=1, dtype="float32"
)

pytestmark = pytest.mark.usefixtures("tiny_vgg")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    weights = weights_at_hand(random_weights(TINY))
    monkeypatch.setattr("impasto.training.run.find_weights", weights)
    monkeypatch.setattr("impasto.training.run.SAMPLE_PHOTOS", ())
    monkeypatch.chdir(tmp_path)
    for folder in ("photos", "paintings"):
        (tmp_path / folder).mkdir()
        for seed in range(3):
            save_picture(tmp_path / folder / f"{seed}.png", 40, 60, seed)
    save_picture(tmp_path / "wave.png", 50, 50, 9)
    return tmp_path


def start(here, **changes):
    request = TrainRequest(["wave.png"], "photos", here / "wave.safetensors")
    return train_events(request, dataclasses.replace(OPTIONS, **changes))


def stop_at(events, step):
    """Ask to stop at a step; return all events."""
    found = []
    for event in events:
        found.append(event)
        if isinstance(event, TrainStep) and event.step == step:
            found.append(events.throw(StopEarly))
    return found


def at_the_last_step(events, act):
    """Let something happen at the last step; return all events."""
    found = []
    for event in events:
        found.append(event)
        if isinstance(event, TrainStep) and event.step == OPTIONS.steps:
            act()
    return found


def notes(events):
    return [event.message for event in events if isinstance(event, Note)]


def test_the_model_is_saved_though_the_photos_are_gone(here):
    at_the_last_step(start(here), lambda: shutil.rmtree(here / "photos"))
    recipe = read_info(here / "wave.safetensors").recipe
    assert (recipe["photos"], recipe["steps"]) == (3, 4)


def test_and_though_the_model_it_began_with_is(here):
    save_random_model(here / "before.safetensors")
    request = TrainRequest(["wave.png"], "photos", here / "after.safetensors", names=["new"])
    options = dataclasses.replace(OPTIONS, add_to="before.safetensors")
    at_the_last_step(train_events(request, options), (here / "before.safetensors").unlink)
    names = [style.name for style in read_info(here / "after.safetensors").styles]
    assert names == ["before", "new"]


def test_and_though_the_paintings_for_any_style_are(here, monkeypatch):
    monkeypatch.setattr(loop, "CALIBRATION", 2)
    monkeypatch.setattr(loop, "PAINTING_CROP", 32)
    request = TrainRequest(["paintings"], "photos", here / "any.safetensors")
    options = dataclasses.replace(OPTIONS, network="any")
    events = at_the_last_step(
        train_events(request, options), lambda: shutil.rmtree(here / "paintings")
    )
    assert read_info(here / "any.safetensors").recipe["paintings"] == 3
    assert "samples cannot be painted" in notes(events)[0]


def test_a_model_whose_folder_has_gone_is_saved_elsewhere(here):
    (here / "out").mkdir()
    request = TrainRequest(["wave.png"], "photos", here / "out/wave.safetensors", here / "run")
    with pytest.raises(ModelFileError, match=r"the model is in .*run/wave.safetensors instead"):
        at_the_last_step(train_events(request, OPTIONS), lambda: shutil.rmtree(here / "out"))
    assert read_info(here / "run/wave.safetensors").recipe["steps"] == 4


def test_metrics_that_cannot_be_written_do_not_end_it(here):
    events = start(here)
    found = [next(events)]
    records = here / "wave.run/metrics.jsonl"
    records.unlink()
    records.mkdir()
    found += list(events)
    assert notes(found) == ["metrics cannot be written (Is a directory); the training goes on"]
    assert isinstance(found[-2], Saved)


def test_photos_that_were_moved_are_named_anew(here):
    whole = train_events(TrainRequest(["wave.png"], "photos", here / "whole.safetensors"), OPTIONS)
    expected = [event.loss for event in whole if isinstance(event, TrainStep)]
    first = stop_at(start(here), 2)
    (here / "photos").rename(here / "elsewhere")
    with pytest.raises(ConfigError, match=r"is not there; .*--resume wave.run --photos DIR"):
        list(resume_events("wave.run"))
    events = stop_at(resume_events("wave.run", photos="elsewhere"), 3)
    again = list(resume_events("wave.run"))  # it was kept
    found = [event.loss for event in (*first, *events, *again) if isinstance(event, TrainStep)]
    assert found == expected
    assert not [note for note in notes([*events, *again]) if "photos" in note]


def test_other_photos_are_taken_and_told_of(here):
    stop_at(start(here), 2)
    save_picture(here / "photos/more.png", 40, 60, 7)
    events = list(resume_events("wave.run"))
    assert "their order changes" in notes(events)[0]
    assert (here / "wave.safetensors").exists()


def test_a_run_folder_may_be_moved(here):
    stop_at(start(here), 2)
    (here / "wave.run").rename(here / "moved")
    assert isinstance(list(resume_events("moved"))[-2], Saved)
    assert (here / "wave.safetensors").exists()


def test_another_output_may_be_named(here):
    stop_at(start(here), 2)
    save_random_model(here / "there.safetensors")
    with pytest.raises(ModelFileError, match="exists"):
        list(resume_events("wave.run", output="there.safetensors"))
    list(resume_events("wave.run", output="other.safetensors"))
    assert (here / "other.safetensors").exists()
    assert not (here / "wave.safetensors").exists()


def test_paintings_that_were_moved_are_named_anew(here, monkeypatch):
    monkeypatch.setattr(loop, "CALIBRATION", 2)
    monkeypatch.setattr(loop, "PAINTING_CROP", 32)
    request = TrainRequest(["paintings"], "photos", here / "any.safetensors")
    stop_at(train_events(request, dataclasses.replace(OPTIONS, network="any")), 2)
    (here / "paintings").rename(here / "elsewhere")
    with pytest.raises(ConfigError, match=r"impasto train PAINTINGS --resume any\.run"):
        list(resume_events("any.run"))
    list(resume_events("any.run", paintings="elsewhere"))
    assert (here / "any.safetensors").exists()


def test_a_run_of_an_earlier_version_goes_on(here):
    stop_at(start(here), 2)
    path = here / "wave.run/run.json"
    stored = json.loads(path.read_text())
    del stored["photo_names"]
    path.write_text(json.dumps(stored))
    assert not [note for note in notes(resume_events("wave.run")) if "order" in note]


def test_it_trains_from_python(here):
    asked = {field.name: getattr(OPTIONS, field.name) for field in dataclasses.fields(OPTIONS)}
    path = impasto.train("wave.png", "photos", here / "wave.safetensors", **asked)
    assert read_info(path).styles[0].name == "wave"
