"""A folder of photos as an endless stream of crops, the same for the same seed."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from impasto.core.errors import ConfigError, ImageError
from impasto.io.folder import find_pictures
from impasto.io.image import read_picture, to_pil

LEAST_CONTRAST = 0.02
"""A crop whose pixels deviate by less teaches nothing, and its gradient can overflow: instance
normalization divides by that deviation in every layer."""

SMALLEST_SCALE, LARGEST_SCALE = 0.75, 1.5
"""A photo's long side is drawn between these times the style's, so that the network sees the
same things large and small."""


@dataclass(frozen=True)
class Crop:
    """One training example."""

    image: Tensor
    """(3, size, size), sRGB in [0, 1]."""

    number: Tensor
    """() or (B,), which example this is, counted from the start of the training."""

    broken: tuple[str, ...]
    """Files that could not be read on the way; another photo took their place."""


class PhotoCrops(Dataset[Crop]):
    """Crops of photos by number: the same number always gives the same crop.

    Every photo comes once before any comes again, each time at another scale, place and side.
    Photos are never squashed.

    Args:
        folder: searched with all folders in it.
        size: side of the crops in pixels.
        photo_size: long side around which the photos are scaled.
        seed: of order and cropping.

    Raises:
        ConfigError: no such folder, or no readable picture in it.
    """

    def __init__(self, folder: Path, size: int, photo_size: int, seed: int) -> None:
        self.files = find_pictures(folder)
        if not self.files:
            raise ConfigError(f"--photos {folder}: no pictures in it; it needs about 50 photos")
        self.folder, self.size, self.photo_size, self.seed = folder, size, photo_size, seed
        self._epoch, self._order = -1, np.empty(0, np.int64)
        self[0]  # refuses a folder without a single readable picture, here and not in a worker

    def __len__(self) -> int:
        return len(self.files)

    def _order_of(self, epoch: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Return the order in which the photos come in one round through all of them."""
        if epoch != self._epoch:
            random = np.random.default_rng((self.seed, epoch))
            self._epoch, self._order = epoch, random.permutation(len(self.files))
        return self._order

    def __getitem__(self, index: int) -> Crop:
        epoch, position = divmod(index, len(self.files))
        order = self._order_of(epoch)
        broken: list[str] = []
        flat = False
        for offset in range(len(self.files)):
            path = self.files[order[(position + offset) % len(self.files)]]
            try:
                image = self._crop(path, np.random.default_rng((self.seed, 1, index)))
            except ImageError:
                broken.append(self._label(path))
                continue
            if float(image.std()) >= LEAST_CONTRAST:
                return Crop(image, torch.tensor(index), tuple(broken))
            flat = True
        if flat:
            raise ConfigError(f"--photos {self.folder}: nothing is to be seen on its pictures")
        raise ConfigError(f"--photos {self.folder}: none of its pictures can be read")

    def _label(self, path: Path) -> str:
        inside = path.is_relative_to(self.folder)
        return str(path.relative_to(self.folder)) if inside else path.name

    def _crop(self, path: Path, random: np.random.Generator) -> Tensor:
        long_side = self.photo_size * random.uniform(SMALLEST_SCALE, LARGEST_SCALE)
        photo = to_pil(read_picture(path, at_least=round(long_side)).image)
        factor = max(long_side / max(photo.size), self.size / min(photo.size))
        width, height = (max(self.size, round(side * factor)) for side in photo.size)
        left = int(random.integers(width - self.size + 1))
        top = int(random.integers(height - self.size + 1))
        box = (left / factor, top / factor, (left + self.size) / factor, (top + self.size) / factor)
        box = (box[0], box[1], min(box[2], photo.width), min(box[3], photo.height))
        crop = photo.resize((self.size, self.size), Image.Resampling.BICUBIC, box=box)
        if random.random() < 0.5:
            crop = crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        pixels = torch.from_numpy(np.asarray(crop).copy())
        return pixels.permute(2, 0, 1).float() / 255


class StyleCrops(PhotoCrops):
    """Crops of paintings by number, as styles; some are photos, and many have other colors.

    Few paintings would be learned by heart. Crops, sizes, turned hues and the photos themselves
    (whose textures are styles too) fill the space between them.

    Args:
        paintings: folder, searched with all folders in it.
        photos: folder of photos; a third of the styles.
        size: side of the crops in pixels.
        painting_size: long side around which the paintings are scaled.
        seed: of order, cropping and colors.

    Raises:
        ConfigError: no such folder, or no readable picture in it.
    """

    def __init__(
        self, paintings: Path, photos: Path, size: int, painting_size: int, seed: int
    ) -> None:
        super().__init__(paintings, size, painting_size, seed)
        more = find_pictures(photos)
        self.files = self.files * max(1, round(2 * len(more) / len(self.files))) + more
        self._epoch = -1

    def _crop(self, path: Path, random: np.random.Generator) -> Tensor:
        crop = super()._crop(path, random)
        return crop if random.random() < KEPT_COLORS else _recolor(crop, random)


KEPT_COLORS = 0.4
"""Part of the styles whose colors stay as they are."""


def _recolor(image: Tensor, random: np.random.Generator) -> Tensor:
    """Return (3, H, W) with hue turned, and saturation, lightness and contrast changed."""
    gray = image.mean(0, keepdim=True)
    angle, saturation = random.uniform(-np.pi, np.pi), random.uniform(0.0, 1.5)
    cosine, sine = float(np.cos(angle)), float(np.sin(angle)) / 3**0.5
    turn = torch.full((3, 3), (1 - cosine) / 3)  # about the gray axis
    turn += torch.tensor([[cosine, -sine, sine], [sine, cosine, -sine], [-sine, sine, cosine]])
    color = torch.einsum("ij,jhw->ihw", turn, image - gray)
    light = gray.clamp_min(0) ** random.uniform(0.6, 1.6)
    return (light + saturation * color).clamp(0, 1)


class _Numbers:
    """Batches of example numbers, without end: this process's share of every step."""

    def __init__(self, first_step: int, batch_size: int, rank: int, processes: int) -> None:
        self.step, self.batch_size, self.rank, self.processes = (
            first_step,
            batch_size,
            rank,
            processes,
        )

    def __iter__(self) -> Iterator[list[int]]:
        step = self.step
        while True:
            first = (step * self.processes + self.rank) * self.batch_size
            yield list(range(first, first + self.batch_size))
            step += 1


def _collate(crops: list[Crop]) -> Crop:
    return Crop(
        torch.stack([crop.image for crop in crops]),  # (B, 3, size, size)
        torch.stack([crop.number for crop in crops]),
        tuple(name for crop in crops for name in crop.broken),
    )


def _leave_signals(_worker: int) -> None:
    """Let Ctrl-C be the parent's business, which then ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform != "win32":
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


def batches(
    crops: PhotoCrops,
    *,
    first_step: int,
    batch_size: int,
    workers: int,
    rank: int = 0,
    processes: int = 1,
) -> Iterator[Crop]:
    """Yield batches for ever, beginning with that of `first_step`.

    Args:
        crops: the photos.
        first_step: number of the first batch, from 0.
        batch_size: crops per batch and process.
        workers: processes that read ahead; 0 reads when asked.
        rank: which process of a distributed training this is.
        processes: how many there are. Together they see what one process with `processes` times
            the batch size would see.

    Yields:
        (B, 3, size, size) pictures, with the names of broken files.
    """
    loader = DataLoader(
        crops,
        batch_sampler=_Numbers(first_step, batch_size, rank, processes),
        num_workers=workers,
        collate_fn=_collate,
        prefetch_factor=4 if workers else None,
        worker_init_fn=_leave_signals,
    )
    yield from loader
