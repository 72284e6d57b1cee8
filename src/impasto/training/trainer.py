"""The step that changes the network, and everything that a checkpoint must hold."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.core.descent import Adam, Optimizer
from impasto.core.device import autocast, pick_device, pick_dtype
from impasto.core.tensors import fit_long_side, resize, size_of
from impasto.io.color import Colors, colors_of
from impasto.losses.evenness import contrast_excess, lattice
from impasto.losses.palette import palette_distance, wanted_colors
from impasto.losses.perceptual import LossWeights, PerceptualLoss
from impasto.losses.style import gram_matrix
from impasto.losses.temporal import next_frame, temporal_distance
from impasto.networks.any_style import (
    STATISTICS_LAYERS,
    AnyStyleNet,
    encode_style,
    style_statistics,
)
from impasto.networks.shape import NetworkOptions
from impasto.networks.transform import TransformNet
from impasto.perception.extractor import Extractor
from impasto.training.muon import Muon
from impasto.training.options import TrainOptions

LAST_INPUTS = 200
"""Inputs per output up to which the last convolution learns at the full rate: those of `small`."""


UNITS = {"classic": 1e5, "impasto": 10.0}
"""What a loss is divided by before its gradient is taken, so that its norm is near 1."""

EVEN = 50.0
"""What `even_weight` is multiplied by, in units of the loss: chosen by looking at skies."""

PALETTE = 150.0
"""What `color_weight` is multiplied by, in units of the loss: chosen by looking at pictures."""

LATTICE = 300.0
"""What a lattice counts beside a step between even places."""

TEMPORAL = 500.0
"""What `temporal_weight` is multiplied by, in units of the loss: a third of the flicker."""

PREDICTOR_RATE = 0.125
"""Learning rate of a style predictor's matrices, as a part of that of the scales they predict."""


class NonFiniteError(Exception):
    """The loss or the gradient is not a number any more; no weight was changed."""


def make_optimizers(name: str, net: nn.Module, lr: float) -> list[Optimizer]:
    """Return what trains a network: Muon for its inner convolutions and Adam for the rest, or Adam.

    The last convolution stays with Adam: its three rows are colors, not directions. Nothing is
    normalized after it, so its rate falls with its number of inputs: the paper's has 2592, all of
    which Adam would move at once, far enough to burn spots that no gradient brings back.
    """
    convolutions, by_scale = [], dict[float, list[nn.Parameter]]()
    for part, parameter in net.named_parameters():
        if not parameter.requires_grad:
            continue
        last = part.endswith("last.weight") and parameter.ndim == 4
        if name == "muon" and parameter.ndim == 4 and not last:
            convolutions.append(parameter)
            continue
        scale = 1.0
        if last:
            scale = min(1.0, LAST_INPUTS / parameter[0].numel())
        elif part.startswith("predictor."):
            scale = PREDICTOR_RATE
        by_scale.setdefault(scale, []).append(parameter)
    groups = [{"params": params, "scale": scale} for scale, params in by_scale.items()]
    adam = Adam(groups, lr=lr, betas=(0.9, 0.99))
    return [Muon(convolutions, lr), adam] if convolutions else [adam]


class Trainer:
    """A network, the moving average of its weights, and the step that trains them.

    Args:
        options: of the training.
        network: shape of the network.
        styles: (1, 3, H, W) paintings in [0, 1], any sizes: the last ones of the network's.
        weights: of VGG-16.
        start: weights to begin with, None for random ones. With fewer paintings than the network
            has styles, only the scales and shifts of those paintings are trained.

    Source:
        johnson2016, sec. 3.2 and 4.1. Differs: original VGG-16 features of 0-255 pictures; warm-up
        and cosine decay; a moving average of the weights; no relu4_3, which counts for nothing at
        equal weights; no total variation, which enlarging by nearest neighbors and mirrored
        borders make needless (dumoulin2017, sec. 2); terms that keep even places even and colors
        at their places.
    """

    formula = "classic"
    """How the loss is measured if nobody says it."""

    def __init__(
        self,
        options: TrainOptions,
        network: NetworkOptions,
        styles: Sequence[Tensor],
        weights: Mapping[str, Tensor],
        start: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.options = options
        self.network = network
        self.formula = options.loss or self.formula
        self.unit = UNITS[self.formula]
        self.device = pick_device(options.device)
        self.dtype = pick_dtype(options.dtype, self.device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed)
            net = self._make_net(network)
        self.average = self._make_net(network)
        if start is not None:
            net.load_state_dict(dict(start))
        self.average.load_state_dict(net.state_dict())
        self.net = net.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average.to(self.device)
        self.model: nn.Module = self.net
        """What is called: the network, or the same spread over several processes."""

        self.first_style = network.styles - len(styles) if styles else 0
        """Number of the first style that is trained; those before stay as they are."""

        if self.first_style:
            for name, parameter in self.net.named_parameters():
                parameter.requires_grad_(".norm." in name)
        self.optimizers = make_optimizers(options.optimizer, self.net, options.lr)
        self.loss = self._perceptual_loss(styles, weights)
        self.palettes = [colors_of(style) for style in styles]
        self.step_number = 0
        self.rate = 1.0
        """What the learning rate is multiplied by: halved after every loss of the numbers."""

    def _make_net(self, network: NetworkOptions) -> nn.Module:
        return TransformNet(network)

    def _extractor(self, wanted: LossWeights, weights: Mapping[str, Tensor]) -> Extractor:
        return Extractor(weights, wanted.layers, dtype=self.dtype).to(self.device)

    def _loss_weights(self, style_layers: Sequence[str]) -> LossWeights:
        options = self.options
        shares = options.style_layer_weights or (1.0,) * len(style_layers)
        return LossWeights(
            content=dict.fromkeys(options.content_layers, 1.0),
            style=dict(zip(style_layers, shares, strict=True)),
            content_weight=options.content_weight,
            style_weight=options.style_weight,
            tv_weight=options.tv_weight,
        )

    def _perceptual_loss(
        self, styles: Sequence[Tensor], weights: Mapping[str, Tensor]
    ) -> PerceptualLoss:
        loss_weights = self._loss_weights(self.options.style_layers)
        extractor = self._extractor(loss_weights, weights)
        sizes = [fit_long_side(*size_of(style), self.options.style_size) for style in styles]
        styles = [
            resize(style, *size).to(self.device) for style, size in zip(styles, sizes, strict=True)
        ]
        return PerceptualLoss(extractor, self.formula, loss_weights, None, styles, None)

    def learning_rate(self, progress: float) -> float:
        """Return the optimizers' rate for the next step.

        Args:
            progress: 0..1, the part of the training that is done.
        """
        rise = min(1.0, (self.step_number + 1) / (self.options.warmup + 1))
        fall = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
        return self.options.lr * self.rate * rise * max(fall, 0.01)

    def step(
        self, photos: Tensor, numbers: Tensor, progress: float, paintings: Tensor | None = None
    ) -> dict[str, float]:
        """Change the network once.

        Args:
            photos: (B, 3, H, W) in [0, 1].
            numbers: (B,) of the photos, counted from the start of the training; the styles take
                turns along them.
            progress: 0..1, the part of the training that is done.
            paintings: (B, 3, h, w) in [0, 1], a style for each photo; only where the network
                learns any style.

        Returns:
            The weighted terms by name, before the change.

        Raises:
            NonFiniteError: the loss or its gradient is not finite; nothing was changed.
        """
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.learning_rate(progress) * group.get("scale", 1.0)
        given = photos
        photos = photos.to(self.device).contiguous(memory_format=torch.channels_last)
        styles, targets = self._styles(numbers.to(self.device), paintings)
        painted = self._paint(photos, styles)
        terms = self.loss(painted, photos, targets)
        if self.options.even_weight:
            weight = self.options.even_weight * EVEN * self.unit
            terms["even"] = weight * contrast_excess(painted, photos)
            terms["lattice"] = weight * LATTICE * lattice(painted, photos)
        if self.options.color_weight:
            weight = self.options.color_weight * PALETTE * self.unit
            palettes = self._palettes(numbers, paintings)
            found = [*map(wanted_colors, torch.split(given, 1), palettes)]
            wanted = torch.cat([colors for colors, _ in found]).to(self.device)
            shares = torch.tensor([share for _, share in found], device=self.device)
            terms["color"] = weight * palette_distance(painted, wanted, shares)
        if self.options.temporal_weight:
            weight = self.options.temporal_weight * TEMPORAL * self.unit
            seed = self.options.seed + self.step_number  # another frame each step, resumed or not
            moved, by = next_frame(photos, torch.Generator().manual_seed(seed))
            terms["temporal"] = weight * temporal_distance(painted, self._paint(moved, styles), by)
        total = torch.stack(list(terms.values())).sum()
        self.net.zero_grad(set_to_none=True)
        torch.autograd.backward(total / self.unit)
        norm = nn.utils.clip_grad_norm_(self.net.parameters(), self.options.clip)
        if not bool(torch.isfinite(total)) or not bool(torch.isfinite(norm)):
            raise NonFiniteError
        self.change_weights()
        self.step_number += 1
        values = {name: float(term.detach()) for name, term in terms.items()}
        return {**values, "gradient": float(norm)}

    def _styles(
        self, numbers: Tensor, _paintings: Tensor | None
    ) -> tuple[Tensor | None, Tensor | dict[str, Tensor]]:
        """Return the styles of the photos: what the network is told of them, and the loss."""
        which = numbers % (self.net.options.styles - self.first_style)
        return self._one_hot(self.first_style + which), which

    def _paint(self, photos: Tensor, styles: Tensor | None) -> Tensor:
        with autocast(self.device, self.dtype):
            painted: Tensor = self.model(photos, styles)
            return painted.float()

    def _palettes(self, numbers: Tensor, _paintings: Tensor | None) -> list[Colors]:
        """Return the colors of the painting that each photo is to be painted like."""
        return [self.palettes[number % len(self.palettes)] for number in numbers.tolist()]

    def _one_hot(self, which: Tensor) -> Tensor | None:
        """Return (B, S) weights of the styles, None for the only one."""
        count = self.net.options.styles
        return None if count == 1 else F.one_hot(which, count).float()

    @torch.no_grad()
    def change_weights(self) -> None:
        """Take the optimizers' steps; the average follows, early on faster to forget its start."""
        for optimizer in self.optimizers:
            optimizer.step()
        keep = min(self.options.average, (1 + self.step_number) / (10 + self.step_number))
        theirs = dict(self.net.named_parameters())
        for name, mine in self.average.named_parameters():
            mine.lerp_(theirs[name], 1 - keep)

    @torch.no_grad()
    def paint(self, photo: Tensor, style: int = 0) -> Tensor:
        """Return a photo as the averaged network paints it, (1, 3, H, W) on the CPU.

        Args:
            photo: (1, 3, H, W) in [0, 1].
            style: which of the network's styles.
        """
        which = self._one_hot(torch.tensor([style], device=self.device))
        painted: Tensor = self.average(photo.to(self.device), which)
        return painted.clamp(0, 1).cpu()

    def state(self) -> dict[str, Any]:
        """Return all that is needed to go on as if nothing had happened."""
        return {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step_number,
            "rate": self.rate,
            "rng": torch.get_rng_state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what `state` returned."""
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        for optimizer, stored in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(copy.deepcopy(stored))  # else its tensors would be shared
        self.step_number = int(state["step"])
        self.rate = float(state["rate"])
        torch.set_rng_state(state["rng"])


class AnyStyleTrainer(Trainer):
    """Trains an `AnyStyleNet`; `step` wants a painting for every photo.

    Source:
        ghiasi2017. Differs: relative distances, so that every painting counts as much as another;
        style layers are those that the predictor sees.
    """

    formula = "impasto"

    net: AnyStyleNet
    average: AnyStyleNet

    def _make_net(self, network: NetworkOptions) -> nn.Module:
        return AnyStyleNet(network)

    def _perceptual_loss(
        self, styles: Sequence[Tensor], weights: Mapping[str, Tensor]
    ) -> PerceptualLoss:
        wanted = self._loss_weights(STATISTICS_LAYERS)
        return PerceptualLoss(
            self._extractor(wanted, weights), self.formula, wanted, None, styles, None
        )

    def calibrate(self, paintings: Tensor) -> None:
        """Tell the predictor the usual range of statistics; before the first step.

        Args:
            paintings: (N, 3, h, w) in [0, 1], many.
        """
        found = torch.cat([self._see(painting[None])[0] for painting in paintings])
        self.net.predictor.calibrate(found)
        self.average.predictor.calibrate(found)

    @torch.no_grad()
    def _see(self, paintings: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the statistics (B, D) and the Gram matrices of paintings."""
        features = self.loss.extractor(paintings.to(self.device), STATISTICS_LAYERS)
        grams = {layer: gram_matrix(features[layer]) for layer in STATISTICS_LAYERS}
        return style_statistics(features), grams

    def _styles(
        self, _numbers: Tensor, paintings: Tensor | None
    ) -> tuple[Tensor | None, Tensor | dict[str, Tensor]]:
        assert paintings is not None
        return self._see(paintings)

    def _palettes(self, _numbers: Tensor, paintings: Tensor | None) -> list[Colors]:
        assert paintings is not None
        return [colors_of(painting) for painting in torch.split(paintings.cpu(), 1)]

    @torch.no_grad()
    def paint_like(self, photos: Iterable[Tensor], painting: Tensor) -> list[Tensor]:
        """Return photos as the averaged network paints them, each (1, 3, H, W) on the CPU.

        Args:
            photos: each (1, 3, H, W) in [0, 1].
            painting: (1, 3, h, w) in [0, 1].
        """
        statistics = encode_style(self.loss.extractor, painting.to(self.device))
        painted = (self.average(photo.to(self.device), statistics) for photo in photos)
        return [picture.clamp(0, 1).cpu() for picture in painted]
