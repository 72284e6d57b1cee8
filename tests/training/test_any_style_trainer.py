import pytest
import torch

from impasto.core.errors import ConfigError
from impasto.networks.transform import NetworkOptions
from impasto.training.data import StyleCrops
from impasto.training.options import TrainOptions
from impasto.training.trainer import AnyStyleTrainer
from support import TINY, noise_picture, random_weights, save_picture

NETWORK = NetworkOptions(channels=(4, 6, 8), blocks=1, kernel=3, upsample="nearest")


pytestmark = pytest.mark.usefixtures("tiny_vgg")


@pytest.fixture
def trainer():
    options = TrainOptions(
        network="any", size=32, style_size=48, warmup=2, dtype="float32", device="cpu", lr=5e-3
    )
    trainer = AnyStyleTrainer(options, NETWORK, [], random_weights(TINY))
    trainer.calibrate(pictures(10, 8))
    return trainer


def pictures(seed, count=2):
    return torch.cat([noise_picture(32, 32, seed + number) for number in range(count)])


def take_steps(trainer, count, paintings):
    terms = {}
    for _ in range(count):
        terms = trainer.step(pictures(0), torch.arange(2), 0.0, paintings)
    return sum(value for name, value in terms.items() if name != "gradient")


def test_training_on_two_paintings_lowers_the_loss(trainer):
    first = take_steps(trainer, 1, pictures(10))
    assert take_steps(trainer, 40, pictures(10)) < 0.7 * first


def test_the_predictor_learns_to_tell_paintings_apart(trainer):
    take_steps(trainer, 40, pictures(10))
    photo = noise_picture(24, 24)
    one, other = (trainer.paint_like([photo], painting[None])[0] for painting in pictures(10))
    assert (one - other).abs().mean() > 0.01


def test_a_restored_trainer_goes_on_the_same(trainer):
    take_steps(trainer, 3, pictures(10))
    state = trainer.state()
    other = AnyStyleTrainer(trainer.options, NETWORK, [], random_weights(TINY))
    other.restore(state)
    assert take_steps(other, 2, pictures(10)) == take_steps(trainer, 2, pictures(10))


@pytest.fixture
def folders(tmp_path):
    for folder, count in (("paintings", 2), ("photos", 6)):
        (tmp_path / folder).mkdir()
        for number in range(count):
            save_picture(tmp_path / folder / f"{number}.png", 60, 80, number)
    return tmp_path


def test_styles_are_paintings_and_photos_in_many_colors(folders):
    crops = StyleCrops(folders / "paintings", folders / "photos", 32, 64, seed=0)
    photos = sum(path.parent.name == "photos" for path in crops.files)
    assert photos / len(crops.files) == pytest.approx(1 / 3, abs=0.1)
    found = torch.stack([crops[number].image for number in range(12)])
    assert found.shape == (12, 3, 32, 32)
    assert found.min() >= 0
    assert found.max() <= 1
    again = StyleCrops(folders / "paintings", folders / "photos", 32, 64, seed=0)
    assert torch.equal(again[5].image, found[5])
    assert not torch.equal(crops[5].image, crops[5 + len(crops)].image)


def test_any_style_adds_to_no_model():
    with pytest.raises(ConfigError, match="--add-to"):
        TrainOptions(network="any", add_to="wave")
    with pytest.raises(ConfigError, match="--style-layer-weights"):
        TrainOptions(network="any", style_layer_weights=(1.0, 1.0, 1.0))
