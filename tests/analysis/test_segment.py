"""Region maps of photos: by color, and the subject cut out."""

import json

import numpy as np
import pytest
from PIL import Image, ImageDraw

import impasto
from impasto.cli.start import main
from impasto.core.errors import ConfigError
from impasto.io.regions import names_in, parse_regions, read_masks
from support import load_image


@pytest.fixture
def scene(tmp_path):
    """A blue sky over a green meadow, and a red ball before them."""
    rng = np.random.default_rng(0)
    image = Image.new("RGB", (240, 160), (90, 140, 220))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 100, 240, 160), fill=(70, 140, 60))
    draw.ellipse((90, 50, 150, 110), fill=(200, 40, 40))
    noisy = np.asarray(image, float) + rng.normal(0, 6, (160, 240, 3))
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(tmp_path / "scene.png")
    return tmp_path / "scene.png"


def test_regions_are_found_by_color(scene):
    found = impasto.regions(scene, count=3)
    assert found.image.size == (240, 160)
    assert list(found.shares) == ["blue", "red", "lime"], "the largest first"
    pixels = np.asarray(found.image)
    sky, meadow, ball = pixels[20, 20], pixels[150, 20], pixels[80, 120]
    assert len({tuple(each) for each in (sky, meadow, ball)}) == 3
    assert sum(found.shares.values()) == pytest.approx(1)
    assert np.array_equal(np.asarray(impasto.regions(scene, count=3).image), pixels), "repeats"


def test_the_subject_is_cut_out(scene):
    found = impasto.regions(scene, subject=True, box=(80, 40, 80, 80))
    white = np.asarray(found.image)[..., 0] > 128
    truth = Image.new("L", (240, 160))
    ImageDraw.Draw(truth).ellipse((90, 50, 150, 110), fill=255)
    ball = np.asarray(truth) > 128
    overlap = (white & ball).sum() / (white | ball).sum()
    assert overlap > 0.9
    assert set(found.shares) == {"white", "black"}


def test_strokes_say_what_the_subject_is(scene, tmp_path):
    """Of two balls, only the one that is marked; on the photo, and on an empty layer over it."""
    image = load_image(scene)
    draw = ImageDraw.Draw(image)
    draw.ellipse((180, 60, 220, 100), fill=(190, 50, 160))
    image.save(scene)
    layer = Image.new("RGBA", image.size)
    for target, name in ((image.copy(), "over.png"), (layer, "layer.png")):
        draw = ImageDraw.Draw(target)
        draw.line((105, 80, 135, 80), fill=(0, 255, 0), width=4)
        draw.line((10, 20, 230, 20), fill=(255, 0, 0), width=4)
        draw.line((190, 80, 210, 80), fill=(255, 0, 0), width=4)
        draw.line((10, 150, 230, 150), fill=(255, 0, 0), width=4)
        target.save(tmp_path / name)
        found = impasto.regions(scene, subject=True, scribbles=str(tmp_path / name))
        white = np.asarray(found.image)[..., 0] > 128
        truth = Image.new("L", (240, 160))
        ImageDraw.Draw(truth).ellipse((90, 50, 150, 110), fill=255)
        ball = np.asarray(truth) > 128
        assert (white & ball).sum() / (white | ball).sum() > 0.9, name


def test_with_a_box_only_strokes_are_the_subject_outside_it(scene, tmp_path):
    """Of two balls of one color, with a stroke on one: both, or with a box the one inside."""
    image = load_image(scene)
    ImageDraw.Draw(image).ellipse((180, 60, 220, 100), fill=(200, 40, 40))
    image.save(scene)
    layer = Image.new("RGBA", image.size)
    ImageDraw.Draw(layer).line((105, 80, 135, 80), fill=(0, 255, 0), width=4)
    layer.save(tmp_path / "layer.png")
    strokes = str(tmp_path / "layer.png")
    both, one = (
        np.asarray(impasto.regions(scene, subject=True, scribbles=strokes, box=box).image)[..., 0]
        for box in (None, (80, 40, 80, 80))
    )
    assert both[80, 120] == one[80, 120] == 255
    assert (both[80, 200], one[80, 200]) == (255, 0)
    ImageDraw.Draw(layer).ellipse((185, 65, 215, 95), fill=(0, 255, 0))
    layer.save(tmp_path / "layer.png")
    marked = impasto.regions(scene, subject=True, scribbles=strokes, box=(80, 40, 80, 80))
    assert np.asarray(marked.image)[80, 200, 0] == 255, "a stroke outside the box"


def test_the_command_writes_a_map_that_knows_its_names(scene, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["regions", scene.name, "--subject", "--box", "80,40,80,80"]) == 0
    path, shares, use = capsys.readouterr().out.splitlines()
    assert path == "scene_regions.png"
    assert shares.startswith("white ")
    assert use.endswith("--regions scene_regions.png --style white=great-wave,black=keep")
    assert names_in(tmp_path / path) == {"subject": "white", "background": "black"}
    subject, background = read_masks(path, parse_regions("subject=a,background=b"))
    assert subject[80, 120] == background[5, 5] == 1
    assert main(["regions", "scene.png", "--count", "2", "--json", "-o", "two.png"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert list(record["regions"]) == ["blue", "red"]
    assert load_image(tmp_path / "two.png").size == (240, 160)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"count": 1}, "--count"),
        ({"count": 9}, "--count"),
        ({"box": (1, 2, 3, 4)}, "is for --subject"),
        ({"subject": True, "box": (1, 2)}, "left,top,width,height"),
        ({"subject": True, "box": (900, 2, 10, 10)}, "not in 240x160"),
        ({"scribbles": "castle"}, "is for --subject"),
        ({"subject": True, "scribbles": "castle"}, "no stroke found"),
    ],
)
def test_what_cannot_be_is_one_line(scene, options, words):
    with pytest.raises(ConfigError, match=words):
        impasto.regions(scene, **options)


def test_without_its_package_it_says_what_to_install(scene, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(impasto.MissingError, match="regions"):
        impasto.regions(scene)


def test_a_face_is_found_and_only_there():
    found = impasto.regions("astronaut", faces=True)
    white = np.asarray(found.image)[..., 0]
    height, width = white.shape
    rows, columns = np.nonzero(white > 128)
    center = rows.mean() / height, columns.mean() / width
    assert center == pytest.approx((0.24, 0.44), abs=0.08), "where Eileen Collins's face is"
    assert 0.01 < found.shares["white"] < 0.15
    with pytest.raises(impasto.ImageError, match="no face"):
        impasto.regions(Image.new("RGB", (200, 200), "gray"), faces=True)
    with pytest.raises(ConfigError, match="choose one"):
        impasto.regions("astronaut", faces=True, subject=True)
