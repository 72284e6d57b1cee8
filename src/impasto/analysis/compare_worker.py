"""Paints one picture of a comparison in a process of its own, so that its memory can be told.

Reads a task from standard input and prints what happens, a line of JSON each:
`{"event": "step", "share": 0.5}`, `{"event": "picture", "seconds": 9.1, "file": ...}` for a picture
on the way, last `{"event": "done", ...}` or `{"event": "failed", "message": ...}`.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from impasto.core.errors import ImpastoError
from impasto.core.events import Preview, Step
from impasto.core.memory import peak_memory
from impasto.core.options import restore
from impasto.io.image import to_pil
from impasto.networks.stylize import load
from impasto.optimization.options import OptimizeOptions
from impasto.optimization.run import Done, optimize_events


@dataclass(frozen=True)
class Task:
    """What is to be painted."""

    content: str
    """File of the photo."""

    folder: str
    """Where the pictures go, as arrays (H, W, 3) of bytes."""

    style: str
    """The painting, or the style of a model."""

    options: dict[str, Any]
    """Of `optimize` or of `stylize`."""

    optimized: bool
    """Whether the picture itself is optimized, instead of painted in one pass."""

    weights: str | None = None
    """File of the VGG weights, None for impasto's."""

    def to_json(self) -> str:
        """Return the task as the process reads it."""
        return json.dumps(asdict(self))

    def work(self) -> Iterator[dict[str, Any]]:
        """Paint; yield records. Time counts from the files to the picture, imports do not."""
        return self._optimize() if self.optimized else self._stylize()

    def _optimize(self) -> Iterator[dict[str, Any]]:
        began = time.perf_counter()
        for event in optimize_events(
            self.content, self.style, restore(OptimizeOptions, self.options)
        ):
            seconds = time.perf_counter() - began
            if isinstance(event, Step):
                whole = max(event.seconds + event.eta, 1e-9)
                yield {"event": "step", "share": event.seconds / whole}
            elif isinstance(event, Preview):
                file = self._save(np.asarray(to_pil(event.image)), f"{event.step:05d}")
                yield {"event": "picture", "seconds": seconds, "file": file}
            elif isinstance(event, Done):
                yield self._done(np.asarray(event.result.image), seconds, event.result.steps)

    def _stylize(self) -> Iterator[dict[str, Any]]:
        began = time.perf_counter()
        image = load(self.style, weights=self.weights)(self.content, **self.options)
        yield self._done(np.asarray(image), time.perf_counter() - began, ())

    def _done(
        self, pixels: np.ndarray[Any, Any], seconds: float, steps: tuple[int, ...]
    ) -> dict[str, Any]:
        memory = peak_memory()
        file = self._save(pixels, "done")
        return {"event": "done", "seconds": seconds, "file": file, "steps": steps, "memory": memory}

    def _save(self, pixels: np.ndarray[Any, Any], name: str) -> str:
        path = Path(self.folder, f"{name}.npy")
        np.save(path, pixels[..., :3])
        return str(path)


def main() -> None:
    """Read the task and do it."""
    try:
        for record in Task(**json.load(sys.stdin)).work():
            _say(record)
    except ImpastoError as error:
        _say({"event": "failed", "message": str(error)})
    gc.freeze()  # else leaving looks through all of torch for garbage: most of a second


def _say(record: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
