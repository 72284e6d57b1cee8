import pytest
import torch

from impasto.core.errors import ResourceError
from impasto.optimization.memory import plan_memory


def plan(height, width, budget, history=20, dtype=torch.bfloat16, originals=0.0):
    return plan_memory(height, width, budget, originals=originals, history=history, dtype=dtype)


def test_a_small_picture_is_seen_whole():
    found = plan(384, 512, 4e9)
    assert (found.side, found.history, found.history_dtype) == (None, 20, torch.float32)


def test_twelve_megapixels_fit_into_four_gigabytes():
    found = plan(3072, 4096, 4 * 2**30)
    assert found.side is not None
    assert found.size <= 4 * 2**30
    assert found.history >= 4


def test_less_memory_means_smaller_tiles_and_a_shorter_history():
    plans = [plan(3072, 4096, budget * 1e9) for budget in (64, 16, 8, 5, 4)]
    sides = [found.side or 10**6 for found in plans]
    assert sides == sorted(sides, reverse=True)
    sizes = [found.size for found in plans]
    assert sizes == sorted(sizes, reverse=True)
    assert plans[0].side is None
    assert plans[-1].history_dtype == torch.bfloat16


def test_what_cannot_fit_says_how_much_would():
    with pytest.raises(ResourceError, match=r"need .* GB at least"):
        plan(3072, 4096, 1e9)


def test_a_large_photo_leaves_less_for_the_rest():
    photo = 48e6 * 12
    small, large = plan(768, 1024, 2e9), plan(768, 1024, 2e9, originals=photo)
    assert (large.side or 10**6, large.history) < (small.side or 10**6, small.history)
    assert small.size + photo > 2e9 >= large.size
