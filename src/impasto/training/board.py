"""Losses and samples for TensorBoard (an optional package)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from impasto.core.errors import MissingError, how_to_install


def find_writer() -> Callable[..., Any]:
    """Return TensorBoard's writer.

    Raises:
        MissingError: TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingError(
            f"--tensorboard needs a package that is not here: {how_to_install('tensorboard')}"
        ) from error
    writer: Callable[..., Any] = SummaryWriter
    return writer


class Board:
    """Writes one run's event files.

    Raises:
        MissingError: TensorBoard is not installed.
    """

    def __init__(self, folder: Path, first_step: int) -> None:
        self._writer = find_writer()(str(folder / "tensorboard"), purge_step=first_step)

    def record(self, step: int, values: Mapping[str, float]) -> None:
        """Add a point to every curve."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def show(self, step: int, name: str, image: Tensor) -> None:
        """Add a sample, (1, 3, H, W) in [0, 1]."""
        self._writer.add_image(f"samples/{name}", image[0], step)

    def close(self) -> None:
        """Write what is still in memory."""
        self._writer.close()
