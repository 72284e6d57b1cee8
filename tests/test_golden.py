"""A painted picture against the one that was looked at and kept, by PSNR."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import impasto
from conftest import load_image

GOLDEN = Path(__file__).parent / "golden"


def psnr(first, second) -> float:
    difference = np.asarray(first, float) - np.asarray(second, float)
    return float(10 * np.log10(255**2 / max(np.square(difference).mean(), 1e-10)))


@pytest.mark.parametrize("style", ["great-wave", "starry-night"])
def test_the_castle_looks_as_it_did(style):
    """40 dB where the arithmetic is the same; other processors may round differently."""
    result = impasto.optimize("castle", style, size=160, steps=(12,), coarsest=80, dtype="float32")
    golden = load_image(GOLDEN / f"castle_{style}.png")
    assert psnr(result.image, golden) > 28
    assert psnr(golden.transpose(Image.Transpose.FLIP_LEFT_RIGHT), golden) < 20
