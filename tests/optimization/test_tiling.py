import pytest
import torch

from impasto.core.errors import ResourceError
from impasto.optimization.tiling import PER_PIXEL, plan_memory


def plan(height, width, budget, history=20, dtype=torch.bfloat16, originals=0.0, margin=0):
    return plan_memory(
        height, width, budget, originals=originals, history=history, dtype=dtype, margin=margin
    )


def test_a_small_picture_is_seen_whole():
    found = plan(384, 512, 4e9)
    assert (found.side, found.history, found.history_dtype) == (None, 20, torch.float32)


def test_twelve_megapixels_fit_into_four_gigabytes():
    found = plan(3072, 4096, 4 * 2**30)
    assert found.side is not None
    assert found.size <= 4 * 2**30
    assert found.history >= 4


def test_less_memory_means_features_computed_twice_smaller_tiles_and_a_shorter_history():
    plans = [plan(3072, 4096, budget * 1e9) for budget in (64, 8, 6, 4, 3.3)]
    ranks = [(found.keep, found.side, found.history) for found in plans]
    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) >= 4
    sizes = [found.size for found in plans]
    assert sizes == sorted(sizes, reverse=True)
    assert plans[0].history_dtype == torch.float32
    assert plans[-1].history_dtype == torch.bfloat16


def test_a_large_picture_is_never_seen_whole():
    """In tiles that keep their features it is as fast, in half the memory."""
    found = plan(2048, 2048, 64e9)
    assert found.keep
    assert found.side is not None
    assert found.size < 2048 * 2048 * PER_PIXEL[torch.bfloat16]


def test_what_takes_less_memory_takes_more_time():
    efforts = [plan(768, 1024, budget * 1e9).effort for budget in (64, 1.6, 1.1)]
    assert efforts == sorted(efforts)
    assert len(set(efforts)) == 3


def test_what_cannot_fit_says_how_much_would():
    with pytest.raises(ResourceError, match=r"need .* GB at least"):
        plan(3072, 4096, 1e9)


def test_a_moved_picture_takes_two_more_and_its_margin():
    still, moved, larger = (
        plan(768, 1024, 4e9),
        plan(768, 1024, 4e9, margin=16),
        plan(784, 1040, 4e9),
    )
    assert moved.size == larger.size + 2 * 12 * 784 * 1040
    assert still.size < larger.size
    with pytest.raises(ResourceError, match="4096x3072 pixels need"):
        plan(3072, 4096, 1e9, margin=16)


def test_a_large_photo_leaves_less_for_the_rest():
    photo = 48e6 * 12
    small, large = plan(768, 1024, 1.4e9), plan(768, 1024, 1.4e9, originals=photo)
    assert (large.keep, large.side, large.history) < (small.keep, small.side, small.history)
    assert small.size + photo > 1.4e9 >= large.size
