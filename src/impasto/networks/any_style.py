"""Any painting in one pass: a transformation network whose style is read off the painting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from impasto.core.errors import ShapeError
from impasto.core.tensors import fit_long_side, resize, size_of
from impasto.networks.shape import NetworkOptions
from impasto.networks.transform import TransformNet
from impasto.perception.extractor import Extractor
from impasto.perception.vgg import VGG16

STATISTICS_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
"""Layers of VGG-16 in which a painting is looked at."""

PAINTING_SIZE = 512
"""Long side at which a painting is looked at, in pixels; that of the training."""

_WIDTH = 256
"""Of the predictor's hidden layers."""


def style_statistics(features: Mapping[str, Tensor]) -> Tensor:
    """Return what the predictor sees of paintings: means and deviations of their features.

    Args:
        features: (B, C, H, W) by layer, at least `STATISTICS_LAYERS`.

    Returns:
        (B, D): logarithms of 1 + mean and 1 + standard deviation of every channel.
    """
    found = []
    for layer in STATISTICS_LAYERS:
        flat = features[layer].float().flatten(2)  # (B, C, H*W)
        found += [flat.mean(2), flat.std(2, unbiased=False)]
    return torch.cat(found, 1).log1p()


def count_statistics() -> int:
    """Return the length of `style_statistics`.

    >>> count_statistics()
    1920
    """
    shapes = VGG16.shapes()
    return 2 * sum(shapes[f"{VGG16.split(layer)[1]}.bias"][0] for layer in STATISTICS_LAYERS)


def encode_style(extractor: Extractor, painting: Tensor, scale: float = 1.0) -> Tensor:
    """Return the statistics of one painting.

    Args:
        extractor: returns at least `STATISTICS_LAYERS`.
        painting: (1, 3, H, W) in [0, 1], any size from one pixel up.
        scale: above 1 the painting is looked at enlarged, for broader strokes.

    Returns:
        (1, D).
    """
    height, width = fit_long_side(*size_of(painting), max(16, round(PAINTING_SIZE * scale)))
    smallest = extractor.minimum_size
    large = resize(painting, max(height, smallest), max(width, smallest))
    with torch.no_grad():
        return style_statistics(extractor(large, STATISTICS_LAYERS))


class StylePredictor(nn.Module):
    """From a painting's statistics to the scales and shifts of a network.

    Args:
        rows: names of the network's scales and shifts, and how many channels each has.

    Source:
        ghiasi2017, sec. 3. Differs: statistics of VGG-16's features instead of an Inception
        network that is trained along; two hidden layers.
    """

    def __init__(self, rows: Mapping[str, int]) -> None:
        super().__init__()
        self.rows = dict(rows)
        statistics = count_statistics()
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.zeros(statistics))
        self.register_buffer("deviation", torch.ones(statistics))
        self.first = nn.Linear(statistics, _WIDTH)
        self.second = nn.Linear(_WIDTH, _WIDTH)
        self.last = nn.Linear(_WIDTH, sum(rows.values()))
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    @property
    def is_calibrated(self) -> bool:
        """Whether it knows the usual range of statistics."""
        return bool((self.deviation != 1).any())

    @torch.no_grad()
    def calibrate(self, statistics: Tensor) -> None:
        """Learn the usual range of statistics, (N, D) of many paintings."""
        self.mean.copy_(statistics.mean(0))
        self.deviation.copy_(statistics.std(0) + 0.05)

    def forward(self, statistics: Tensor) -> dict[str, Tensor]:
        """Return changes of the scales and shifts, (B, channels) by name.

        Args:
            statistics: (B, D) from `style_statistics`.

        Raises:
            ShapeError: another D.
        """
        if statistics.ndim != 2 or statistics.shape[1] != len(self.mean):
            raise ShapeError(
                f"statistics: expected (B, {len(self.mean)}), got shape {tuple(statistics.shape)}"
            )
        x = (statistics - self.mean) / self.deviation
        x = F.relu(self.first(x))
        x = F.relu(self.second(x))
        parts = self.last(x).split(list(self.rows.values()), dim=1)
        return dict(zip(self.rows, parts, strict=True))


class AnyStyleNet(nn.Module):
    """A transformation network and the predictor of its style.

    Args:
        options: shape of the transformation network; its `styles` is not looked at.
    """

    def __init__(self, options: NetworkOptions) -> None:
        super().__init__()
        self.options = replace(options, styles=1)
        self.net = TransformNet(self.options)
        self.predictor = StylePredictor(
            {name: value.shape[1] for name, value in self._base().items()}
        )

    def _base(self) -> dict[str, Tensor]:
        """Return the scales and shifts of no painting in particular, (1, channels) by name."""
        return {
            name: parameter for name, parameter in self.net.named_parameters() if ".norm." in name
        }

    def rows(self, statistics: Tensor) -> dict[str, Tensor]:
        """Return the scales and shifts for paintings, (B, channels) by name."""
        changes = self.predictor(statistics)
        return {name: base + changes[name] for name, base in self._base().items()}

    def forward(self, image: Tensor, statistics: Tensor) -> Tensor:
        """Return each photo painted like the painting with the same number.

        Args:
            image: (B, 3, H, W) in [0, 1].
            statistics: (B, D) from `style_statistics`.

        Returns:
            (B, 3, H, W) in [0, 1].
        """
        with torch.autocast(image.device.type, enabled=False):
            rows = self.rows(statistics.float())
        style = torch.eye(len(image), device=image.device)
        painted: Tensor = functional_call(self.net, rows, (image, style))
        return painted

    @torch.no_grad()
    def with_styles(self, statistics: Tensor) -> TransformNet:
        """Return an ordinary network that has learned these paintings.

        Args:
            statistics: (S, D), one row per painting.

        Returns:
            A `TransformNet` of S styles; painting with it needs no predictor and no VGG.
        """
        net = TransformNet(replace(self.options, styles=len(statistics)))
        net.load_state_dict({**self.net.state_dict(), **self.rows(statistics)})
        return net.eval().requires_grad_(requires_grad=False)


def start_from(state: Mapping[str, Tensor], options: NetworkOptions) -> dict[str, Tensor]:
    """Return first weights of an `AnyStyleNet` from those of a trained `TransformNet`.

    No painting in particular begins as the mean of the network's styles.
    """
    first = AnyStyleNet(options).state_dict()
    for name, tensor in state.items():
        first[f"net.{name}"] = tensor.mean(0, keepdim=True) if ".norm." in name else tensor
    return first
