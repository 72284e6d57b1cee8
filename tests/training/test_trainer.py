import pytest
import torch

from conftest import TINY, noise_picture, random_weights
from impasto.models.transform import NetworkOptions
from impasto.perception.vgg import VGG16
from impasto.training.options import TrainOptions
from impasto.training.trainer import NotFiniteError, Trainer

NETWORK = NetworkOptions(channels=(4, 6, 8), blocks=1, kernel=3, upsample="nearest")
QUICK = {"size": 32, "style_size": 48, "warmup": 2, "dtype": "float32", "device": "cpu"}


@pytest.fixture(autouse=True)
def tiny_vgg(monkeypatch):
    """Few channels instead of the real network."""
    for name in ("blocks", "channels"):
        monkeypatch.setitem(vars(VGG16), name, getattr(TINY, name))


def build(start=None, **options):
    style = noise_picture(48, 40, seed=5)
    return Trainer(
        TrainOptions(**{**QUICK, **options}), NETWORK, style, random_weights(TINY), start
    )


def photos(count=2):
    return torch.cat([noise_picture(32, 32, seed) for seed in range(count)])


def total(terms):
    return sum(value for name, value in terms.items() if name != "gradient")


def test_training_on_one_batch_lowers_its_loss():
    trainer, batch = build(lr=5e-3), photos()
    losses = [total(trainer.step(batch, 0.0)) for _ in range(40)]
    assert losses[-1] < 0.7 * losses[0]


def test_the_terms_have_the_names_of_the_layers():
    terms = build(tv_weight=1.0).step(photos(), 0.0)
    style = {f"style.relu{layer}" for layer in ("1_2", "2_2", "3_3")}
    assert set(terms) == {"content.relu3_3", "tv", "gradient", *style}


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
        trainer.step(photos(), 0.0)
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
    with pytest.raises(NotFiniteError):
        trainer.step(broken, 0.0)
    assert trainer.step_number == 0
    for parameter, old in zip(trainer.net.parameters(), before, strict=True):
        assert torch.equal(parameter, old)


def test_gradients_are_shortened():
    """With Adam's memory empty the first step has one length; the second shows the clipping."""
    loose, tight = build(clip=1e9), build(clip=1e-9)
    for trainer in (loose, tight):
        trainer.step(photos(), 0.0)
    moments = [
        max(float(state["momentum"].abs().max()) for state in trainer.optimizers[0].state.values())
        for trainer in (loose, tight)
    ]
    assert moments[1] < 1e-9 < moments[0]


def test_a_restored_trainer_goes_on_bit_for_bit():
    one, other = build(), build(seed=3)
    for _ in range(3):
        one.step(photos(), 0.2)
    other.restore(one.state())
    assert total(one.step(photos(3), 0.5)) == total(other.step(photos(3), 0.5))
    for name, parameter in one.average.state_dict().items():
        assert torch.equal(parameter, other.average.state_dict()[name])


def test_it_starts_from_given_weights():
    trained = build(seed=9)
    trainer = build(start=trained.net.state_dict())
    image = noise_picture(32, 32)
    assert torch.equal(trainer.paint(image), trained.paint(image))
    assert not torch.equal(build().paint(image), trained.paint(image))


def test_bfloat16_takes_nearly_the_same_step():
    losses = [total(build(dtype=dtype).step(photos(), 0.0)) for dtype in ("float32", "bfloat16")]
    assert losses[1] == pytest.approx(losses[0], rel=0.05)
    assert losses[1] != losses[0]


@pytest.mark.parametrize("optimizer", ["muon", "adam"])
def test_both_optimizers_learn(optimizer):
    trainer, batch = build(lr=5e-3, optimizer=optimizer), photos()
    losses = [total(trainer.step(batch, 0.0)) for _ in range(25)]
    assert losses[-1] < 0.9 * losses[0]
    assert len(trainer.optimizers) == (2 if optimizer == "muon" else 1)
    counts = [sum(len(g["params"]) for g in o.param_groups) for o in trainer.optimizers]
    assert sum(counts) == len(list(trainer.net.parameters()))
