"""The queue and its one worker."""

from __future__ import annotations

import gc
import logging
import math
import threading
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path

from impasto.core.errors import ImpastoError, InputError, ResourceError
from impasto.core.events import Advanced, Event, Planned, Preview, Step, StopEarly, TrainStep
from impasto.core.stopping import UnwantedError, ends_when
from impasto.web.jobs import Job, Timing
from impasto.web.painting import Painter, Tile
from impasto.web.recorder import JobRecorder, in_plain_words
from impasto.web.store import GoneError, Store, new_key
from impasto.web.tasks import Task

log = logging.getLogger("impasto.web")

IDLE_SECONDS = 60.0
"""After which the worker looks for what has expired."""

UNKNOWN_SECONDS = 5.0
"""For which a full queue asks to wait if nothing has been measured."""

BROKEN = "something broke that should not have; the terminal of impasto web says what"
_STOPS = (Advanced, Planned, Preview, Step, TrainStep)
"""Events at which work can be asked to end with what there is."""

ENDED_TWICE = "the server ended twice while painting this; try a smaller size"


class FullError(ImpastoError):
    """Too many paintings wait already."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class InUseError(InputError):
    """What is to be deleted is needed for a painting that is not done."""


class JobQueue:
    """Takes tasks in, has them painted one after the other, and remembers what became of them.

    Args:
        store: where everything is kept.
        timing: how long things take here.
        limit: most jobs that wait.
    """

    def __init__(self, store: Store, timing: Timing, limit: int) -> None:
        self.store, self.timing, self.limit = store, timing, limit
        self.jobs: dict[str, Job] = {}
        self.listeners: set[Callable[[], None]] = set()
        self._waiting: list[Job] = []
        self._working: Job | None = None
        self._changed = threading.Condition(threading.RLock())
        self._closing = False
        self._painter = Painter(store, self.result_path)
        self._recorder = JobRecorder(store, timing)
        self._recall()
        self._thread = threading.Thread(target=self._work, name="painter", daemon=True)
        self._thread.start()

    def submit(
        self,
        task: Task,
        width: int,
        height: int,
        expected: float | None,
        before: Job | None = None,
    ) -> Job:
        """Put a task into the queue and return its job.

        Args:
            task: what is to be painted.
            width: of the result, expected.
            height: likewise.
            expected: seconds that it will take, None if unknown.
            before: whose picture it goes on from; its commands come first.

        Raises:
            FullError: too many wait.
            ResourceError: no room on disk.
        """
        with self._changed:
            if len(self._waiting) >= self.limit:
                seconds = self._seconds_left(self._working) or UNKNOWN_SECONDS
                raise FullError(
                    f"{len(self._waiting)} paintings are waiting already, which is the limit; try "
                    f"again in about {math.ceil(seconds)} s",
                    max(1, math.ceil(seconds)),
                )
            self.sweep(3 * width * height)
            self.store.check_room(3 * width * height)
            job = Job(new_key(), task, self.store.clock(), width, height, expected=expected)
            if before is not None:
                job.commands, job.calls = list(before.commands), list(before.calls)
            self.store.save_job(job.key, job.to_record())  # first: what is not kept is no job
            self.jobs[job.key] = job
            self._waiting.append(job)
            self._changed.notify_all()
        self.notify()
        return job

    def find(self, key: str) -> Job:
        """Return a job.

        Raises:
            GoneError: there is none.
        """
        job = self.jobs.get(key)
        if job is None or job.cancelled:
            raise GoneError("there is no such painting (any more); it may have expired")
        return job

    def stop(self, job: Job) -> None:
        """End a job soon and keep what there is; a waiting one never begins."""
        with self._changed:
            if job in self._waiting:
                self._waiting.remove(job)
                job.state, job.message, job.stopped = "failed", "stopped before it began", True
                job.finished = self.store.clock()
                self.save(job)
            job.stop = True
        self.notify()

    def remove(self, job: Job) -> None:
        """Forget a job and delete its files; if it is worked on, that ends.

        Raises:
            InUseError: its result is being refined, or is going to be.
        """
        with self._changed:
            if any(other.task.after == job.key for other in self._open()):
                raise InUseError(f"{job.task.output} is being made finer; stop that first")
            job.cancelled = True
            if job in self._waiting:
                self._waiting.remove(job)
            if job is not self._working:
                self._forget(job)
        self.notify()

    def keep(self, job: Job, *, favorite: bool) -> None:
        """Keep a painting until somebody deletes it, or no longer than the others.

        Raises:
            ResourceError: the disk is full.
        """
        with self._changed:
            before, job.favorite = job.favorite, favorite
            try:
                self.store.save_job(job.key, job.to_record())
            except ResourceError:
                job.favorite = before
                raise
        self.notify()

    def remove_picture(self, key: str) -> None:
        """Delete an upload.

        Raises:
            GoneError: there is none.
            InUseError: a painting that is not done needs it.
        """
        with self._changed:
            for job in self._open():
                if key in (each.key for each in job.inputs):
                    raise InUseError(f"{job.task.output} is being painted from it; stop that first")
            self.store.remove_picture(key)

    def _open(self) -> list[Job]:
        return [job for job in self.jobs.values() if job.is_open and not job.cancelled]

    def place(self, job: Job) -> tuple[int | None, float | None]:
        """Return how many come before a waiting job, and the seconds until its turn."""
        with self._changed:
            if job not in self._waiting:
                return None, None
            before = self._waiting[: self._waiting.index(job)]
            if self._working is not None:
                before.append(self._working)
            seconds = [self._seconds_left(each) for each in before]
        known = [each for each in seconds if each is not None]
        return len(before), sum(known) if len(known) == len(seconds) else None

    @property
    def length(self) -> int:
        """Jobs that wait."""
        return len(self._waiting)

    @property
    def is_alive(self) -> bool:
        """Whether there is somebody who paints."""
        return self._thread.is_alive()

    @property
    def is_working(self) -> bool:
        """Whether something is being painted."""
        return self._working is not None

    def result_path(self, key: str) -> Path:
        """Return the picture that a job made.

        Raises:
            GoneError: there is no such job, or it has none.
        """
        if not self.find(key).has_result:
            raise GoneError("this painting has no result (yet)")
        return self.store.job_folder(key) / "result.png"

    def save(self, job: Job) -> None:
        """Keep a job's state on disk, if that goes, and tell whoever listens."""
        if not job.cancelled:
            try:
                self.store.save_job(job.key, job.to_record())
            except ResourceError as error:
                log.warning("painting %s: %s", job.key, error)
        self.notify()

    def notify(self) -> None:
        """Tell whoever listens that something has changed."""
        for listener in list(self.listeners):
            listener()

    def sweep(self, wanted: int = 0) -> None:
        """Delete what has expired, and the oldest results if there is no room.

        Args:
            wanted: bytes that are about to be written.
        """
        with self._changed:
            now = self.store.clock()
            needed = {job.task.after for job in self._open()}
            over = [
                job
                for job in self.jobs.values()
                if not job.is_open and not job.favorite and job.key not in needed
            ]
            for job in over:
                if now - (job.finished or job.created) > self.store.keep_seconds:
                    self._forget(job)
            used = {each.key for job in self.jobs.values() for each in job.inputs}
            self.store.remove_old_pictures(used)
            if self.store.size() + wanted <= self.store.limit:
                return
            for job in sorted(over, key=lambda job: job.created):
                if self.store.size() + wanted <= self.store.limit * 3 // 4:
                    break
                if not any(job.key == other.task.after for other in self.jobs.values()):
                    self._forget(job)
            used = {each.key for job in self.jobs.values() for each in job.inputs}
            self.store.remove_unused_pictures(used, wanted)

    def close(self, seconds: float = 20.0) -> None:
        """End the work: a refinement keeps what it has, what waits goes on with the next server."""
        with self._changed:
            self._closing = True
            if self._working is not None:
                self._working.stop = True
            self._changed.notify_all()
        self._thread.join(seconds)
        self.store.close()

    def _forget(self, job: Job) -> None:
        self.jobs.pop(job.key, None)
        self.store.remove_job(job.key)

    def _seconds_left(self, job: Job | None) -> float | None:
        if job is None:
            return None
        view = job.view(None, None, self.store.clock())
        found: float | None = view["eta"] if job.state == "working" else job.expected
        return found

    def _recall(self) -> None:
        """Take over what an earlier server left; what it had not finished begins anew."""
        for record in self.store.load_jobs():
            try:
                job = Job.from_record(record)
            except (TypeError, KeyError):  # of another version
                self.store.remove_job(str(record.get("key", "-")))
                continue
            self.jobs[job.key] = job
            if not job.is_open:
                continue
            job.attempts += job.state == "working"
            if job.attempts > 1:
                job.state, job.message = "failed", ENDED_TWICE
                job.finished = self.store.clock()
            else:
                self._recorder.begin_anew(job)
                self._waiting.append(job)
            self.save(job)

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closing:
                    if not self._changed.wait(IDLE_SECONDS):
                        with suppress(OSError):
                            self.sweep()
                if self._closing:
                    return
                job = self._working = self._waiting.pop(0)
            try:
                self._run(job)
            except Exception:  # the worker must live on
                log.exception("painting %s failed", job.key)
                job.state, job.message = "failed", BROKEN
            with self._changed:
                if job.cancelled:
                    self._forget(job)
                self._working = None  # last: who sees the worker idle finds the files gone
            gc.collect()  # a closed generator's tensors go now, not at some later time
            self.notify()

    def _run(self, job: Job) -> None:
        job.state, job.started = "working", self.store.clock()
        self.save(job)
        events = self._painter.events(job.task)
        try:
            with ends_when(lambda: job.cancelled):
                for event in _until_stopped(events, job):
                    self._recorder.take(job, event)
                    self.notify()
            self._recorder.finish(job)
        except UnwantedError:
            return
        except StopEarly:
            job.state, job.message, job.stopped = "failed", "stopped before the first step", True
        except GoneError as error:
            job.state, job.message = "failed", str(error)
        except ImpastoError as error:
            job.state, job.message = "failed", in_plain_words(error)
        except OSError as error:  # of the folder; pictures that cannot be read have their words
            log.warning("painting %s: %s", job.key, error)
            job.state, job.message = "failed", f"cannot keep the painting: {error.strerror}"
        except Exception:  # the worker must live on
            log.exception("painting %s failed", job.key)
            job.state, job.message = "failed", BROKEN
        finally:
            events.close()
            job.finished, job.eta = self.store.clock(), None
        self.save(job)


def _until_stopped(events: Generator[Event, None, None], job: Job) -> Generator[Event, None, None]:
    """Yield the events; pass a wish to end on to where they come from."""
    asked = False
    event = next(events, None)
    while event is not None:
        yield event
        if job.cancelled:
            raise UnwantedError
        if job.stop and isinstance(event, Tile):
            raise InputError("stopped before all styles were painted")
        if job.stop and not asked and isinstance(event, _STOPS):
            asked = job.stopped = True
            event = events.throw(StopEarly())
        else:
            event = next(events, None)
