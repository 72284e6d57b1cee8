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
    """40 dB on every processor; a tenth more of the painting's style would be 35 dB.

    By Adam, and few steps: where sums are rounded otherwise, its pictures are 49 dB apart or more.
    Those of L-BFGS are equally good and as little as 26 dB apart; tests/optimization holds its steps
    to torch's.
    """
    options = {"size": 160, "steps": (6,), "coarsest": 80, "optimizer": "adam"}
    result = impasto.optimize("castle", style, dtype="float32", **options)
    golden = load_image(GOLDEN / f"castle_{style}.png")
    assert psnr(result.image, golden) > 40
    assert psnr(golden.transpose(Image.Transpose.FLIP_LEFT_RIGHT), golden) < 20
