"""Training a network for any painting: every photo has a style of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from impasto.core.device import autocast
from impasto.losses.perceptual import PerceptualLoss
from impasto.losses.style import gram_matrix
from impasto.networks.any_style import (
    STATISTICS_LAYERS,
    AnyStyleNet,
    encode_style,
    style_statistics,
)
from impasto.networks.shape import NetworkOptions
from impasto.training.trainer import Trainer


class AnyStyleTrainer(Trainer):
    """Trains an `AnyStyleNet`; `step` wants a painting for every photo.

    Source:
        ghiasi2017. Differs: relative distances, so that every painting counts as much as another;
        style layers are those that the predictor sees.
    """

    formula = "impasto"
    unit = 10.0

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

    def _terms(
        self,
        photos: Tensor,
        numbers: Tensor,  # noqa: ARG002  (the styles of the base class take turns along them)
        paintings: Tensor | None,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        assert paintings is not None
        statistics, grams = self._see(paintings)
        with autocast(self.device, self.dtype):
            painted = self.model(photos, statistics).float()
        return painted, self.loss(painted, photos, grams)

    @torch.no_grad()
    def paint_like(self, photo: Tensor, painting: Tensor) -> Tensor:
        """Return a photo as the averaged network paints it, (1, 3, H, W) on the CPU.

        Args:
            photo: (1, 3, H, W) in [0, 1].
            painting: (1, 3, h, w) in [0, 1].
        """
        statistics = encode_style(self.loss.extractor, painting.to(self.device))
        painted: Tensor = self.average(photo.to(self.device), statistics)
        return painted.clamp(0, 1).cpu()
