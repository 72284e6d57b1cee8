import pytest
import torch

from impasto.core.errors import ConfigError, ResourceError, ShapeError
from impasto.core.tensors import resize, round_to_bits
from impasto.io.color import colors_of, recolor, to_luminance
from impasto.networks.engines import TorchEngine
from impasto.networks.feed_forward import FRAME, RECOLORED, mix_by_place, take_colors
from impasto.networks.feed_forward import paint as paint_with
from impasto.networks.model_file import load_model
from impasto.networks.options import StylizeOptions
from support import noise_picture


@pytest.fixture
def net(wave):
    return load_model(wave)[0]


def paint(photo, net, options):
    return paint_with(photo, TorchEngine(net, options.device, options.dtype), options)


def options(**given):
    return StylizeOptions(**{"style": "wave", "dtype": "float32", **given})


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (37, 1), (17, 23), (33, 64), (64, 48)])
def test_any_size_comes_out_as_it_went_in(net, size):
    photo = noise_picture(*size)
    painted = paint(photo, net, options())
    assert painted.shape == photo.shape
    assert painted.dtype == torch.float32
    assert bool(torch.isfinite(painted).all())
    assert torch.equal(painted, round_to_bits(painted))


def test_it_is_the_network_that_paints(net):
    photo = noise_picture(32, 48)
    with torch.no_grad():
        wide = torch.nn.functional.pad(photo, (FRAME,) * 4, mode="reflect")
        expected = round_to_bits(net(wide)[..., FRAME:-FRAME, FRAME:-FRAME])
    assert (paint(photo, net, options()) - expected).abs().max() <= 1.01 / 255
    assert (expected - photo).abs().mean() > 0.1


@pytest.mark.parametrize("preserve_color", ["none", "luminance", "match"])
def test_strength_0_is_exactly_the_photo(net, preserve_color):
    photo = round_to_bits(noise_picture(21, 34))
    asked = options(strength=0.0, preserve_color=preserve_color)
    assert torch.equal(paint(photo, net, asked), photo)


def test_strength_goes_from_the_photo_to_the_full_style(net):
    photo = round_to_bits(noise_picture(21, 34))
    full = paint(photo, net, options())
    far = [
        float((paint(photo, net, options(strength=strength)) - photo).abs().mean())
        for strength in (0.0, 0.2, 0.5, 0.8, 1.0)
    ]
    assert far == sorted(far)
    assert len(set(far)) == len(far)
    half = paint(photo, net, options(strength=0.5))
    assert (half - (photo + full) / 2).abs().max() < 1.01 / 255


def test_size_is_the_long_side(net):
    photo = noise_picture(40, 60)
    for size, expected in ((30, (20, 30)), (90, (60, 90)), (60, (40, 60)), (1, (1, 1))):
        assert paint(photo, net, options(size=size)).shape[-2:] == expected
    small = paint(photo, net, options(size=30))
    assert torch.equal(small, paint(resize(photo, 20, 30), net, options()))


def test_luminance_keeps_the_photos_colors_and_the_paintings_light(net):
    photo = 0.3 + 0.4 * noise_picture(32, 32)  # far from the ends, so that nothing is clamped
    plain = paint(photo, net, options())
    kept = paint(photo, net, options(preserve_color="luminance"))
    inside = ((kept > 0) & (kept < 1)).all(dim=1, keepdim=True).expand_as(kept)
    assert inside.float().mean() > 0.5
    assert (to_luminance(kept) - to_luminance(plain))[inside].abs().max() < 2 / 255
    tint = (kept - to_luminance(kept)) - (photo - to_luminance(photo))
    assert tint[inside].abs().max() < 2 / 255


def test_match_gives_the_painted_picture_the_photos_colors(net):
    photo = 0.4 + 0.2 * noise_picture(32, 32)
    plain = paint(photo, net, options())
    matched = paint(photo, net, options(preserve_color="match"))
    means = [picture.mean(dim=(0, 2, 3)) for picture in (photo, matched, plain)]
    assert (means[1] - means[0]).abs().max() < 0.01
    assert (means[2] - means[0]).abs().max() > 0.02


def test_bfloat16_is_near_float32(net):
    photo = noise_picture(32, 48)
    exact = paint(photo, net, options())
    rough = paint(photo, net, options(dtype="bfloat16"))
    assert 0 < (rough - exact).abs().max() < 0.1


def test_out_of_memory_names_a_size_that_would_fit(net, monkeypatch):
    def full(_image, _style):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")

    monkeypatch.setattr(net, "forward", full)
    with pytest.raises(ResourceError, match=r"120x90 pixels; try --size 80"):
        paint(noise_picture(90, 120), net, options())
    monkeypatch.setattr(net, "forward", lambda _image, _style: torch.zeros(2) + torch.zeros(3))
    with pytest.raises(RuntimeError, match="size of tensor"):
        paint(noise_picture(8, 8), net, options())


def test_the_network_can_be_trained_afterwards(net):
    paint(noise_picture(16, 16), net, options())
    net.requires_grad_()
    net(noise_picture(16, 16)).sum().backward()
    assert all(parameter.grad is not None for parameter in net.parameters())


def test_what_is_no_picture_is_refused(net):
    with pytest.raises(ShapeError, match="photo"):
        paint(torch.zeros(3, 8, 8), net, options())


@pytest.mark.parametrize(
    "wrong",
    [
        {"strength": 1.01},
        {"strength": -0.1},
        {"strength": float("nan")},
        {"size": 0},
        {"preserve_color": "sepia"},
    ],
)
def test_values_that_cannot_be_are_refused_by_name(wrong):
    name = next(iter(wrong)).replace("_", "-")
    with pytest.raises(ConfigError, match=f"--{name}"):
        options(**wrong)


@pytest.mark.parametrize("wrong", [{"device": "abacus"}, {"dtype": "float8"}])
def test_a_machine_that_cannot_be_is_refused(net, wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        paint(noise_picture(8, 8), net, options(**wrong))


@pytest.mark.parametrize("wrap", ["x", "y", "both"])
def test_a_wrapped_picture_is_the_middle_of_its_repetitions(wave, wrap):
    """A picture beside itself, again and again, is painted alike in each place."""
    net = load_model(wave)[0]
    photo = noise_picture(96, 128)
    repeats = (1, 1, 3 if wrap != "x" else 1, 3 if wrap != "y" else 1)
    many = photo.repeat(*repeats)
    rows, columns = (96 if wrap != "x" else 0), (128 if wrap != "y" else 0)
    found = paint(photo, net, options(wrap=wrap))
    expected = paint(many, net, options())
    expected = expected[..., rows : rows + 96, columns : columns + 128]
    plain = paint(photo, net, options())
    edge = (..., slice(None), slice(0, 4)) if wrap != "y" else (..., slice(0, 4), slice(None))
    error = (found - expected)[edge].abs().mean()
    assert error < 0.3 * (plain - expected)[edge].abs().mean()


def mild(seed, height=300, width=7):
    return noise_picture(height, width, seed) * 0.2 + 0.4  # nothing is cut off at 0 or 1


def test_colors_are_the_photo_s_carried_to_the_painting_s_and_luminance_stays():
    photo, painted, painting = mild(1), mild(2), mild(3)
    found = painted.clone()
    take_colors(photo, found, [colors_of(painting)], None)
    assert torch.allclose(to_luminance(found), to_luminance(painted), atol=1e-5)
    moved = recolor(photo, [painting], [1.0])
    wanted = torch.lerp(painted - to_luminance(painted), moved - to_luminance(moved), RECOLORED)
    assert torch.allclose(found - to_luminance(found), wanted, atol=1e-4)


def test_a_photo_without_colors_leaves_the_network_s():
    photo, painted = to_luminance(mild(1)), mild(2)
    found = painted.clone()
    take_colors(photo, found, [colors_of(mild(3))], None)
    assert (found - painted).abs().max() < 0.02
    assert (found - to_luminance(found)).std() > 0.9 * (painted - to_luminance(painted)).std()


def test_where_a_painting_goes_its_colors_go():
    photo, painted = mild(1, 20, 40), mild(2, 20, 40)
    paintings = [colors_of(mild(3) * 0.5), colors_of(mild(4) * 0.5 + 0.3)]
    left = torch.zeros(1, 2, 20, 40)
    left[:, 0, :, :20], left[:, 1, :, 20:] = 1, 1
    found = painted.clone()
    take_colors(photo, found, paintings, left)
    for at, columns in enumerate((slice(0, 18), slice(22, 40))):
        alone = painted.clone()
        take_colors(photo, alone, [paintings[at]], None)
        assert torch.allclose(found[..., columns], alone[..., columns], atol=1e-3)


def test_a_blend_has_the_mean_of_the_paintings_colors():
    photo, painted, paintings = mild(1), mild(2), [colors_of(mild(3)), colors_of(mild(4) * 0.5)]
    first, second, blend = painted.clone(), painted.clone(), painted.clone()
    take_colors(photo, first, paintings, torch.tensor([[1.0, 0.0]]))
    take_colors(photo, second, paintings[1:], None)
    take_colors(photo, blend, paintings, torch.tensor([[0.5, 0.5]]))
    means = [image.mean((0, 2, 3)) for image in (first, second, blend)]
    assert torch.allclose(means[2], (means[0] + means[1]) / 2, atol=2e-3)


@pytest.mark.parametrize(
    ("share", "needed"),
    [
        (torch.linspace(0, 1, 9), [0.0, 0.5, 1.0]),
        (torch.linspace(0, 0.5, 9), [0.0, 0.5]),
        (torch.tensor([0.0, 1.0, 0.0]), [0.0, 1.0]),
        (torch.tensor([1.0, 1.0, 1.0]), [1.0]),
        (torch.tensor([0.25, 0.25]), [0.0, 0.5]),
    ],
)
def test_a_mixture_by_place_is_of_the_nearest_levels(share, needed):
    share, asked = share.view(1, 1, 1, -1), []

    def paint(level):
        asked.append(level)
        return torch.full((1, 3, 4, share.shape[-1]), level)

    found = mix_by_place(share, (0.0, 0.5, 1.0), paint)
    assert asked == needed
    assert torch.allclose(found, share.expand(found.shape), atol=0.5 / 255 + 1e-6)
