import pytest
import torch

from impasto.losses.nearest import MOST_PLACES, NearestPlaces, some_places


def features(height, width, seed, dtype=torch.float64, channels=6):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(1, channels, height, width, generator=generator, dtype=dtype)


def places_of(*paintings):
    return [some_places(found, found.shape[-2:], MOST_PLACES) for found in paintings]


def test_the_paintings_own_places_cost_nothing():
    painting = features(7, 5, 0)
    nearest = NearestPlaces(places_of(painting), is_one_pool=True)
    assert float(nearest.sum(painting.flip(3))) == pytest.approx(0, abs=1e-9)
    assert float(nearest.sum(features(7, 5, 1))) > 0.1


def test_the_distance_is_one_minus_the_cosine_to_the_most_similar_place():
    painting, picture = features(4, 4, 0), features(3, 5, 1)
    rows, known = (found[0].flatten(1).T for found in (picture, painting))
    centered, others = rows - known.mean(0), known - known.mean(0)
    cosines = torch.nn.functional.cosine_similarity(centered[:, None], others[None], dim=2)
    nearest = NearestPlaces(places_of(painting), is_one_pool=True)
    expected = float((1 - cosines.max(1).values).sum())
    assert float(nearest.sum(picture)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("with_masks", [False, True])
def test_the_gradient_is_that_of_the_value(with_masks):
    masks = torch.rand(2, 1, 3, 4, dtype=torch.float64) if with_masks else None
    found = places_of(features(4, 4, 0), features(5, 3, 1))
    nearest = NearestPlaces(found, is_one_pool=not with_masks)
    picture = features(3, 4, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda seen: nearest.sum(seen, masks), picture)


def test_a_place_without_a_direction_is_pulled_gently():
    """The paintings' mean itself, where the cosine jumps: a bounded, exact gradient."""
    painting = features(4, 4, 0)
    nearest = NearestPlaces(places_of(painting), is_one_pool=True)
    picture = painting.mean((2, 3), keepdim=True) + 1e-6 * features(1, 2, 3)
    assert float(nearest.measure(picture, None)[1].norm()) < 1e3
    picture.requires_grad_()
    assert torch.autograd.gradcheck(nearest.sum, picture, eps=1e-8)


def test_every_region_is_compared_with_its_own_painting():
    one, other = features(4, 4, 0), features(4, 4, 1)
    nearest = NearestPlaces(places_of(one, other), is_one_pool=False)
    masks = torch.zeros(2, 1, 4, 4, dtype=torch.float64)
    masks[0] = 1
    assert float(nearest.sum(one, masks)) == pytest.approx(0, abs=1e-9)
    assert float(nearest.sum(other, masks)) > 0.1
    assert float(nearest.sum(other, masks.flip(0))) == pytest.approx(0, abs=1e-9)


def test_places_of_parts_are_those_of_the_whole():
    whole = features(9, 11, 0)
    expected = some_places(whole, (9, 11), 12)
    assert len(expected) == 12
    parts = [
        some_places(whole[..., top : top + 4, left : left + 5], (9, 11), 12, (top, left))
        for top in (0, 4, 8)
        for left in (0, 5, 10)
    ]
    found = torch.cat(parts)
    assert sorted(found.tolist()) == sorted(expected.tolist())


def test_only_the_part_of_a_painting_that_is_taken_is_looked_through():
    painting = features(4, 4, 0)
    mask = torch.zeros(1, 1, 4, 4)
    mask[..., :2] = 1
    found = some_places(painting, (4, 4), MOST_PLACES, mask=mask)
    assert torch.equal(found, painting[0, :, :, :2].flatten(1).T)
    assert some_places(painting, (4, 4), 0).shape == (0, 6)
