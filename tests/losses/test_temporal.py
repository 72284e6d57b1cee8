import pytest
import torch

from impasto.losses.temporal import BORDER, GRAIN, MOVED, next_frame, temporal_distance
from support import noise_picture


def test_the_next_frame_is_the_photo_moved_with_new_grain():
    photo = noise_picture(400, 400)
    ways = set()
    for seed in range(60):
        moved, (down, right) = next_frame(photo, torch.Generator().manual_seed(seed))
        ways.add((down % 4, right % 4))
        assert 1 <= min(down, right) <= max(down, right) <= MOVED
        grain = moved - photo[..., down:, right:]
        assert float(grain.std()) == pytest.approx(GRAIN, rel=0.02)
    assert len(ways) == 16  # every place beside the grid of a network


def test_frames_that_show_the_same_are_not_different():
    frame = noise_picture(80, 90)
    assert float(temporal_distance(frame, frame[..., 3:, 7:], (3, 7))) == 0
    assert float(temporal_distance(frame, frame[..., 3:, 7:] + 0.1, (3, 7))) == pytest.approx(0.01)
    assert float(temporal_distance(frame, frame[..., 2:, 7:], (2, 7))) == 0


def test_what_comes_in_at_the_borders_is_not_compared():
    frame = noise_picture(80, 90)
    moved = frame[..., 5:, 2:].clone()
    for edge in (slice(BORDER), slice(-BORDER, None)):
        moved[..., edge, :] = 0
        moved[..., edge] = 0
    assert float(temporal_distance(frame, moved, (5, 2))) == 0
    moved[..., BORDER, BORDER] += 1
    assert float(temporal_distance(frame, moved, (5, 2))) > 0


def test_frames_of_nothing_but_borders_have_no_distance():
    frame = noise_picture(34, 34)
    assert float(temporal_distance(frame, frame[..., 4:, 4:] + 1, (4, 4))) == 0
