"""How much of the photo is still to be seen."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.core.errors import MissingError, how_to_install

LPIPS_LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")

_EPSILON = 1e-8


@cache
def lpips_heads() -> dict[str, Tensor] | None:
    """Return how much each channel counts, (C,) by layer; None if torchmetrics is not installed.

    Source:
        zhang2018, w_l, fitted to what people call similar; the file comes with torchmetrics.
    """
    spec = find_spec("torchmetrics")
    if spec is None or spec.origin is None:
        return None
    file = Path(spec.origin).parent / "functional" / "image" / "lpips_models" / "vgg.pth"
    found = torch.load(file, map_location="cpu", weights_only=True)
    weights = (found[f"lin{number}.model.1.weight"] for number in range(len(LPIPS_LAYERS)))
    return dict(zip(LPIPS_LAYERS, (weight.flatten() for weight in weights), strict=True))


def lpips(
    features: Mapping[str, Tensor], target: Mapping[str, Tensor], heads: Mapping[str, Tensor]
) -> Tensor:
    """Return how unlike two pictures look. 0 for equal pictures.

    At each place, features are scaled to length 1; the squares of their differences are weighed by
    channel, and averaged over places and images.

    Args:
        features: (B, C, H, W) by name, at least those of `heads`.
        target: the same of the other picture.
        heads: (C,) by layer.

    Source:
        zhang2018, eq. 1. Differs: the VGG-16 here is the original one, the heads were fitted to
        torchvision's; values are not those of the package lpips (docs/measure.md).
    """
    return lpips_of_tiles(features, target, heads, (1, 1)).mean()


def lpips_of_tiles(
    features: Mapping[str, Tensor],
    target: Mapping[str, Tensor],
    heads: Mapping[str, Tensor],
    tiles: tuple[int, int],
) -> Tensor:
    """Return how unlike two pictures look, part by part: (B, rows, columns).

    Args:
        features: as for `lpips`.
        target: as for `lpips`.
        heads: as for `lpips`.
        tiles: rows and columns of equal parts.
    """
    total = next(iter(features.values())).new_zeros(())
    for layer, head in heads.items():
        squares = (_unit(features[layer]) - _unit(target[layer])).square()
        unlike = torch.einsum("bchw,c->bhw", squares, head.to(squares))
        total = total + F.adaptive_avg_pool2d(unlike.unsqueeze(1), tiles)[:, 0]
    return total


def _unit(features: Tensor) -> Tensor:
    return features / (features.square().sum(1, keepdim=True) + _EPSILON).sqrt()


def structural_similarity(image: Tensor, content: Tensor) -> float:
    """Return SSIM: how alike two pictures are in light, contrast and structure. 1 if equal.

    Args:
        image: (1, 3, H, W) in [0, 1].
        content: the same.

    Raises:
        MissingError: torchmetrics is not installed.

    Source:
        wang2004, with its Gaussian window of 11 pixels, mean over the three channels; computed by
        torchmetrics.
    """
    try:
        from torchmetrics.functional.image import structural_similarity_index_measure
    except ImportError as error:
        raise MissingError(f"SSIM needs torchmetrics: {how_to_install('measure')}") from error
    found = structural_similarity_index_measure(image, content, data_range=1.0)
    assert isinstance(found, Tensor)
    return float(found)
