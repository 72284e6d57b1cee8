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
    WHOLE,
    check_choices,
    check_layer_weights,
    check_range,
)

_TIME = Parameter(group=Group("Time", sort_key=1))
_LOOK = Parameter(group=Group("Look", sort_key=2))
_LEARNING = Parameter(group=Group("Learning", sort_key=3))
_RUN = Parameter(group=Group("Run folder", sort_key=4))
_MACHINE = Parameter(group=Group("Machine", sort_key=5))

DEFAULT_MINUTES = 60.0


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """Options of the training of a network for one style."""

    network: Annotated[Literal["johnson", "small", "multi", "any"], _LEARNING] = "small"
    """small is made for CPUs; johnson is the paper's, four times the work per pixel; multi is a
    wider small, for many styles. Each can learn one style or several. any is multi with a second
    network that reads the style off a painting: it learns from a folder of paintings to paint like
    those it has never seen."""

    start: Annotated[str | None, _LEARNING] = None
    """A trained style to start from, such as cafe-terrace or a model file, instead of random
    weights: the new style is learnt in a fraction of the time. The shape of the network is that of
    the file."""

    add_to: Annotated[str | None, _LEARNING] = None
    """A trained model that is to learn the paintings too: only their own scales and shifts are
    trained, which takes minutes; all its styles stay exactly as they are."""

    minutes: Annotated[float | None, _TIME] = None
    """Train for that long; the learning rate falls to fit. 60 if neither this nor --steps is
    given."""

    steps: Annotated[int | None, WHOLE, _TIME] = None
    """Train for that many steps instead. The same steps, seed and machine give the same network,
    bit for bit."""

    style_size: Annotated[int, WHOLE, _LOOK] = 512
    """Long side of the painting in pixels, and about that of the photos: the strokes will have
    their right size in pictures of this size."""

    content_weight: Annotated[float, _LOOK] = 1.0
    """How much the photo counts (alpha)."""

    style_weight: Annotated[float, _LOOK] = 5.0
    """How much the painting counts (beta)."""

    tv_weight: Annotated[float, _LOOK] = 0.0
    """How much smoothness counts (total variation)."""

    even_weight: Annotated[float, _LOOK] = 1.0
    """How much it counts that even places of the photo, such as skies, stay even: without halos
    round what is dark and without blobs of colour."""

    content_layers: Annotated[tuple[str, ...], _LOOK, COMMAS, LAYERS] = ("relu3_3",)
    """Layers that hold the photo."""

    style_layers: Annotated[tuple[str, ...], _LOOK, COMMAS, LAYERS] = (
        "relu1_2",
        "relu2_2",
        "relu3_3",
    )
    """Layers that hold the style. The paper's fourth, relu4_3, would be a ten-thousandth of the
    loss and a sixth of the time."""

    style_layer_weights: Annotated[tuple[float, ...] | None, _LOOK, COMMAS] = None
    """How much each style layer counts, one number per layer; equal if not given. relu4_1 beside
    the others, at 10, brings the painting's shapes and flat places."""

    batch_size: Annotated[int, WHOLE, _LEARNING] = 2
    """Photos per step (in each process)."""

    size: Annotated[int, WHOLE, _LEARNING] = 192
    """Side of the square crops in pixels."""

    optimizer: Annotated[Literal["muon", "adam"], _LEARNING] = "muon"
    """What changes the weights. muon (with adam for what it is not made for) gets as far as adam
    alone in about half the time."""

    lr: Annotated[float, _LEARNING] = 4e-3
    """Highest learning rate; it rises for --warmup steps, then falls along a cosine."""

    warmup: Annotated[int, WHOLE, _LEARNING] = 50
    """Steps until the learning rate is reached."""

    clip: Annotated[float, _LEARNING] = 1.0
    """Largest norm of a gradient; longer ones are shortened to it."""

    average: Annotated[float, _LEARNING] = 0.995
    """How slowly the moving average of the weights, which is what is saved, follows them."""

    seed: Annotated[int, WHOLE, _LEARNING] = 0
    """Of the first weights and of the order and cropping of the photos."""

    checkpoint_minutes: Annotated[float, _RUN] = 5.0
    """How often the state is saved, so that --resume loses no more than that."""

    sample_minutes: Annotated[float, _RUN] = 3.0
    """How often two photos are painted, into the run folder."""

    tensorboard: Annotated[bool, _RUN, Parameter(negative=())] = False
    """Write the losses and samples for TensorBoard too (needs the extra tensorboard)."""

    workers: Annotated[int, WHOLE, _MACHINE] = 1
    """Processes that read and crop photos; 0 does it between the steps."""

    device: Annotated[str, _MACHINE] = "auto"
    """auto, cpu, cuda, cuda:1, mps."""

    dtype: Annotated[Literal["auto", "float32", "bfloat16"], _MACHINE] = "auto"
    """Of the networks' features: auto is bfloat16 where the CPU multiplies it in hardware."""

    weights: Annotated[str | None, _MACHINE] = None
    """File with the VGG-16 weights (.pth or .safetensors) instead of fetching them."""

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
class LearnOptions:
    """Options of learning a painting from the bundled network: a minute's work."""

    minutes: Annotated[float, _TIME] = 1.0
    """Learn for that long. A minute gives a good style, five a better one."""

    steps: Annotated[int | None, WHOLE, _TIME] = None
    """Learn for that many steps instead."""

    style_size: Annotated[int, WHOLE, _LOOK] = 512
    """Long side of the painting in pixels, and about that of the photos: the strokes will have
    their right size in pictures of this size."""

    style_weight: Annotated[float, _LOOK] = 5.0
    """How much the painting counts."""

    seed: Annotated[int, WHOLE, _LEARNING] = 0
    """Of the order and cropping of the photos."""

    device: Annotated[str, _MACHINE] = "auto"
    """auto, cpu, cuda, cuda:1, mps."""

    dtype: Annotated[Literal["auto", "float32", "bfloat16"], _MACHINE] = "auto"
    """Of the networks' features: auto is bfloat16 where the CPU multiplies it in hardware."""

    weights: Annotated[str | None, _MACHINE] = None
    """File with the VGG-16 weights (.pth or .safetensors) instead of fetching them."""

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
        leaves blobs of colour in skies. A deeper layer of the style than the paper's: without it
        the network learns the painting's grain and colours, and little of its shapes.

        Args:
            start: model file to go on from.
        """
        return TrainOptions(
            network="multi",
            start=start,
            minutes=None if self.steps is not None else self.minutes,
            steps=self.steps,
            style_size=self.style_size,
            style_weight=self.style_weight,
            style_layers=LEARN_LAYERS,
            style_layer_weights=LEARN_WEIGHTS,
            batch_size=1,
            size=384,
            lr=LEARN_RATE,
            warmup=20,
            average=0.98,
            seed=self.seed,
            sample_minutes=LEARN_SAMPLES,
            device=self.device,
            dtype=self.dtype,
            weights=self.weights,
        )


LEARN_RATE = 4e-3
"""Highest learning rate from a trained network."""

LEARN_LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_1")
LEARN_WEIGHTS = (1.0, 1.0, 1.0, 10.0)

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
