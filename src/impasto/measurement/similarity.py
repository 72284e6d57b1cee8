"""How much of the photo is still to be seen."""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor

from impasto.core.errors import MissingError

PERCEPTUAL_LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")


def perceptual_distance(features: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
    """Return how unlike two pictures look: the angle between their features, place by place.

    One minus the cosine of the features at a place, averaged over places and the five layers of
    LPIPS. 0 for equal pictures; 1 if no feature fires in both.

    Args:
        features: (B, C, H, W) by name, at least `PERCEPTUAL_LAYERS`, not negative.
        target: the same of the other picture.

    Source:
        zhang2018, eq. 1, with all w_l = 1 ("Net" instead of "Net-lin"), divided by twice the number
        of layers. Differs: not LPIPS, whose w_l were fitted to the channels of torchvision's
        VGG-16. The channels of the original VGG-16 are others: with LPIPS's weights shuffled among
        them, pictures come out in the same order (docs/measure.md).
    """
    distances = [
        1 - F.cosine_similarity(features[layer], target[layer], dim=1, eps=1e-4).mean()
        for layer in PERCEPTUAL_LAYERS
    ]
    return sum(distances, start=distances[0].new_zeros(())) / len(distances)


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
        raise MissingError("SSIM needs torchmetrics: pip install 'impasto[measure]'") from error
    found = structural_similarity_index_measure(image, content, data_range=1.0)
    assert isinstance(found, Tensor)
    return float(found)
