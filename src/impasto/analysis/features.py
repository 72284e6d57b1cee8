"""Which channels of a layer answer to a picture, and which answer together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.analysis.options import InspectOptions
from impasto.core.tensors import fit_long_side, resize, size_of
from impasto.losses.style import gram_matrix
from impasto.perception.extractor import Extractor
from impasto.perception.vgg import TOPOLOGIES

MARGIN = 64
"""Pixels by which a picture goes on beyond its edges while it is looked at."""


@dataclass(frozen=True)
class Channel:
    """How strongly one channel answers to a picture."""

    channel: int
    """Its number, from 0."""

    share: float
    """Of the layer's whole energy, 0..1: its entry on the diagonal of the Gram matrix, by their
    sum."""


@dataclass(frozen=True)
class Pair:
    """How strongly two channels fire together."""

    first: int
    second: int
    gram: float
    """Their entry in the Gram matrix, G_ij."""

    correlation: float
    """G_ij / sqrt(G_ii G_jj): 1 if one is a multiple of the other, 0 if they never meet. Not
    centered, as the Gram matrix is not."""


@dataclass(frozen=True)
class Activations:
    """What the network sees in a picture."""

    image: Tensor
    """(1, 3, H, W), sRGB in [0, 1], at the size that was looked at."""

    features: Tensor
    """(C, h, w) of the layer."""

    channels: tuple[Channel, ...]
    """The strongest, strongest first."""

    pairs: tuple[Pair, ...]
    """The strongest, strongest first."""

    grams: Mapping[str, Tensor]
    """(C, C) by style layer."""


@torch.no_grad()
def encode(image: Tensor, weights: Mapping[str, Tensor], options: InspectOptions) -> Activations:
    """Return what the network sees in `image`.

    Args:
        image: (1, 3, H, W), sRGB in [0, 1].
        weights: of the network `options.backbone`, as `load_weights` gives them.
        options: which layers, and how many channels and pairs.

    Raises:
        ConfigError: a layer that the network does not have.
        ShapeError: too narrow for the layers that are asked for.
    """
    image = resize(image, *fit_long_side(*size_of(image), options.size))
    styles = options.style_layers if "gram" in options.show else ()
    extractor = Extractor(weights, [options.layer, *styles], topology=TOPOLOGIES[options.backbone])
    found = _without_frame(image, extractor)
    gram = gram_matrix(found[options.layer])[0]
    return Activations(
        image=image,
        features=found[options.layer][0],
        channels=strongest_channels(gram, options.channels),
        pairs=strongest_pairs(gram, options.pairs),
        grams={layer: gram_matrix(found[layer])[0] for layer in styles},
    )


def _without_frame(image: Tensor, extractor: Extractor) -> dict[str, Tensor]:
    """Return the features of a picture that goes on, mirrored, beyond its edges.

    Some channels answer to nothing but the zeros that VGG sees outside a picture.
    """
    height, width = size_of(image)
    margins = [min(MARGIN, side - 1) // 16 * 16 for side in (width, height)]
    across, down = margins
    found = extractor(F.pad(image, (across, across, down, down), mode="reflect"))
    cropped: dict[str, Tensor] = {}
    for layer, features in found.items():
        stride = 2 ** (int(layer[4]) - 1)
        top, left = down // stride, across // stride
        rows, columns = max(1, height // stride), max(1, width // stride)
        cropped[layer] = features[..., top : top + rows, left : left + columns]
    return cropped


def strongest_channels(gram: Tensor, count: int) -> tuple[Channel, ...]:
    """Return the channels with the largest entries on the diagonal, largest first.

    Args:
        gram: (C, C).
        count: how many; all if there are fewer.
    """
    energy = gram.diagonal()
    shares = energy / energy.sum().clamp_min(1e-30)
    order = torch.argsort(shares, descending=True, stable=True)[:count].tolist()
    return tuple(Channel(number, float(shares[number])) for number in order)


def strongest_pairs(gram: Tensor, count: int) -> tuple[Pair, ...]:
    """Return the pairs with the largest entries beside the diagonal, largest first.

    Every channel is named once, so that the pairs show different things: the pair with the largest
    entry, then that with the largest among the other channels, and so on.

    Args:
        gram: (C, C), symmetric.
        count: how many; fewer if the channels run out, or nothing else fires together.
    """
    together = correlations(gram)
    left = gram.abs().triu(diagonal=1).clone()
    pairs: list[Pair] = []
    while len(pairs) < count and float(left.max()) > 0:
        first, second = divmod(int(left.argmax()), gram.shape[0])
        pairs.append(
            Pair(first, second, float(gram[first, second]), float(together[first, second]))
        )
        for used in (first, second):
            left[used], left[:, used] = 0, 0
    return tuple(pairs)


def correlations(gram: Tensor) -> Tensor:
    """Return G_ij / sqrt(G_ii G_jj), 0 for channels that never fire.

    Args:
        gram: (C, C), symmetric.
    """
    norm = gram.diagonal().clamp_min(0).sqrt()
    return gram / (norm[:, None] * norm[None, :]).clamp_min(1e-30)
