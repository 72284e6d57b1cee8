"""The loss of a whole picture and its exact gradient, one tile at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import torch
from torch import Tensor

from impasto.core.memory import give_back_memory
from impasto.core.tensors import size_of
from impasto.losses.perceptual import LossWeights, PerceptualLoss, wide
from impasto.losses.style import gram_sum
from impasto.perception.extractor import Extractor

ALIGNMENT = 16
"""Tiles begin at multiples of this many pixels, so that every pool sees the same squares as in
the whole picture."""


LARGE = 3 * 512**2
"""Numbers in a picture whose tiles are worth a tidy memory."""


@dataclass(frozen=True)
class Tile:
    """A rectangle of the picture, and the part of it that is this tile's own."""

    top: int
    bottom: int
    left: int
    right: int
    inner_top: int
    inner_bottom: int
    inner_left: int
    inner_right: int

    @property
    def pixels(self) -> int:
        """With its overlap."""
        return (self.bottom - self.top) * (self.right - self.left)

    def cut(self, image: Tensor) -> Tensor:
        """Return the tile with its overlap, (B, C, bottom - top, right - left)."""
        return image[..., self.top : self.bottom, self.left : self.right]

    def own(self, features: Tensor, stride: int) -> Tensor:
        """Return those of the tile's features that no other tile has.

        Args:
            features: (B, C, h, w), of `cut`.
            stride: pixels per feature.
        """
        top, left = (self.inner_top - self.top) // stride, (self.inner_left - self.left) // stride
        rows = self.inner_bottom // stride - self.inner_top // stride
        columns = self.inner_right // stride - self.inner_left // stride
        return features[..., top : top + rows, left : left + columns]

    def place(self, features: Tensor, stride: int) -> Tensor:
        """Return the tile's own part of the whole picture's features."""
        top, left = self.inner_top // stride, self.inner_left // stride
        bottom, right = self.inner_bottom // stride, self.inner_right // stride
        return features[..., top:bottom, left:right]


def tiles(height: int, width: int, side: int, overlap: int) -> Iterator[Tile]:
    """Yield tiles that cover a picture; their own parts do not overlap.

    All tiles of a picture have the same size, so that what one leaves in memory fits the next.

    Args:
        height: of the picture.
        width: of the picture.
        side: of a tile's own part at most, a multiple of `ALIGNMENT`; at the edges of the picture
            it may be larger by the overlap.
        overlap: pixels that a tile sees around its own part, a multiple of `ALIGNMENT`.
    """
    for rows, columns in product(_cuts(height, side, overlap), _cuts(width, side, overlap)):
        top, bottom, inner_top, inner_bottom = rows
        left, right, inner_left, inner_right = columns
        yield Tile(top, bottom, left, right, inner_top, inner_bottom, inner_left, inner_right)


def _cuts(length: int, side: int, overlap: int) -> list[tuple[int, int, int, int]]:
    """Return where the tiles along a side begin and end, and their own parts."""
    between = length - 2 * overlap
    count = max(1, -(-between // side))
    if count == 1:
        return [(0, length, 0, length)]
    step = -(-between // (count * ALIGNMENT)) * ALIGNMENT
    tile = step + 2 * overlap + length % ALIGNMENT
    starts = [min(index * step, length - tile) for index in range(count)]
    own = [0, *(start + overlap for start in starts[1:]), length]
    return [(start, start + tile, *part) for start, part in zip(starts, pairwise(own), strict=True)]


def overlap_of(extractor: Extractor) -> int:
    """Return how far beyond a place its deepest feature sees, rounded up to `ALIGNMENT`."""
    reach, stride = 0, 1
    for name in extractor.convolutions:
        if name.endswith("_1") and name != "conv1_1":
            reach += stride
            stride *= 2
        reach += stride
    return -(-reach // ALIGNMENT) * ALIGNMENT


class TiledLoss:
    """`PerceptualLoss` of one picture in bounded memory, with the same terms and gradient.

    The first pass runs over the tiles and adds up the Gram matrices of the whole picture and the
    distances of the content; from these follow the loss and its gradient at every layer. The
    second pass runs over the tiles again and takes that gradient back to the pixels. A tile's own
    features see nothing that is cut off, so the sum over the tiles is exact.

    Args:
        extractor: as for `PerceptualLoss`.
        formula: as for `PerceptualLoss`.
        weights: as for `PerceptualLoss`.
        content: (1, 3, H, W) in [0, 1], at the size of the pictures that are measured.
        styles: (1, 3, h, w) in [0, 1], any sizes.
        style_shares: one per style; only their ratio matters.
        side: of a tile in pixels, without its overlap; rounded to a multiple of `ALIGNMENT`.

    Source:
        The closed-form gradient at a layer: gatys2016, eq. 2 and 6. Two passes over tiles:
        galerne2024, sec. 3.
    """

    def __init__(
        self,
        extractor: Extractor,
        formula: str,
        weights: LossWeights,
        content: Tensor,
        styles: Sequence[Tensor],
        style_shares: Sequence[float],
        side: int,
    ) -> None:
        self.side = max(1, round(side / ALIGNMENT)) * ALIGNMENT
        self.overlap = overlap_of(extractor)
        self.loss = PerceptualLoss(extractor, formula, weights, None, [], None)
        self.extractor, self.weights = extractor, weights
        _make_room(content)
        with torch.no_grad():
            self._content = self._whole_features(content)
            self._units = {
                layer: self.loss.formula.content_unit(_sum_of_squares(target), target.numel())
                for layer, target in self._content.items()
            }
            grams = [self._grams(style) for style in styles]
        by_layer = {layer: [gram[layer] for gram in grams] for layer in weights.style}
        self.loss.set_styles(by_layer, style_shares)

    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        """Return the weighted terms by dotted name, as `PerceptualLoss` does.

        Args:
            image: (1, 3, H, W), nominally in [0, 1], at the content's size. If it requires a
                gradient, so does the sum of the terms.
        """
        _make_room(image)
        seen = image.detach()
        grams, content = self._first_pass(seen)
        wants_gradient = torch.is_grad_enabled() and image.requires_grad
        leaves = {layer: gram.requires_grad_(wants_gradient) for layer, gram in grams.items()}
        style = self.loss.style_terms(leaves)
        terms = {**content, **{name: term.detach() for name, term in style.items()}}
        if wants_gradient:
            slopes: tuple[Tensor, ...] = ()
            if style:
                slopes = torch.autograd.grad(
                    torch.stack(list(style.values())).sum(), list(leaves.values())
                )
            gradient = self._second_pass(seen, dict(zip(leaves, slopes, strict=True)))
            known: Tensor = _KnownGradient.apply(image, gradient)  # type: ignore[no-untyped-call]
            first = next(iter(terms))
            terms[first] = terms[first] + known
        return {**terms, **self.loss.pixel_terms(image)}

    def _tiles(self, image: Tensor) -> Iterator[Tile]:
        return tiles(*size_of(image), self.side, self.overlap)

    @torch.no_grad()
    def _first_pass(self, image: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return the Gram matrices of the whole picture, and the weighted content terms."""
        sums: dict[str, Tensor] = {}
        squares = dict.fromkeys(self._content, 0.0)
        for tile in self._tiles(image):
            features = self.extractor(tile.cut(image))
            self._add_grams(tile, features, sums)
            for layer in squares:
                squares[layer] += _sum_of_squares(self._difference(layer, tile, features[layer]))
            del features  # before the next ones are computed
        terms = {
            f"content.{layer}": image.new_tensor(self._factors()[layer] * total)
            for layer, total in squares.items()
            if self._factors()[layer]
        }
        return self._normalized(sums, image), terms

    def _second_pass(self, image: Tensor, slopes: dict[str, Tensor]) -> Tensor:
        """Return the gradient of all content and style terms, (1, 3, H, W).

        Args:
            image: without gradient.
            slopes: of the loss, at the normalised Gram matrices.
        """
        whole = torch.zeros_like(image)
        slopes = self._normalized(slopes, image)
        factors = self._factors()
        for tile in self._tiles(image):
            tile.cut(whole).add_(self._gradient(tile, image, slopes, factors))
        return whole

    @torch.enable_grad()
    def _gradient(
        self, tile: Tile, image: Tensor, slopes: dict[str, Tensor], factors: dict[str, float]
    ) -> Tensor:
        """Return the gradient of what a tile's own features add to the loss, at all its pixels."""
        cut = tile.cut(image).clone().requires_grad_()
        features = self.extractor(cut)
        total = cut.new_zeros(())
        for layer, slope in slopes.items():
            total = total + (gram_sum(tile.own(features[layer], _stride(layer))) * slope).sum()
        for layer in self._content:
            distance = self._difference(layer, tile, features[layer]).square().sum()
            total = total + factors[layer] * distance
        return torch.autograd.grad(total, cut)[0]

    def _factors(self) -> dict[str, float]:
        """Return what the squared distance of each content layer is multiplied by."""
        weights = self.weights
        shares = self.loss.shares(weights.content)
        return {
            layer: weights.content_weight * shares.get(layer, 0.0) * unit
            for layer, unit in self._units.items()
        }

    def _difference(self, layer: str, tile: Tile, features: Tensor) -> Tensor:
        """Return the tile's own features minus those of the content."""
        stride = _stride(layer)
        target = tile.place(self._content[layer], stride)
        return wide(tile.own(features, stride)) - wide(target)

    def _whole_features(self, content: Tensor) -> dict[str, Tensor]:
        """Return the content layers of a picture, in the extractor's type."""
        whole: dict[str, Tensor] = {}
        if not self.weights.content:
            return whole
        height, width = size_of(content)
        for tile in self._tiles(content):
            for layer, found in self.extractor(tile.cut(content), self.weights.content).items():
                stride = _stride(layer)
                if layer not in whole:
                    size = 1, found.shape[1], height // stride, width // stride
                    whole[layer] = found.new_empty(size)
                tile.place(whole[layer], stride).copy_(tile.own(found, stride))
        return whole

    def _grams(self, image: Tensor) -> dict[str, Tensor]:
        """Return the Gram matrices of a whole picture, (1, C, C) by layer."""
        sums: dict[str, Tensor] = {}
        if self.weights.style:
            for tile in self._tiles(image):
                self._add_grams(tile, self.extractor(tile.cut(image), self.weights.style), sums)
        return self._normalized(sums, image)

    def _add_grams(self, tile: Tile, features: dict[str, Tensor], sums: dict[str, Tensor]) -> None:
        for layer in self.weights.style:
            found = gram_sum(tile.own(features[layer], _stride(layer)))
            sums[layer] = sums[layer] + found if layer in sums else found

    def _normalized(self, sums: dict[str, Tensor], image: Tensor) -> dict[str, Tensor]:
        """Return what is summed over channels and places, divided by C*H*W of the layer."""
        height, width = size_of(image)
        return {
            layer: total / (total.shape[1] * (height // _stride(layer)) * (width // _stride(layer)))
            for layer, total in sums.items()
        }


class _KnownGradient(torch.autograd.Function):
    """Nothing, whose gradient is known already."""

    @staticmethod
    def forward(context: Any, image: Tensor, gradient: Tensor) -> Tensor:
        context.save_for_backward(gradient)
        return image.new_zeros(())

    @staticmethod
    def backward(context: Any, *slopes: Tensor) -> tuple[Tensor, None]:
        (gradient,) = context.saved_tensors
        return gradient * slopes[0], None


def _make_room(image: Tensor) -> None:
    """Give back what earlier work left in pieces, if the picture is large enough to matter."""
    if image.numel() >= LARGE:
        give_back_memory()


def _stride(layer: str) -> int:
    """Return how many pixels lie between the features of a layer."""
    return int(2 ** (int(layer[4]) - 1))


def _sum_of_squares(values: Tensor) -> float:
    return sum(float(row.double().square().sum()) for row in values[0])
