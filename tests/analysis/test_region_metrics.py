"""Every region of a picture by itself."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

import impasto
from impasto.analysis.region_metrics import RegionMetrics, seam
from impasto.cli.start import main
from impasto.io.regions import Region
from support import noise_picture


@pytest.fixture
def split(tmp_path, monkeypatch):
    """A map: left blue, right red."""
    monkeypatch.chdir(tmp_path)
    image = Image.new("RGB", (60, 40), "blue")
    image.paste("red", (30, 0, 60, 40))
    image.save(tmp_path / "map.png")
    return tmp_path / "map.png"


def halves(height, width):
    masks = torch.zeros(2, 1, height, width)
    masks[0, :, :, : width // 2], masks[1, :, :, width // 2 :] = 1, 1
    return masks


def test_each_region_is_held_against_its_own_painting(weights):
    photo = noise_picture(64, 96, 1)
    regions = Region("blue", "a"), Region("red", "keep")
    painting = noise_picture(64, 96, 2)
    metrics = RegionMetrics(weights, photo, regions, [painting, None], halves(64, 96))
    mixed = torch.cat([painting[..., :48], photo[..., 48:]], 3)
    left, right = metrics(mixed)
    unpainted, _ = metrics(photo)
    assert left.style_distance < 0.5 * unpainted.style_distance
    assert (left.share, right.share) == (0.5, 0.5)
    assert right.style_distance is None
    assert right.change == pytest.approx(0, abs=1 / 255)
    assert left.change > 0.05
    assert right.content_distance < left.content_distance


def test_a_seam_is_larger_than_what_is_around_it():
    masks = halves(40, 60)[:1]
    rough = torch.rand(1, 3, 40, 60, generator=torch.Generator().manual_seed(0)) * 0.1 + 0.4
    assert seam(rough, rough, masks) == pytest.approx(1, abs=0.25)
    cut = rough.clone()
    cut[..., 30:] += 0.3
    assert seam(cut, rough, masks) > 3
    assert seam(cut, cut, masks) == pytest.approx(1, abs=0.25), "an edge of the photo itself"
    assert seam(rough, rough, torch.ones_like(masks)) is None


@pytest.mark.usefixtures("weights", "split")
def test_a_painted_picture_tells_its_regions(capsys):
    words = {"blue": "great-wave", "red": "keep"}
    result = impasto.optimize("castle", words, regions="map.png", size=96, steps=(4,))
    result.save("out.png")
    found = impasto.measure("out.png")
    left, right = found.regions
    assert (left.color, right.style) == ("blue", "keep")
    assert right.change == 0, "the photo to the bit"
    assert left.style_distance > 0
    assert main(["measure", "out.png"]) == 0
    assert "red" in capsys.readouterr().out
    assert main(["measure", "out.png", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [region["color"] for region in record["regions"]] == ["blue", "red"]
    given = ["--content", "castle", "--style", "blue=great-wave", "--style", "red=keep"]
    assert main(["measure", "out.png", *given, "--regions", "map.png", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["regions"][0]["style_distance"] == pytest.approx(left.style_distance, rel=1e-5)
    assert np.isfinite(found.style_distance)


@pytest.mark.usefixtures("weights")
def test_so_does_one_of_several_networks(split):
    words = {"blue": "great-wave", "red": "starry-night"}
    impasto.stylize("castle", words, regions="map.png", size=96).save("out.png")
    left, right = impasto.measure("out.png").regions
    assert left.style_distance > 0
    assert right.style_distance > 0
    split.unlink()
    with pytest.raises(impasto.ImageError, match="--regions"):
        impasto.measure("out.png")
