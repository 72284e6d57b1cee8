"""Region maps: colors, soft borders, cut-outs, names."""

import json

import numpy as np
import pytest
from PIL import Image

from impasto.core.errors import ConfigError
from impasto.io.image import write_picture
from impasto.io.regions import Region, names_in, parse_region, parse_regions, read_masks, to_masks


def stripes(*colors, width=10, height=4, mode="RGB"):
    image = Image.new(mode, (width * len(colors), height))
    for number, color in enumerate(colors):
        image.paste(color, (number * width, 0, (number + 1) * width, height))
    return image


def masks_of(image, text):
    return read_masks(image, parse_regions(text))


def test_words_and_dictionaries_say_the_same():
    words = "blue=a.jpg, #00ff00=great-wave,red=keep"
    expected = (Region("blue", "a.jpg"), Region("#00ff00", "great-wave"), Region("red", "keep"))
    assert parse_regions(words) == expected
    assert parse_regions({region.color: region.style for region in expected}) == expected
    assert parse_regions("blue=one, two.jpg,red=b.jpg")[0].style == "one, two.jpg"
    assert parse_region("sky=a=b.jpg") == Region("sky", "a=b.jpg")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("great-wave", "name each region's color"),
        ("blue=", "name each region's color"),
        ("=a.jpg", "name each region's color"),
        ("blue=a.jpg,Blue=b.jpg", "there twice"),
        ("blue=keep", "every region is to be kept"),
    ],
)
def test_what_is_no_list_of_regions(text, words):
    with pytest.raises(ConfigError, match=words):
        parse_regions(text)


def test_the_nearest_color_wins():
    image = stripes((0, 0, 255), (10, 20, 230), (255, 0, 0), (90, 160, 90))
    blue, red, green = masks_of(image, "blue=a,red=b,green=c")
    assert [blue[0, x] for x in (5, 15, 25, 35)] == pytest.approx([1, 0.9, 0, 0], abs=0.06)
    assert [red[0, x] for x in (5, 15, 25, 35)] == [0, 0, 1, 0]
    assert [green[0, x] for x in (5, 35)] == pytest.approx([0, 1], abs=0.06)
    assert np.allclose(blue + red + green, 1)


def test_a_soft_border_stays_soft():
    ramp = np.linspace(0, 1, 101)[None, :, None] * np.float32([[[1, 1, 1]]])
    black, white = masks_of(np.repeat(ramp, 3, 0).astype(np.float32), "black=a,white=b")
    assert white[0] == pytest.approx(np.linspace(0, 1, 101), abs=0.01)
    assert np.allclose(black + white, 1)


def test_a_color_beside_all_others_is_hard():
    image = stripes((255, 255, 0))  # as far from blue as can be, and between red and lime
    assert masks_of(image, "blue=a,red=b")[1].min() == 1


def test_a_cut_out_is_white_where_it_is_opaque():
    image = Image.new("RGBA", (20, 4), (200, 30, 30, 0))
    image.paste((0, 0, 0, 255), (0, 0, 10, 4))
    white, black = masks_of(image, "white=a,black=keep")
    assert (white[0, 5], white[0, 15]) == (1, 0)
    assert (black[0, 5], black[0, 15]) == (0, 1)
    (alone,) = masks_of(image, "white=a")
    assert np.array_equal(alone, white)


def test_the_rest_of_one_named_color_is_no_region():
    (white,) = masks_of(stripes((255, 255, 255), (0, 0, 0)), "white=a")
    assert (white[0, 5], white[0, 15]) == (1, 0)
    (black,) = masks_of(stripes((255, 255, 255), (0, 0, 0)), "black=a")
    assert (black[0, 5], black[0, 15]) == (0, 1)


def test_numbers_go_by_area():
    image = Image.new("RGB", (30, 4), (7, 8, 9))
    image.paste((200, 100, 0), (20, 0, 30, 4))
    largest, other = masks_of(image, "1=a,2=b")
    assert largest.mean() == pytest.approx(2 / 3, abs=0.01)
    assert other.mean() == pytest.approx(1 / 3, abs=0.01)
    with pytest.raises(ConfigError, match="has 2 colors"):
        masks_of(image, "1=a,3=b")


def test_a_map_may_give_its_colors_names(tmp_path):
    path = tmp_path / "map.png"
    note = json.dumps({"impasto-regions": {"sky": "#0000ff", "ground": "#00ff00"}})
    write_picture(stripes((0, 0, 255), (0, 255, 0)), path, note=note)
    assert names_in(path) == {"sky": "#0000ff", "ground": "#00ff00"}
    sky, ground = read_masks(path, parse_regions("sky=a,ground=keep"))
    assert (sky[0, 5], ground[0, 15]) == (1, 1)
    with pytest.raises(ConfigError, match="or sky, ground"):
        read_masks(path, parse_regions("house=a"))
    with pytest.raises(ConfigError, match="no color"):
        masks_of(stripes("blue"), "house=a")


def test_masks_are_shrunk_by_area():
    masks = np.zeros((2, 8, 8), np.float32)
    masks[0, :, :3], masks[1, :, 3:] = 1, 1
    small = to_masks(masks, 2, 2)
    assert small.shape == (2, 1, 2, 2)
    assert small[0, 0, 0].tolist() == [0.75, 0]
    assert to_masks(masks, 30, 20).sum(0).min() > 0.999
