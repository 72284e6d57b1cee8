"""Everything that can be asked of a training: the only list of its options.

The docstrings under the attributes are the help of the command line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from cyclopts import Group, Parameter

from impasto.core.errors import ConfigError
from impasto.core.options import (
    COMMAS,
    LARGEST_SEED,
    LARGEST_WEIGHT,
    LAYERS,
    MACHINE,
    WHOLE,
    PrecisionOptions,
    check_choices,
    check_layer_weights,
    check_range,
)

_TIME = Parameter(group=Group("Time", sort_key=1))
_LOOK = Parameter(group=Group("Look", sort_key=2))
_LEARNING = Parameter(group=Group("Learning", sort_key=3))
_RUN = Parameter(group=Group("Run folder", sort_key=4))

DEFAULT_MINUTES = 60.0


@dataclass(frozen=True, kw_only=True)
class TrainOptions(PrecisionOptions):
    """Options of the training of a network for one style."""

    network: Annotated[Literal["johnson", "small", "multi", "any"], _LEARNING] = "small"
    """small is made for CPUs; johnson is the paper's network, four times the work per pixel; multi
    is a wider small, for many styles. Each can learn one style or several. any is multi with a
    second network that predicts the style from a painting: it learns from a folder of paintings and
    then paints like ones it has never seen."""

    start: Annotated[str | None, _LEARNING] = None
    """A trained style to start from, such as cafe-terrace or a model file, instead of random
    weights: this takes a fraction of the time. The network gets the shape of that file."""

    add_to: Annotated[str | None, _LEARNING] = None
    """A trained model that is to learn the paintings as well: only their own scales and shifts are
    trained, which takes minutes; all its other styles stay exactly as they are."""

    minutes: Annotated[float | None, _TIME] = None
    """Train for this long; the learning rate decays to fit. Default 60, unless --steps is given."""

    steps: Annotated[int | None, WHOLE, _TIME] = None
    """Train for this many steps instead. The same steps, seed and machine give the same network,
    bit for bit."""

    style_size: Annotated[int, WHOLE, _LOOK] = 512
    """Long side of the painting in pixels, and roughly that of the photos: strokes will have the
    right size in pictures of this size."""

    loss: Annotated[Literal["classic", "impasto"] | None, _LOOK] = None
    """classic: squared errors, as the paper has it; stays near the photo. impasto: relative
    distances, as `impasto optimize` has them; with --content-layers relu2_2,relu4_2 --style-layers
    relu1_1,relu2_1,relu3_1,relu4_1,relu5_1 --style-weight 16 it paints more freely. Default:
    classic; --network any knows impasto only."""

    content_weight: Annotated[float, _LOOK] = 1.0
    """Weight of the content loss (alpha)."""

    style_weight: Annotated[float, _LOOK] = 5.0
    """Weight of the style loss (beta)."""

    tv_weight: Annotated[float, _LOOK] = 0.0
    """Weight of the total variation loss."""

    even_weight: Annotated[float, _LOOK] = 1.0
    """Weight of a loss that keeps flat areas of the photo, such as skies, flat: no halos around
    dark shapes, no blobs of color."""

    color_weight: Annotated[float, _LOOK] = 1.0
    """Weight of a loss that gives each place the color that the photo has there, carried to the
    painting's colors: red things stay redder than blue ones. 0: wherever the network puts them."""

    temporal_weight: Annotated[float, _LOOK] = 0.0
    """Weight of a loss that wants a photo that has moved a little, with new grain, painted alike:
    no speckles in skies, cleaner faces, steadier films. A step then takes the network's time
    twice."""

    content_layers: Annotated[tuple[str, ...], _LOOK, COMMAS, LAYERS] = ("relu3_3",)
    """Layers of the content loss."""

    style_layers: Annotated[tuple[str, ...], _LOOK, COMMAS, LAYERS] = (
        "relu1_2",
        "relu2_2",
        "relu3_3",
    )
    """Layers of the style loss. The paper's fourth, relu4_3, would be a ten-thousandth of the loss
    and a sixth of the time."""

    style_layer_weights: Annotated[tuple[float, ...] | None, _LOOK, COMMAS] = None
    """Weight of each style layer, one number per layer; default: equal. relu4_1 in addition, at 30,
    brings in the painting's strokes and shapes."""

    batch_size: Annotated[int, WHOLE, _LEARNING] = 2
    """Photos per step (in each process)."""

    size: Annotated[int, WHOLE, _LEARNING] = 192
    """Side of the square crops in pixels."""

    optimizer: Annotated[Literal["muon", "adam"], _LEARNING] = "muon"
    """muon (with adam for the parameters it is not made for) gets as far as adam alone in about
    half the time."""

    lr: Annotated[float, _LEARNING] = 4e-3
    """Peak learning rate, reached after --warmup steps, followed by cosine decay."""

    warmup: Annotated[int, WHOLE, _LEARNING] = 50
    """Steps of linear warm-up."""

    clip: Annotated[float, _LEARNING] = 1.0
    """Gradient norm limit."""

    average: Annotated[float, _LEARNING] = 0.995
    """Decay of the moving average of the weights, which is what is saved."""

    seed: Annotated[int, WHOLE, _LEARNING] = 0
    """Random seed of the initial weights and of the order and crops of the photos."""

    checkpoint_minutes: Annotated[float, _RUN] = 5.0
    """Minutes between checkpoints; --resume loses no more than that."""

    sample_minutes: Annotated[float, _RUN] = 3.0
    """Minutes between samples: two photos, painted into the run folder."""

    tensorboard: Annotated[bool, _RUN, Parameter(negative=())] = False
    """Also log losses and samples for TensorBoard (needs the extra tensorboard)."""

    workers: Annotated[int, WHOLE, MACHINE] = 1
    """Processes that load and crop photos; 0: none, between the steps."""

    def __post_init__(self) -> None:
        """Refuse what cannot work, before anything costs time.

        Raises:
            ConfigError: with the option's name.
        """
        check_range(self, _RANGES)
        check_choices(self)
        if self.minutes is not None and self.steps is not None:
            raise ConfigError("--minutes and --steps cannot both be given; choose one")
        if self.network == "any" and self.add_to is not None:
            raise ConfigError("--network any learns no single style; leave out --add-to")
        if self.network == "any" and self.loss == "classic":
            raise ConfigError("--network any learns by --loss impasto only; leave out --loss")
        if self.start is not None and self.add_to is not None:
            raise ConfigError("--start and --add-to cannot both be given; choose one")
        if not self.style_layers and not self.content_layers:
            raise ConfigError("no layers: give --content-layers or --style-layers")
        if self.style_layer_weights is not None and self.network == "any":
            raise ConfigError("--network any has its own layers; leave out --style-layer-weights")
        check_layer_weights(self.style_layers, self.style_layer_weights)
        if not self.average < 1:
            raise ConfigError(f"--average {self.average}: it must be below 1")

    @property
    def time_limit(self) -> float | None:
        """Seconds of training, None if the steps are given instead."""
        if self.steps is not None:
            return None
        return 60 * (DEFAULT_MINUTES if self.minutes is None else self.minutes)


@dataclass(frozen=True, kw_only=True)
class LearnOptions(PrecisionOptions):
    """Options of learning a painting from the bundled network: a minute's work."""

    minutes: Annotated[float, _TIME] = 1.0
    """Train for this long. One minute gives a good style, five a better one."""

    steps: Annotated[int | None, WHOLE, _TIME] = None
    """Train for this many steps instead."""

    style_size: Annotated[int, WHOLE, _LOOK] = 512
    """Long side of the painting in pixels, and roughly that of the photos: strokes will have the
    right size in pictures of this size."""

    style_weight: Annotated[float, _LOOK] = 12.0
    """Weight of the style loss (beta): more is nearer to the painting, less nearer to the photo."""

    seed: Annotated[int, WHOLE, _LEARNING] = 0
    """Random seed of the order and crops of the photos."""

    def __post_init__(self) -> None:
        """Refuse what cannot work, before anything costs time.

        Raises:
            ConfigError: with the option's name.
        """
        check_range(self, {name: _RANGES[name] for name in _LEARN_LIMITED})
        check_choices(self)

    def training(self, start: str) -> TrainOptions:
        """Return the training that does it: of the whole network, from a trained one.

        Large crops, one at a time: on small ones the network never sees a large flat place, and
        leaves blobs of color in skies. Where a short time would be too few of them, smaller ones.
        A deeper layer of the style than the paper's, and most of that: without it the network
        learns the painting's grain and colors, and little of its strokes and shapes. The photo's
        content counts less than in the paper, for the same reason. A photo that has moved a little
        must look alike: without that, strokes hang on single pixels, and skies are speckled.

        Args:
            start: model file to go on from.
        """
        return TrainOptions(
            network="multi",
            start=start,
            minutes=None if self.steps is not None else self.minutes,
            steps=self.steps,
            style_size=self.style_size,
            content_weight=LEARN_CONTENT,
            style_weight=self.style_weight,
            style_layers=LEARN_LAYERS,
            style_layer_weights=LEARN_WEIGHTS,
            temporal_weight=LEARN_TEMPORAL,
            batch_size=1,
            size=self._crop(),
            lr=LEARN_RATE,
            warmup=5,
            average=0.98,
            seed=self.seed,
            sample_minutes=LEARN_SAMPLES,
            device=self.device,
            dtype=self.dtype,
            weights=self.weights,
        )

    def _crop(self) -> int:
        """Return the side of the crops in pixels."""
        from impasto.core.device import pick_device, pick_dtype

        device = pick_device(self.device)
        is_fast = device.type != "cpu" or pick_dtype(self.dtype, device).itemsize < FULL_BYTES
        long = self.steps is not None or self.minutes >= LONG_MINUTES
        return LARGE_CROP if is_fast or long else SMALL_CROP


LARGE_CROP, SMALL_CROP = 384, 256
"""Pixels. On a processor without bfloat16, a minute of large ones is 40 steps and of small ones 61:
the fast loss is 196 and 181 thousand (docs/training.md)."""

LONG_MINUTES = 10.0
"""For which large crops are enough steps on any processor. In five minutes, 88 of them reach a
style distance of 0.200 and 210 small ones 0.169 (docs/training.md)."""

FULL_BYTES = 4
"""Of a number in float32."""

LEARN_RATE = 4e-3
"""Highest learning rate from a trained network."""

LEARN_LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_1")
LEARN_WEIGHTS = (1.0, 1.0, 1.0, 30.0)
LEARN_CONTENT = 0.4
LEARN_TEMPORAL = 0.4

LEARN_SAMPLES = 0.2
"""How often, in minutes, a photo is painted to show how far it is."""

_LEARN_LIMITED = ("minutes", "steps", "style_size", "style_weight", "seed")

MOST_MINUTES = 500_000.0
"""A year."""

_RANGES = {
    "minutes": (0.01, MOST_MINUTES),
    "steps": (1, 10**9),
    "style_size": (32, 8192),
    "content_weight": (0.0, LARGEST_WEIGHT),
    "style_weight": (0.0, LARGEST_WEIGHT),
    "style_layer_weights": (0.0, LARGEST_WEIGHT),
    "tv_weight": (0.0, LARGEST_WEIGHT),
    "even_weight": (0.0, LARGEST_WEIGHT),
    "color_weight": (0.0, LARGEST_WEIGHT),
    "temporal_weight": (0.0, LARGEST_WEIGHT),
    "batch_size": (1, 4096),
    "size": (32, 4096),
    "lr": (1e-9, 10.0),
    "warmup": (0, 10**9),
    "clip": (1e-9, LARGEST_WEIGHT),
    "average": (0.0, 1.0),
    "seed": (0, LARGEST_SEED),
    "checkpoint_minutes": (0.0, MOST_MINUTES),
    "sample_minutes": (0.0, MOST_MINUTES),
    "workers": (0, 256),
}
