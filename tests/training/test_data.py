import pickle
from itertools import islice

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.core.errors import ConfigError, ImageError
from impasto.training.data import LARGEST_SCALE, SMALLEST_SCALE, PhotoCrops, batches
from support import save_picture


@pytest.fixture
def photos(tmp_path):
    """Five photos, one of them in a folder of its own, and files that are no photos."""
    folder = tmp_path / "photos"
    (folder / "more" / ".hidden").mkdir(parents=True)
    for seed in range(4):
        save_picture(folder / f"{seed}.png", 40, 60, seed)
    save_picture(folder / "more" / "4.JPG", 50, 30, 4)
    save_picture(folder / "more" / ".hidden" / "5.png", 50, 30, 5)
    (folder / "notes.txt").write_text("no photo")
    return folder


def test_all_photos_are_found_and_nothing_else(photos):
    crops = PhotoCrops(photos, 32, 64, 0)
    assert [path.name for path in crops.files] == ["0.png", "1.png", "2.png", "3.png", "4.JPG"]


def test_a_number_always_gives_the_same_crop(photos):
    first, again = PhotoCrops(photos, 32, 64, 7), PhotoCrops(photos, 32, 64, 7)
    for index in (0, 3, 11):
        assert torch.equal(first[index].image, again[index].image)
        assert first[index].image.shape == (3, 32, 32)
    other_seed = PhotoCrops(photos, 32, 64, 8)
    assert not torch.equal(first[0].image, other_seed[0].image)


def test_it_can_be_sent_to_another_process(photos):
    crops = PhotoCrops(photos, 32, 64, 7)
    assert torch.equal(pickle.loads(pickle.dumps(crops))[3].image, crops[3].image)


def test_each_photo_comes_once_before_any_comes_again(tmp_path):
    for value in range(6):
        red = Image.new("L", (40, 40), value * 40)
        Image.merge("RGB", (red, red, Image.effect_noise((40, 40), 90))).save(
            tmp_path / f"{value}.png"
        )
    crops = PhotoCrops(tmp_path, 32, 64, 0)
    reds = [round(float(crops[index].image[0].mean()) * 255 / 40) for index in range(12)]
    assert sorted(reds[:6]) == sorted(reds[6:]) == list(range(6))
    assert reds[:6] != reds[6:]


def test_photos_are_never_squashed(tmp_path):
    """In a wide picture of square tiles, tiles stay square whatever the crop's scale."""
    board = np.kron(np.indices((4, 32)).sum(0) % 2, np.ones((32, 32))) * 255
    Image.fromarray(board.astype(np.uint8)).convert("RGB").save(tmp_path / "board.png")
    crops = PhotoCrops(tmp_path, 64, 512, 0)
    for index in range(8):
        image = crops[index].image[0] > 0.5
        across = (image[:, 1:] != image[:, :-1]).any(0).nonzero().flatten().diff().float()
        down = (image[1:] != image[:-1]).any(1).nonzero().flatten().diff().float()
        edges_across, edges_down = across[across > 4].median(), down[down > 4].median()
        assert edges_across == pytest.approx(float(edges_down), abs=2)


def test_scales_differ_within_their_bounds(tmp_path):
    ramp = np.tile(np.linspace(0, 255, 400, dtype=np.uint8), (300, 1))
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    crops = PhotoCrops(tmp_path, 64, 400, 0)
    slopes = [float(crops[i].image.amax() - crops[i].image.amin()) for i in range(12)]
    assert max(slopes) / min(slopes) > 1.2
    assert max(slopes) / min(slopes) < 1.1 * LARGEST_SCALE / SMALLEST_SCALE


def test_small_photos_are_enlarged(tmp_path):
    save_picture(tmp_path / "tiny.png", 1, 9, 0)
    assert PhotoCrops(tmp_path, 32, 64, 0)[0].image.shape == (3, 32, 32)


def test_a_broken_photo_is_named_and_another_takes_its_place(photos):
    (photos / "2.png").write_bytes((photos / "2.png").read_bytes()[:200])
    crops = PhotoCrops(photos, 32, 64, 0)
    found = [crops[index] for index in range(5)]
    assert [crop.broken for crop in found if crop.broken] == [("2.png",)]
    assert all(crop.image.shape == (3, 32, 32) for crop in found)


def test_a_flat_photo_is_passed_over(photos):
    Image.new("RGB", (40, 40), "white").save(photos / "0.png")
    crops = PhotoCrops(photos, 32, 64, 0)
    assert min(float(crops[index].image.std()) for index in range(10)) > 0.01
    assert all(crops[index].broken == () for index in range(10))


def test_a_folder_without_photos_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no pictures"):
        PhotoCrops(tmp_path, 32, 64, 0)
    (tmp_path / "text.jpg").write_text("I am text")
    with pytest.raises(ConfigError, match="none of its pictures can be read"):
        PhotoCrops(tmp_path, 32, 64, 0)
    Image.new("RGB", (40, 40)).save(tmp_path / "black.png")
    with pytest.raises(ConfigError, match="nothing is to be seen"):
        PhotoCrops(tmp_path, 32, 64, 0)
    with pytest.raises(ImageError, match="does not exist"):
        PhotoCrops(tmp_path / "nowhere", 32, 64, 0)


@pytest.mark.parametrize("workers", [0, 1])
def test_batches_go_on_where_they_are_told(photos, workers):
    crops = PhotoCrops(photos, 32, 64, 0)
    whole = [b.image for b in islice(batches(crops, first_step=0, batch_size=2, workers=0), 5)]
    later = batches(crops, first_step=3, batch_size=2, workers=workers)
    assert [torch.equal(a.image, b) for a, b in zip(later, whole[3:], strict=False)] == [True, True]


def test_two_processes_see_what_one_would(photos):
    crops = PhotoCrops(photos, 32, 64, 0)
    one = next(batches(crops, first_step=4, batch_size=4, workers=0)).image
    shares = [
        next(batches(crops, first_step=4, batch_size=2, workers=0, rank=rank, processes=2)).image
        for rank in (0, 1)
    ]
    assert torch.equal(torch.cat(shares), one)
