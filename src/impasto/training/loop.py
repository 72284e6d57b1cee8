"""The training loop: from photos and a painting to a network, as a stream of events."""

from __future__ import annotations

import copy
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from impasto.core.device import explain_out_of_memory
from impasto.core.errors import ImageError, ResourceError, first_line
from impasto.core.events import Event, Note, Sample, StopEarly, TrainStep
from impasto.io.folder import find_pictures
from impasto.io.image import read_picture
from impasto.networks.shape import NetworkOptions
from impasto.training.data import Crop, PhotoCrops, StyleCrops, batches
from impasto.training.folder import Board, RunFolder, TrainTask
from impasto.training.processes import Processes
from impasto.training.trainer import AnyStyleTrainer, NonFiniteError, Trainer

MAX_STEPS_BACK = 6
"""How often the learning rate is halved before the training is given up."""

PAINTING_CROP = 256
"""Side in pixels of the crops of paintings from which any style is learned."""

CALIBRATION = 48
"""Crops of paintings that tell a predictor the usual range of their statistics."""

SAMPLED = 3
"""Paintings in whose styles samples are painted, if any style is learned."""

MAX_PASSED_OVER = 3
"""Batches in a row that may lose the numbers; after that, the weights are to blame."""


@dataclass(frozen=True)
class Outcome:
    """How a training ended."""

    trainer: Trainer
    seconds: float
    """Of training, earlier sittings included."""

    stopped: bool
    """True if the person ended it before its time."""

    leads: bool
    """Whether this is the process that writes the model."""


def train(
    task: TrainTask,
    folder: RunFolder,
    network: NetworkOptions,
    weights: Mapping[str, Tensor],
    *,
    start: Mapping[str, Tensor] | None = None,
    samples: Mapping[str, Tensor] | None = None,
) -> Generator[Event, None, Outcome]:
    """Train until the steps or the minutes are over; yield what happens.

    Goes on from the folder's latest checkpoint if there is one. Throw `StopEarly` in to end after
    the current step, with a checkpoint.

    Args:
        task: what to train.
        folder: its run folder, already made.
        network: shape of the network.
        weights: of VGG-16.
        start: the network's first weights, None for random ones.
        samples: photos (1, 3, H, W) to paint now and then, by name.

    Yields:
        `TrainStep` for every step, `Sample` and `Note` now and then.

    Returns:
        How it ended, with the trainer whose `average` is the trained network.

    Raises:
        ConfigError: no photos.
        ResourceError: the loss does not stay finite, or out of memory.
    """
    processes = Processes()
    try:
        with explain_out_of_memory(lambda: _what_fits(task)):
            loop = _Loop(task, folder, network, weights, start, samples or {}, processes)
            stopped = yield from loop.events()
    finally:
        processes.close()
    return Outcome(loop.trainer, loop.seconds(), stopped=stopped, leads=processes.is_main)


def _what_fits(task: TrainTask) -> str:
    size, batch = task.options.size, task.options.batch_size
    return (
        f"with --batch-size {batch} --size {size}; try "
        f"--batch-size {max(1, batch // 2)} or --size {max(64, size * 2 // 3)}"
    )


class _Loop:
    def __init__(
        self,
        task: TrainTask,
        folder: RunFolder,
        network: NetworkOptions,
        weights: Mapping[str, Tensor],
        start: Mapping[str, Tensor] | None,
        samples: Mapping[str, Tensor],
        processes: Processes,
    ) -> None:
        self.task = task
        self.options = options = task.options
        self.folder, self.samples, self.processes = folder, samples, processes
        self.crops = PhotoCrops(Path(task.photos), options.size, options.style_size, options.seed)
        self.style_crops: StyleCrops | None = None
        self.trainer = self._make_trainer(network, weights, start)
        self.trainer.model = processes.wrap(self.trainer.net)
        self.seconds_before = 0.0
        if (state := folder.latest()) is not None:
            self.seconds_before = float(state["seconds"])
            self.trainer.restore(state)
        self.first_step = self.trainer.step_number
        self.board: Board | None = None
        if processes.is_main:
            folder.forget_after(self.first_step)
            if options.tensorboard:
                self.board = Board(folder.path, self.first_step)
        self.good = copy.deepcopy(self.trainer.state())
        self.steps_back = self.passed_over = 0
        self.broken: set[str] = set()
        self.said: set[str] = set()
        self.began = self.saved_at = self.sampled_at = time.perf_counter()

    def events(self) -> Generator[Event, None, bool]:
        """Yield everything that happens; return whether the person ended it.

        Processes that do not lead yield nothing.
        """
        stream = self._stream()
        stopped = False
        while True:
            due = time.perf_counter() - self.saved_at >= 60 * self.options.checkpoint_minutes
            plan = [self._progress(), float(stopped), float(due)]
            progress, stop, save = self.processes.broadcast(plan, self.trainer.device)
            if save or stop or progress >= 1:
                yield from self._save()
            if stop or progress >= 1:
                break
            crop, painting = next(stream)
            try:
                terms = self.trainer.step(
                    crop.image, crop.number, progress, painting.image if painting else None
                )
            except NonFiniteError:
                yield from self._say(self._after_lost_numbers())
                if not self.passed_over:  # stepped back: those photos come again
                    stream = self._stream()
                continue
            self.passed_over = 0
            if self.processes.is_main:
                broken = crop.broken + (painting.broken if painting else ())
                try:
                    yield from self._report(broken, terms, progress)
                except StopEarly:
                    stopped = True
                    yield Note("stopping: saving a checkpoint")
        if self.processes.is_main:
            yield from self._paint_samples()
        if self.board is not None:
            self.board.close()
        return bool(stop)

    def _make_trainer(
        self,
        network: NetworkOptions,
        weights: Mapping[str, Tensor],
        start: Mapping[str, Tensor] | None,
    ) -> Trainer:
        task, options = self.task, self.options
        if task.paintings_folder is None:
            return Trainer(options, network, self.folder.styles(task), weights, start)
        self.style_crops = StyleCrops(
            Path(task.paintings_folder),
            Path(task.photos),
            PAINTING_CROP,
            options.style_size,
            options.seed,
        )
        trainer = AnyStyleTrainer(options, network, [], weights, start)
        if not trainer.net.predictor.is_calibrated:
            crops = [self.style_crops[number].image for number in range(CALIBRATION)]
            trainer.calibrate(torch.stack(crops))
        return trainer

    def _stream(self) -> Iterator[tuple[Crop, Crop | None]]:
        """Yield photos, each batch with as many paintings if the network learns any style."""
        photos = self._batches(self.crops)
        if self.style_crops is None:
            return ((crop, None) for crop in photos)
        return zip(photos, self._batches(self.style_crops), strict=True)

    def _batches(self, crops: PhotoCrops) -> Iterator[Crop]:
        return batches(
            crops,
            first_step=self.trainer.step_number,
            batch_size=self.options.batch_size,
            workers=self.options.workers,
            rank=self.processes.rank,
            processes=self.processes.count,
        )

    def seconds(self) -> float:
        """Return how long this network has been trained, earlier sittings included."""
        return self.seconds_before + time.perf_counter() - self.began

    def _progress(self) -> float:
        """Return the part of the training that is done, 0..1 or a little more."""
        limit = self.options.time_limit
        if limit is not None:
            return self.seconds() / limit
        assert self.options.steps is not None
        return self.trainer.step_number / self.options.steps

    def _say(self, message: str) -> Iterator[Event]:
        if self.processes.is_main:
            yield Note(message)

    def _save(self) -> Iterator[Event]:
        """Keep the state in memory, where a step back finds it, and in the folder."""
        self.good = copy.deepcopy(self.trainer.state())
        self.saved_at = time.perf_counter()
        if self.processes.is_main:
            try:
                self.folder.save({**self.trainer.state(), "seconds": self.seconds()})
            except ResourceError as error:
                yield Note(str(error))

    def _after_lost_numbers(self) -> str:
        """Pass over the batch; if that was not its fault, step back. Return what to say."""
        self.passed_over += 1
        if self.passed_over <= MAX_PASSED_OVER:
            self.trainer.step_number += 1  # the next batch, also after a resume
            return f"the loss was not finite in step {self.trainer.step_number}: passed over"
        self.passed_over = 0
        return self._step_back()

    def _step_back(self) -> str:
        """Return to the last good state with half the learning rate.

        Raises:
            ResourceError: that has happened too often.
        """
        self.steps_back += 1
        if self.steps_back > MAX_STEPS_BACK:
            raise ResourceError(
                f"the loss is not finite in spite of {MAX_STEPS_BACK} new tries with a lower "
                "learning rate; try a lower --lr, or --dtype float32"
            )
        lost_at = self.trainer.step_number + 1
        self.trainer.restore(self.good)
        self.trainer.rate *= 0.5
        self.good["rate"] = self.trainer.rate
        return (
            f"the loss was not finite in step {lost_at}: back to step {self.trainer.step_number} "
            f"with a learning rate of {self.options.lr * self.trainer.rate:.2g}"
        )

    def _report(
        self, broken: tuple[str, ...], terms: dict[str, float], progress: float
    ) -> Iterator[Event]:
        for name in broken:
            if name not in self.broken:
                self.broken.add(name)
                yield Note(f"skipped a photo that cannot be read: {name}")
        event = self._describe_step(dict(terms), progress)
        values = {"loss": event.loss, "lr": event.lr, "gradient": event.gradient, **event.terms}
        try:
            self.folder.record({"step": event.step, "seconds": round(event.seconds, 2), **values})
            if self.board is not None:
                self.board.record(event.step, values)
        except OSError as error:  # a full disk: the training itself can go on
            yield from self._say_once(f"metrics cannot be written ({error.strerror})")
        yield event
        if time.perf_counter() - self.sampled_at >= 60 * self.options.sample_minutes:
            yield from self._paint_samples()

    def _describe_step(self, terms: dict[str, float], progress: float) -> TrainStep:
        gradient = terms.pop("gradient")
        step, seconds = self.trainer.step_number, self.seconds()
        per_step = (seconds - self.seconds_before) / (step - self.first_step)
        limit = self.options.time_limit
        eta = limit - seconds if limit else ((self.options.steps or 0) - step) * per_step
        per_image = self.options.batch_size * self.processes.count
        return TrainStep(
            step=step,
            steps=self.options.steps or step + round(max(0.0, eta) / per_step),
            loss=sum(terms.values()),
            terms=terms,
            gradient=gradient,
            lr=self.trainer.learning_rate(progress),
            images=step * per_image,
            images_per_second=per_image / per_step,
            seconds=seconds,
            eta=max(0.0, eta),
        )

    def _paint_samples(self) -> Iterator[Event]:
        try:
            for name, image in self._samples():
                self.folder.save_sample(self.trainer.step_number, name, image)
                if self.board is not None:
                    self.board.show(self.trainer.step_number, name, image)
                yield Sample(self.trainer.step_number, name, image)
        except (ImageError, OSError) as error:
            yield from self._say_once(f"samples cannot be painted ({first_line(error)})")
        self.sampled_at = time.perf_counter()

    def _say_once(self, message: str) -> Iterator[Event]:
        if message not in self.said:
            self.said.add(message)
            yield Note(f"{message}; the training goes on")

    def _samples(self) -> Iterator[tuple[str, Tensor]]:
        """Yield name and picture of every sample: all photos in each style that is trained."""
        if isinstance(self.trainer, AnyStyleTrainer):
            assert self.task.paintings_folder is not None
            for path in find_pictures(Path(self.task.paintings_folder))[:SAMPLED]:
                style = read_picture(path).image
                painted = self.trainer.paint_like(self.samples.values(), style)
                for name, picture in zip(self.samples, painted, strict=True):
                    yield f"{name}-{path.stem}", picture
            return
        several = len(self.task.paintings) > 1
        for place, painting in enumerate(self.task.paintings):
            for name, photo in self.samples.items():
                label = f"{name}-{painting.name}" if several else name
                yield label, self.trainer.paint(photo, self.trainer.first_style + place)
