import dataclasses

import pytest
import torch

from impasto.core.errors import ConfigError
from impasto.io.color import colors_of
from impasto.losses.palette import palette_distance, wanted_colors
from impasto.losses.style import gram_matrix
from impasto.losses.temporal import next_frame, temporal_distance
from impasto.networks.transform import NetworkOptions
from impasto.training.options import TrainOptions
from impasto.training.trainer import PALETTE, NonFiniteError, Trainer
from support import TINY, noise_picture, random_weights

NETWORK = NetworkOptions(channels=(4, 6, 8), blocks=1, kernel=3, upsample="nearest")
QUICK = {"size": 32, "style_size": 48, "warmup": 2, "dtype": "float32", "device": "cpu"}


pytestmark = pytest.mark.usefixtures("tiny_vgg")


def build(start=None, styles=1, old_styles=0, **options):
    paintings = [noise_picture(48, 40, seed=5 + number) for number in range(styles)]
    network = dataclasses.replace(NETWORK, styles=old_styles + styles)
    options = TrainOptions(**{**QUICK, **options})
    return Trainer(options, network, paintings, random_weights(TINY), start)


def take_step(trainer, batch, progress=0.0):
    return trainer.step(batch, torch.arange(len(batch)), progress)


def photos(count=2):
    return torch.cat([noise_picture(32, 32, seed) for seed in range(count)])


def total(terms):
    return sum(value for name, value in terms.items() if name != "gradient")


def test_training_on_one_batch_lowers_its_loss():
    trainer, batch = build(lr=5e-3), photos()
    losses = [total(take_step(trainer, batch, 0.0)) for _ in range(40)]
    assert losses[-1] < 0.7 * losses[0]


def test_the_terms_have_the_names_of_the_layers():
    terms = take_step(build(tv_weight=1.0), photos(), 0.0)
    style = {f"style.relu{layer}" for layer in ("1_2", "2_2", "3_3")}
    assert set(terms) == {"content.relu3_3", "tv", "gradient", "even", "lattice", "color", *style}
    assert not {"even", "lattice"} & set(take_step(build(even_weight=0.0), photos()))
    assert "color" not in take_step(build(color_weight=0.0), photos())
    assert "temporal" in take_step(build(temporal_weight=1.0), photos())


def test_each_photo_is_held_to_the_colors_of_its_own_painting():
    trainer, batch = build(styles=2), photos()
    with torch.no_grad():
        painted = trainer.net(batch, torch.eye(2))
    found = []
    for number in range(2):
        painting = colors_of(noise_picture(48, 40, seed=5 + number))
        wanted, share = wanted_colors(batch[[number]], painting)
        found.append(palette_distance(painted[[number]], wanted, torch.tensor([share])))
    expected = PALETTE * trainer.unit * float(sum(found)) / 2
    assert take_step(trainer, batch)["color"] == pytest.approx(expected, rel=1e-3)


def test_a_photo_that_has_moved_comes_to_be_painted_alike():
    """On photos that it was not trained on: what is learned is to be steady."""
    batch = torch.cat([noise_picture(96, 96, seed) for seed in range(2)])
    kept = noise_picture(96, 96, seed=9)
    errors = []
    for weight in (0.0, 10.0):
        trainer = build(lr=5e-3, temporal_weight=weight, style_weight=50.0)
        for _ in range(60):
            take_step(trainer, batch)
        moved, by = next_frame(kept, torch.Generator().manual_seed(1))
        with torch.no_grad():
            errors.append(temporal_distance(trainer.net(kept), trainer.net(moved), by))
    assert errors[1] < 0.5 * errors[0]


def test_the_seed_alone_says_how_a_photo_moves():
    """Whatever else in the process takes random numbers, and however often it is resumed."""
    batch, found = noise_picture(64, 64), []
    for other in (1, 2):
        torch.manual_seed(other)
        trainer = build(temporal_weight=1.0)
        found.append([take_step(trainer, batch)["temporal"] for _ in range(2)])
    assert found[0] == found[1]
    assert min(found[0]) > 0


def test_a_layer_counts_as_much_as_its_weight():
    layers = ("relu1_2", "relu2_2", "relu3_3", "relu4_1")
    plain, batch = take_step(build(style_layers=layers), photos()), photos()
    heavy = take_step(build(style_layers=layers, style_layer_weights=(1, 0.5, 1, 10)), batch)
    for layer, weight in zip(layers, (1, 0.5, 1, 10), strict=True):
        assert heavy[f"style.{layer}"] == pytest.approx(weight * plain[f"style.{layer}"], rel=1e-4)


def test_the_loss_of_optimize_measures_relative_distances():
    """Of features of any size alike: `impasto` has no unit, `classic` the features' own."""
    layers = {"content_layers": ("relu4_2",), "style_layers": ("relu1_1", "relu3_1")}
    trainer, batch = build(loss="impasto", even_weight=0.0, style_weight=6.0, **layers), photos()
    with torch.no_grad():
        painted = trainer.net(batch)
        seen, wanted = (trainer.loss.extractor(each) for each in (painted, batch))
        painting = trainer.loss.extractor(noise_picture(48, 40, seed=5))
    terms = take_step(trainer, batch)

    def relative(found, target):
        squares = [each.square().flatten(1).sum(1) for each in (found - target, target)]
        return float((squares[0] / squares[1]).mean())

    distance = relative(seen["relu4_2"], wanted["relu4_2"])
    assert terms["content.relu4_2"] == pytest.approx(distance, rel=1e-3)
    target = gram_matrix(painting["relu3_1"]).expand(2, -1, -1)
    style = relative(gram_matrix(seen["relu3_1"]), target)
    assert terms["style.relu3_1"] == pytest.approx(6 / 2 * style, rel=1e-3)


def test_learning_any_painting_knows_one_loss():
    assert TrainOptions(network="any", loss="impasto").loss == "impasto"
    with pytest.raises(ConfigError, match="--loss impasto only"):
        TrainOptions(network="any", loss="classic")


def test_the_learning_rate_rises_then_falls():
    trainer = build(lr=1e-3, warmup=9)
    rates = []
    for step in range(100):
        trainer.step_number = step
        rates.append(trainer.learning_rate(step / 100))
    assert rates[0] == pytest.approx(1e-4, rel=0.01)
    assert max(rates) == pytest.approx(1e-3, rel=0.05)
    assert rates.index(max(rates)) in range(5, 15)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 2e-5


def test_the_average_follows_the_weights_slowly():
    trainer = build(average=0.2)
    weights = [trainer.net.last.weight.detach().clone()]
    for _ in range(3):
        take_step(trainer, photos(), 0.0)
        weights.append(trainer.net.last.weight.detach().clone())
    expected = weights[0]
    for keep, weight in zip((1 / 10, 2 / 11, 0.2), weights[1:], strict=True):
        expected = keep * expected + (1 - keep) * weight
    assert torch.allclose(trainer.average.last.weight, expected, atol=1e-6)
    assert not torch.allclose(expected, weights[-1], atol=1e-6)


def test_numbers_that_are_lost_change_nothing():
    trainer = build()
    before = [parameter.clone() for parameter in trainer.net.parameters()]
    broken = photos()
    broken[0, 0, 0, 0] = float("nan")
    with pytest.raises(NonFiniteError):
        take_step(trainer, broken, 0.0)
    assert trainer.step_number == 0
    for parameter, old in zip(trainer.net.parameters(), before, strict=True):
        assert torch.equal(parameter, old)


def test_gradients_are_shortened():
    """With Adam's memory empty the first step has one length; the second shows the clipping."""
    loose, tight = build(clip=1e9), build(clip=1e-9)
    for trainer in (loose, tight):
        take_step(trainer, photos(), 0.0)
    moments = [
        max(float(state["momentum"].abs().max()) for state in trainer.optimizers[0].state.values())
        for trainer in (loose, tight)
    ]
    assert moments[1] < 1e-9 < moments[0]


def test_a_restored_trainer_goes_on_bit_for_bit():
    one, other = build(), build(seed=3)
    for _ in range(3):
        take_step(one, photos(), 0.2)
    other.restore(one.state())
    assert total(take_step(one, photos(3), 0.5)) == total(take_step(other, photos(3), 0.5))
    for name, parameter in one.average.state_dict().items():
        assert torch.equal(parameter, other.average.state_dict()[name])


def test_it_starts_from_given_weights():
    trained = build(seed=9)
    trainer = build(start=trained.net.state_dict())
    image = noise_picture(32, 32)
    assert torch.equal(trainer.paint(image), trained.paint(image))
    assert not torch.equal(build().paint(image), trained.paint(image))


def test_bfloat16_takes_nearly_the_same_step():
    losses = [
        total(take_step(build(dtype=dtype), photos(), 0.0)) for dtype in ("float32", "bfloat16")
    ]
    assert losses[1] == pytest.approx(losses[0], rel=0.05)
    assert losses[1] != losses[0]


@pytest.mark.parametrize("optimizer", ["muon", "adam"])
def test_both_optimizers_learn(optimizer):
    trainer, batch = build(lr=5e-3, optimizer=optimizer), photos()
    losses = [total(take_step(trainer, batch, 0.0)) for _ in range(25)]
    assert losses[-1] < 0.9 * losses[0]
    assert len(trainer.optimizers) == (2 if optimizer == "muon" else 1)
    counts = [sum(len(g["params"]) for g in o.param_groups) for o in trainer.optimizers]
    assert sum(counts) == len(list(trainer.net.parameters()))


def test_every_photo_is_compared_with_its_own_style():
    trainer, batch = build(styles=2), photos(2)
    mixed = total(trainer.step(batch, torch.tensor([4, 7]), 0.0))
    single = []
    for style in (0, 1):
        fresh = build(styles=2)
        single.append(total(fresh.step(batch[style : style + 1], torch.tensor([style]), 0.0)))
    assert mixed == pytest.approx(sum(single) / 2, rel=1e-4)
    assert single[0] != pytest.approx(single[1], rel=1e-3)


def test_two_styles_learn_to_differ():
    trainer, batch = build(styles=2, lr=5e-3), photos(2)
    image = noise_picture(32, 32, 9)
    assert torch.equal(trainer.paint(image, 0), trainer.paint(image, 1))
    for _ in range(20):
        take_step(trainer, batch)
    assert (trainer.paint(image, 0) - trainer.paint(image, 1)).abs().mean() > 0.01


def test_a_new_style_leaves_the_old_ones_bit_identical():
    old = build(styles=2, lr=5e-3)
    for _ in range(5):
        take_step(old, photos(2))
    state = {
        name: torch.cat([value, value.mean(0, keepdim=True)]) if ".norm." in name else value
        for name, value in old.average.state_dict().items()
    }
    new = build(start=state, styles=1, old_styles=2, lr=5e-3)
    image = noise_picture(32, 32, 9)
    before = new.paint(image, 2)
    losses = [total(take_step(new, photos(2))) for _ in range(30)]
    assert losses[-1] < losses[0]
    assert not torch.equal(new.paint(image, 2), before)
    for name, value in new.average.state_dict().items():
        kept = value[:2] if ".norm." in name else value
        assert torch.equal(kept, old.average.state_dict()[name]), name
    for style in (0, 1):
        assert torch.equal(new.paint(image, style), old.paint(image, style))
