import dataclasses
import json

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from impasto.core.errors import ConfigError, ResourceError
from impasto.core.events import Note, Sample, StopEarly, TrainStep
from impasto.io.checkpoints import KEPT
from impasto.networks.transform import NetworkOptions
from impasto.training import loop as loop_module
from impasto.training.folder import Painting, RunFolder, TrainTask
from impasto.training.loop import train
from impasto.training.options import TrainOptions
from support import TINY, Clock, noise_picture, random_weights, save_picture

NETWORK = NetworkOptions(channels=(4, 6, 8), blocks=1, kernel=3, upsample="nearest")


pytestmark = pytest.mark.usefixtures("tiny_vgg")


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(3):
        save_picture(folder / f"{seed}.png", 40, 60, seed)
    return folder


@pytest.fixture
def make(tmp_path, photos):
    """Make a run folder for a short training on few channels."""

    def make_run(name="run", styles=(), **options):
        quick = {"size": 32, "style_size": 48, "workers": 0, "warmup": 2, "dtype": "float32"}
        names = styles or ("wave",)
        task = TrainTask(
            paintings=tuple(Painting(each, f"{each}.jpg", "0", "") for each in names),
            photos=str(photos),
            output=str(tmp_path / "wave.safetensors"),
            license="",
            options=TrainOptions(**{**quick, "steps": 8, **options}),
        )
        folder = RunFolder(tmp_path / name)
        folder.create(task, [noise_picture(48, 40, 5 + n) for n in range(len(task.paintings))])
        return task, folder

    return make_run


def run(task, folder, stop_at=None, **more):
    """Return the events and the outcome."""
    network = dataclasses.replace(NETWORK, styles=len(task.paintings))
    events, found = train(task, folder, network, random_weights(TINY), **more), []
    try:
        event = next(events)
        while True:
            found.append(event)
            wanted = isinstance(event, TrainStep) and event.step == stop_at
            event = events.throw(StopEarly) if wanted else next(events)
    except StopIteration as stop:
        return found, stop.value


def weights_of(outcome):
    return torch.cat([tensor.flatten() for tensor in outcome.trainer.average.state_dict().values()])


def steps_of(events):
    return [event.step for event in events if isinstance(event, TrainStep)]


def test_it_takes_the_steps_and_says_so(make):
    events, outcome = run(*make())
    assert steps_of(events) == list(range(1, 9))
    assert not outcome.stopped
    last = [event for event in events if isinstance(event, TrainStep)][-1]
    assert (last.steps, last.images, last.eta) == (8, 16, 0)
    assert last.loss == pytest.approx(sum(last.terms.values()))


def test_a_stopped_and_resumed_run_equals_the_uninterrupted_one(make):
    whole = weights_of(run(*make("whole"))[1])
    task, folder = make("broken")
    events, outcome = run(task, folder, stop_at=3)
    assert outcome.stopped
    assert steps_of(events) == [1, 2, 3]
    events, outcome = run(task, folder)
    assert steps_of(events) == [4, 5, 6, 7, 8]
    assert torch.equal(weights_of(outcome), whole)
    other_seed = weights_of(run(*make("other", seed=1))[1])
    assert not torch.equal(other_seed, whole)


def test_metrics_of_a_resumed_run_have_no_step_twice(make):
    task, folder = make(checkpoint_minutes=1000)
    run(task, folder, stop_at=3)
    records = folder.path / "metrics.jsonl"
    records.write_text(records.read_text() + '{"step": 4, "loss": 1}\n{"step": 5, "lo')
    run(task, folder)
    lines = [json.loads(line) for line in records.read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(1, 9))
    assert {"loss", "lr", "seconds", "content.relu3_3"} <= set(lines[0])


def test_checkpoints_rotate_and_a_damaged_one_is_passed_over(make):
    task, folder = make(checkpoint_minutes=0)
    run(task, folder)
    checkpoints = sorted(folder.path.glob("checkpoint-*"))
    assert len(checkpoints) == KEPT
    checkpoints[-1].write_bytes(checkpoints[-1].read_bytes()[:500])
    state = folder.latest()
    assert state["step"] == 7


def test_minutes_end_the_training(make, monkeypatch):
    monkeypatch.setattr(loop_module, "time", Clock(0.05))
    task, folder = make(steps=None, minutes=0.02)
    events, outcome = run(task, folder)
    assert 1.2 <= outcome.seconds < 1.7
    assert 3 < len(steps_of(events)) < 20
    steps = [event for event in events if isinstance(event, TrainStep)]
    assert steps[-1].lr < max(step.lr for step in steps)


def lose_numbers(monkeypatch, lost):
    """Let the calls of `step` whose number is in `lost` see photos that are not finite."""
    real, calls = loop_module.Trainer.step, []

    def step(self, photos, numbers, progress, paintings=None):
        calls.append(self.step_number)
        photos = photos * float("nan") if len(calls) in lost else photos
        return real(self, photos, numbers, progress, paintings)

    monkeypatch.setattr(loop_module.Trainer, "step", step)
    return calls


def test_a_batch_that_loses_the_numbers_is_passed_over(make, monkeypatch):
    calls = lose_numbers(monkeypatch, {4})
    events, outcome = run(*make())
    notes = [event.message for event in events if isinstance(event, Note)]
    assert notes == ["the loss was not finite in step 4: passed over"]
    assert outcome.trainer.rate == 1
    assert calls == list(range(8))
    assert steps_of(events) == [1, 2, 3, 5, 6, 7, 8]


def test_lost_numbers_in_a_row_lead_back_to_the_last_good_state(make, monkeypatch):
    calls = lose_numbers(monkeypatch, {3, 4, 5, 6})
    task, folder = make(checkpoint_minutes=1000)
    events, outcome = run(task, folder)
    notes = [event.message for event in events if isinstance(event, Note)]
    assert len(notes) == 4
    assert "not finite in step 6: back to step 0" in notes[3]
    assert outcome.trainer.rate == 0.5
    assert calls == [0, 1, 2, 3, 4, 5, *range(8)]


def test_numbers_lost_for_good_are_an_error(make, monkeypatch):
    def step(_self, *_batch):
        raise loop_module.NonFiniteError

    monkeypatch.setattr(loop_module.Trainer, "step", step)
    with pytest.raises(ResourceError, match="lower --lr"):
        run(*make())


def test_a_full_disk_costs_no_checkpoint(make, monkeypatch):
    task, folder = make(checkpoint_minutes=0)
    run(task, folder, stop_at=4)
    before = folder.latest()["step"]

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("torch.save", full)
    events, _ = run(task, folder)
    notes = [event.message for event in events if isinstance(event, Note)]
    assert "No space left" in notes[0]
    assert folder.latest()["step"] == before
    assert not list(folder.path.glob("*.part"))


def test_samples_are_painted_into_the_folder(make):
    task, folder = make(sample_minutes=0)
    events, _ = run(task, folder, samples={"face": noise_picture(30, 40)})
    shown = [event for event in events if isinstance(event, Sample)]
    assert shown[0].image.shape == (1, 3, 30, 40)
    files = sorted(path.name for path in (folder.path / "samples").iterdir())
    assert files == [f"{step:07d}-face.jpg" for step in range(1, 9)]


def test_a_broken_photo_is_named_once(make, photos):
    (photos / "bad.jpg").write_text("I am text")
    events, _ = run(*make())
    notes = [event.message for event in events if isinstance(event, Note)]
    assert notes == ["skipped a photo that cannot be read: bad.jpg"]


def test_a_run_folder_tells_its_task_and_is_used_once(make):
    task, folder = make()
    assert folder.task() == task
    with pytest.raises(ConfigError, match="--resume"):
        folder.create(task, [noise_picture(8, 8)])


@pytest.mark.parametrize("text", [None, "{", "[]", "{}"])
def test_what_is_no_run_folder_is_refused(tmp_path, text):
    if text is not None:
        (tmp_path / "run.json").write_text(text)
    with pytest.raises(ConfigError):
        RunFolder(tmp_path).task()


def test_options_can_be_replaced_only_by_sense():
    with pytest.raises(ConfigError, match="choose one"):
        dataclasses.replace(TrainOptions(minutes=3), steps=4)
    with pytest.raises(ConfigError, match="--lr"):
        TrainOptions(lr=float("nan"))
    for weights in ((1.0,), (0.0, 0.0, 0.0)):
        with pytest.raises(ConfigError, match="3 layers need as many numbers"):
            TrainOptions(style_layer_weights=weights)


def test_tensorboard_gets_losses_and_samples(make):
    task, folder = make(tensorboard=True, sample_minutes=0)
    run(task, folder, samples={"face": noise_picture(30, 40)})
    read = EventAccumulator(str(folder.path / "tensorboard"))
    read.Reload()
    assert len(read.Scalars("loss")) == 8
    assert read.Images("samples/face")


def test_several_styles_are_learned_and_sampled_by_name(make):
    task, folder = make(styles=("wave", "night"))
    events, outcome = run(task, folder, samples={"face": noise_picture(30, 40)})
    names = [event.name for event in events if isinstance(event, Sample)]
    assert names == ["face-wave", "face-night"]
    assert outcome.trainer.net.options.styles == 2
    wave, night = (event.image for event in events if isinstance(event, Sample))
    assert not torch.equal(wave, night)
