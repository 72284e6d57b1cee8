"""What is kept of a job while it is worked on: previews, the result, its recipe, its time."""

from __future__ import annotations

import re
import shlex
import shutil
import time
from pathlib import PurePath

from PIL import Image

from impasto.core.errors import ImpastoError
from impasto.core.events import (
    Advanced,
    Event,
    Note,
    Planned,
    Preview,
    Sample,
    Step,
    TrainStep,
    Transfer,
)
from impasto.core.memory import peak_memory
from impasto.film.pictures import open_film
from impasto.io.image import to_pil, write_picture
from impasto.io.inputs import Result
from impasto.io.sheet import contact_sheet
from impasto.optimization.run import Done
from impasto.training.learn import Learned
from impasto.web.jobs import Frame, Job, Timing
from impasto.web.limits import MAX_FRAMES, SHEET_SIZE
from impasto.web.painting import Filmed, Passed, Tile
from impasto.web.store import Store
from impasto.web.tasks import in_words

FRAME_SECONDS = 0.4
"""Previews come no faster than this."""

FRAME_SIZE = 1024
"""Long side of a preview in pixels, at most."""


class JobRecorder:
    """Takes note of what happens to a job.

    Args:
        store: where it is kept.
        timing: learns how long things take.
    """

    def __init__(self, store: Store, timing: Timing) -> None:
        self.store, self.timing = store, timing
        self._last_frame = 0.0
        self._tiles: list[tuple[str, Image.Image]] = []

    def begin_anew(self, job: Job) -> None:
        """Forget how far a job came."""
        job.state, job.started, job.eta, job.step = "queued", None, None, 0
        job.numbers = {}
        job.frames, job.tiles, job.message = [], [], "the server was restarted; beginning anew"

    def take(self, job: Job, event: Event) -> None:
        """Take note of one event."""
        if isinstance(event, Note | Transfer | Advanced):
            self._take_words(job, event)
        elif isinstance(event, Planned):
            job.eta, job.message = event.seconds, ""
            self._take_way_so_far(job)
        elif isinstance(event, Step | TrainStep):
            job.step, job.steps, job.eta = event.step, event.steps, event.eta
            job.seconds = event.seconds
            job.numbers = _numbers(event)
        elif isinstance(event, Preview):
            if time.monotonic() - self._last_frame > FRAME_SECONDS:
                self._last_frame = time.monotonic()
                self._add_frame(job, to_pil(event.image), event.step, job.seconds or 0.0)
        elif isinstance(event, Sample | Learned):
            self._take_learning(job, event)
        elif isinstance(event, Tile):
            self._add_tile(job, event)
        elif isinstance(event, Passed | Done | Filmed):
            self._take_picture(job, event)

    def _take_words(self, job: Job, event: Note | Transfer | Advanced) -> None:
        if isinstance(event, Note):
            job.message = event.message
        elif isinstance(event, Advanced):
            job.message, job.eta = event.what, event.eta
            if job.expected is None:
                job.expected = self.store.clock() - (job.started or 0.0) + event.eta
        else:
            share = f" {event.done / event.total:.0%}" if event.total else ""
            job.message = f"fetching {event.what}{share}, once"

    def finish(self, job: Job) -> None:
        """Take note of the end of a job that went well."""
        if job.task.kind == "sheet":
            self._keep_sheet(job)
        job.seconds = max(0.0, self.store.clock() - (job.started or 0.0))
        megapixels = job.width * job.height / 1e6
        if job.task.kind == "optimize":
            self.timing.add("optimize", job.seconds, megapixels * job.step)
        elif job.task.is_sketch:
            self.timing.add("sketch", job.seconds)
        elif job.task.kind not in ("learn", "video"):
            self.timing.add(
                job.task.kind, job.seconds, 1.0 if job.task.kind == "sheet" else megapixels
            )
        job.state = "done"
        if job.task.kind != "optimize":
            job.message = ""

    def _take_picture(self, job: Job, event: Passed | Done | Filmed) -> None:
        if isinstance(event, Filmed):
            self._keep_film(job, event)
            return
        if isinstance(event, Passed) and not event.is_final:
            self._add_frame(job, event.result.image.copy(), 0, 0.0)
            return
        self._keep_result(job, event.result)
        if isinstance(event, Done):
            job.step = job.steps = sum(event.result.steps)

    def _keep_film(self, job: Job, event: Filmed) -> None:
        """Keep a film, its first frame as the picture, and the words that paint it again."""
        folder = self.store.job_folder(job.key)
        with open_film(event.path) as reader:
            _, first = next(reader.frames())
        event.path.replace(folder / "result.mp4")
        write_picture(Image.fromarray(first), folder / "result.png", force=True)
        job.width, job.height, job.step = event.width, event.height, event.frames
        task = job.task
        output = task.output.removesuffix(".png") + ".mp4"
        options = {name: value for name, value in task.options.items() if value is not None}
        words = [f"--{name.replace('_', '-')} {value}" for name, value in options.items()]
        clip, style = shlex.quote(task.photo.name), shlex.quote(task.style_text)
        job.commands = [
            " ".join(["impasto video", clip, "--style", style, *words, "-o", shlex.quote(output)])
        ]
        calls = "".join(f", {name}={value!r}" for name, value in options.items())
        job.calls = [f"impasto.video({task.photo.name!r}, {task.style_text!r}, {output!r}{calls})"]

    def _keep_result(self, job: Job, result: Result) -> None:
        task = job.task
        recipe = in_words(result.recipe, task)
        folder = self.store.job_folder(job.key)
        write_picture(result.image, folder / "result.png", note=recipe.to_json(), force=True)
        job.width, job.height = result.image.size
        job.recipe = recipe.to_json()
        job.commands.append(f"{recipe.command()} -o {shlex.quote(task.output)}")
        job.calls.append(f"{recipe.python()}.save({task.output!r})")

    def _take_way_so_far(self, job: Job) -> None:
        """Begin with the previews of the picture that this one starts from, or with itself."""
        if job.task.after is None:
            return
        folder = self.store.job_folder(job.key)
        before = self.store.job_folder(job.task.after)
        for path in sorted(before.glob("frame-*.jpg")):
            shutil.copyfile(path, folder / path.name)
            job.frames.append(Frame(int(path.stem.partition("-")[2]), 0, 0.0))
        with Image.open(before / "result.png") as opened:
            self._add_frame(job, opened.convert("RGB"), 0, 0.0)

    def _add_frame(self, job: Job, image: Image.Image, step: int, seconds: float) -> None:
        number = job.frames[-1].number + 1 if job.frames else 1
        image.thumbnail((FRAME_SIZE, FRAME_SIZE))
        folder = self.store.job_folder(job.key)
        image.convert("RGB").save(folder / frame_name(number), "JPEG", quality=88)
        job.frames.append(Frame(number, step, seconds))
        if len(job.frames) > MAX_FRAMES:
            for frame in job.frames[1:-1:2]:
                (folder / frame_name(frame.number)).unlink(missing_ok=True)
                job.frames.remove(frame)

    def _add_tile(self, job: Job, tile: Tile) -> None:
        name = PurePath(job.task.photo.name).stem if not job.tiles else tile.name
        folder = self.store.job_folder(job.key)
        tile.image.convert("RGB").save(folder / tile_name(len(job.tiles)), "JPEG", quality=90)
        self._tiles = [*self._tiles, (name, tile.image)] if job.tiles else [(name, tile.image)]
        job.tiles.append(name)

    def _keep_sheet(self, job: Job) -> None:
        sheet = contact_sheet(self._tiles)
        self._tiles = []
        write_picture(sheet, self.store.job_folder(job.key) / "result.png", force=True)
        job.width, job.height = sheet.size
        photo, output = shlex.quote(job.task.photo.name), shlex.quote(job.task.output)
        job.commands = [f"impasto styles --sheet {photo} --size {SHEET_SIZE} -o {output}"]
        job.calls = [
            f"impasto.style_sheet({job.task.photo.name!r}, size={SHEET_SIZE})"
            f".save({job.task.output!r})"
        ]

    def _take_learning(self, job: Job, event: Sample | Learned) -> None:
        """Keep the photo as it is painted so far; at the end, say how it was learned."""
        if isinstance(event, Sample):
            image = to_pil(event.image)
            write_picture(image, self.store.job_folder(job.key) / "result.png", force=True)
            job.width, job.height = image.size
            self._add_frame(job, image, event.step, job.seconds or 0.0)
            return
        job.learned = name = event.name
        painting, minutes = job.task.styles[0].style.name, (job.task.seconds or 60.0) / 60
        photo, size, output = job.task.photo.name, max(job.width, job.height), job.task.output
        job.commands = [
            f"impasto learn {shlex.quote(painting)} --minutes {minutes:g} --name {name}",
            f"impasto stylize {shlex.quote(photo)} --style {name} --size {size} -o {output}",
        ]
        job.calls = [
            f"impasto.learn({painting!r}, minutes={minutes:g}, name={name!r})",
            f"impasto.stylize({photo!r}, {name!r}, size={size}).save({output!r})",
        ]


def frame_name(number: int) -> str:
    """Return the file of a preview."""
    return f"frame-{number:05}.jpg"


def tile_name(number: int) -> str:
    """Return the file of a contact sheet's picture."""
    return f"tile-{number:02}.jpg"


def in_plain_words(error: ImpastoError) -> str:
    """Return an error's line without the command line's hyphens: `--size` becomes `size`."""
    return re.sub(r"--([a-z])", r"\1", str(error))


def _numbers(step: Step | TrainStep) -> dict[str, float]:
    """Return a step's numbers for the curious."""
    found = {
        "loss": step.loss,
        **{
            part: sum(value for name, value in step.terms.items() if name.split(".")[0] == part)
            for part in ("content", "style")
        },
        "steps_per_second": step.step / step.seconds if step.seconds else 0.0,
        "memory": float(peak_memory()),
    }
    if isinstance(step, Step):
        found.update(width=step.width, height=step.height)
    return {name: float(f"{value:.4g}") for name, value in found.items()}
