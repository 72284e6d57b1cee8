"""The loss of a whole picture and its exact gradient, one tile at a time."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product

import torch
from torch import Tensor

from impasto.core.memory import give_back_memory
from impasto.core.tensors import size_of, wide
from impasto.losses.nearest import NEAREST_LAYER, known_gradient, limits, some_places
from impasto.losses.perceptual import LossWeights, PerceptualLoss, RegionMasks, masks_at
from impasto.losses.style import places
from impasto.perception.extractor import LAYOUT, Extractor, stride_of

STAGES = (range(1, 3), range(3, 4), range(4, 5), range(5, 6))
"""Blocks of VGG that are run together. What lies between two stages is kept for the whole picture,
so that a tile sees only as far beyond its own part as the convolutions of its stage do."""

LARGE = 3 * 512**2
"""Numbers in a picture whose tiles are worth a tidy memory."""


@dataclass(frozen=True)
class Tile:
    """A rectangle of a stage's input, and the part of it that is this tile's own."""

    top: int
    bottom: int
    left: int
    right: int
    inner_top: int
    inner_bottom: int
    inner_left: int
    inner_right: int

    def cut(self, image: Tensor) -> Tensor:
        """Return the tile with its overlap, (B, C, bottom - top, right - left)."""
        return image[..., self.top : self.bottom, self.left : self.right]

    def own(self, features: Tensor, stride: int) -> Tensor:
        """Return those of the tile's features that no other tile has.

        Args:
            features: (B, C, h, w), of `cut`.
            stride: places of the tile per feature.
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


def tiles(height: int, width: int, side: int, overlap: int, alignment: int) -> Iterator[Tile]:
    """Yield tiles that cover a map; their own parts do not overlap.

    All tiles of a map have the same size, so that what one leaves in memory fits the next.

    Args:
        height: of the map.
        width: of the map.
        side: of a tile's own part at most, a multiple of `alignment`; at the edges of the map it
            may be larger by the overlap.
        overlap: places that a tile sees around its own part, a multiple of `alignment`.
        alignment: tiles begin at its multiples, so that every pool sees the same squares as in
            the whole map.
    """
    rows, columns = (_cuts(length, side, overlap, alignment) for length in (height, width))
    for (top, bottom, *down), (left, right, *across) in product(rows, columns):
        yield Tile(top, bottom, left, right, *down, *across)


def _cuts(length: int, side: int, overlap: int, alignment: int) -> list[tuple[int, int, int, int]]:
    """Return where the tiles along a side begin and end, and their own parts."""
    between = length - 2 * overlap
    count = max(1, -(-between // side))
    if count == 1:
        return [(0, length, 0, length)]
    step = -(-between // (count * alignment)) * alignment
    tile = step + 2 * overlap + length % alignment
    starts = [min(index * step, length - tile) for index in range(count)]
    own = [0, *(start + overlap for start in starts[1:]), length]
    return [(start, start + tile, *part) for start, part in zip(starts, pairwise(own), strict=True)]


@dataclass(frozen=True)
class TileFeatures:
    """What a stage makes of one tile."""

    cut: Tensor
    """The tile of its input."""

    features: dict[str, Tensor]
    output: Tensor
    """The input of the next stage."""


@dataclass(frozen=True)
class Stage:
    """Consecutive blocks of VGG, seen in tiles of what the stage before left."""

    blocks: range
    ends: bool
    """Whether it is the last one; the others go on through the pool after their last block."""

    reach: int
    """How far beyond a place its features see, in places of its input."""

    @property
    def stride(self) -> int:
        """Pixels per place of its input."""
        return stride_of(self.blocks[0])

    @property
    def alignment(self) -> int:
        """Places of its input per place of what it leaves."""
        return int(2 ** (len(self.blocks) - self.ends))

    @property
    def overlap(self) -> int:
        """Places of its input that a tile sees around its own part: its reach, in whole pools."""
        return -(-self.reach // self.alignment) * self.alignment

    def tiles(self, height: int, width: int, side: int) -> Iterator[Tile]:
        """Yield the tiles of its input.

        Args:
            height: of the input.
            width: of the input.
            side: pixels of a tile of the first stage. The features of a block are half as many a
                pixel as those of the block before, so tiles may be larger by the root of that.
        """
        places = side / math.sqrt(self.stride)
        places = max(1, round(places / self.alignment)) * self.alignment
        return tiles(height, width, places, self.overlap, self.alignment)

    def encode(
        self, extractor: Extractor, tile: Tile, given: Tensor, layers: Collection[str]
    ) -> TileFeatures:
        """Return the features of a tile of its input.

        Args:
            extractor: whose blocks it runs.
            tile: of its input.
            given: its input, (1, C, h, w).
            layers: to return, if they are in its blocks.
        """
        cut = tile.cut(given).clone(memory_format=LAYOUT)
        cut.requires_grad_(torch.is_grad_enabled())
        return TileFeatures(cut, *extractor.run(cut, self.blocks, layers, pool=not self.ends))


def stages(extractor: Extractor, layers: Iterable[str]) -> list[Stage]:
    """Return the stages that some layers need."""
    needed = extractor.blocks(layers)
    found = []
    for together in STAGES:
        blocks = range(together[0], min(together[-1], needed[-1]) + 1)
        if blocks:
            ends = blocks[-1] == needed[-1]
            names = [name for name in extractor.convolutions if int(name[4]) in blocks]
            reach = sum(_stride(name) for name in names) // stride_of(blocks[0])
            found.append(Stage(blocks, ends, reach))
    return found


@dataclass(frozen=True)
class _Kept:
    """What the first pass leaves to the second."""

    inputs: list[Tensor] = field(default_factory=list)
    """What every stage sees."""

    features: dict[tuple[Stage, Tile], TileFeatures] = field(default_factory=dict)
    """Of the tiles that are not run again."""


class TiledLoss:
    """`PerceptualLoss` of one picture in bounded memory, with the same terms and gradient.

    The network is cut into stages, and each stage sees its input tile by tile. The first pass adds
    up the statistics (Gram matrices) of the whole picture and the distances of the content; from
    these follow the loss and its gradient at every layer. The second pass runs every stage again,
    the last one first, and takes that gradient back to the pixels. A tile's own features see
    nothing that is cut off, so the sum over the tiles is exact.

    Args:
        extractor: as for `PerceptualLoss`.
        formula: as for `PerceptualLoss`.
        weights: as for `PerceptualLoss`.
        content: (1, 3, H, W) in [0, 1], at the size of the pictures that are measured.
        styles: (1, 3, h, w) in [0, 1], any sizes.
        style_shares: one per style; only their ratio matters.
        side: of a tile in pixels, without its overlap.
        regions: as for `PerceptualLoss`.
        emphasis: as for `PerceptualLoss`.
        style_parts: as for `PerceptualLoss`.
        keep: whether the stages after the first keep their features from the first pass for the
            second: faster, for more memory.

    Source:
        The closed-form gradient at a layer: gatys2016, eq. 2 and 6. Two passes over tiles:
        galerne2024, sec. 3. Differs: kept maps between stages (chen2016), where tiles of the
        picture would overlap by what the deepest layer sees.
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
        *,
        keep: bool = False,
        regions: Tensor | None = None,
        emphasis: Tensor | None = None,
        style_parts: Sequence[Tensor | None] = (),
    ) -> None:
        self.side, self.keep = side, keep
        self.loss = PerceptualLoss(extractor, formula, weights, None, [], None, regions, emphasis)
        self.extractor, self.weights = extractor, weights
        _make_room(content)
        with torch.no_grad():
            self._content = self._whole_features(content)
            self._units = {
                layer: self.loss.formula.content_unit(_sum_of_squares(target), target.numel())
                for layer, target in self._content.items()
            }
            parts = style_parts or [None] * len(styles)
            shares = style_shares if regions is None else None
            chosen = zip(styles, parts, limits(shares, len(styles)), strict=True)
            seen = [self._see_style(*each) for each in chosen]
        by_layer = {layer: [grams[layer] for grams, _ in seen] for layer in weights.style}
        self.loss.set_styles(by_layer, shares)
        if weights.nearest_weight and seen:
            self.loss.set_places([found for _, found in seen])

    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        """Return the weighted terms by dotted name, as `PerceptualLoss` does.

        Args:
            image: (1, 3, H, W), nominally in [0, 1], at the content's size. If it requires a
                gradient, so does the sum of the terms.
        """
        _make_room(image)
        self._size = size_of(image)
        wants_gradient = torch.is_grad_enabled() and image.requires_grad
        kept = _Kept() if wants_gradient else None
        grams, found = self._first_pass(image.detach(), kept)
        leaves = {
            layer: grams[layer].requires_grad_(wants_gradient)
            for layer in self.loss.shares(self.weights.style)
        }
        style = self.loss.style_terms(leaves)
        terms = {**found, **{name: term.detach() for name, term in style.items()}}
        if kept is not None:
            gram_grads: tuple[Tensor, ...] = ()
            if style:
                gram_grads = torch.autograd.grad(
                    torch.stack(list(style.values())).sum(), list(leaves.values())
                )
            gradient = self._second_pass(kept, dict(zip(leaves, gram_grads, strict=True)))
            first = next(iter(terms))
            terms[first] = terms[first] + known_gradient(image, gradient)
        return {**terms, **self.loss.pixel_terms(image)}

    def _walk(
        self, image: Tensor, layers: Sequence[str], kept: _Kept | None = None
    ) -> Iterator[tuple[str, Tile, Tensor, int]]:
        """Yield the features of some layers, tile by tile.

        Args:
            image: without gradient.
            layers: of the extractor.
            kept: filled with what the second pass will need, if there is one.

        Yields:
            A layer, a tile, the features that are the tile's own, and how many places of the tile
            lie between them.
        """
        given = image
        for stage in stages(self.extractor, layers):
            if kept is not None:
                kept.inputs.append(given)
            keeps = kept is not None and self.keep and stage.blocks[0] > 1
            output: Tensor | None = None
            for tile in stage.tiles(*size_of(given), self.side):
                with torch.set_grad_enabled(keeps):
                    found = stage.encode(self.extractor, tile, given, layers)
                if kept is not None and keeps:
                    kept.features[stage, tile] = found
                for layer, features in found.features.items():
                    stride = _stride(layer) // stage.stride
                    yield layer, tile, tile.own(features.detach(), stride), stride
                    del features
                if not stage.ends:
                    if output is None:
                        output = _whole(found.output, given, stage.alignment)
                    own = tile.own(found.output.detach(), stage.alignment)
                    tile.place(output, stage.alignment).copy_(own)
                    del own
                del found  # before the next one is computed
            if output is not None:
                given = output

    @torch.no_grad()
    def _first_pass(
        self, image: Tensor, kept: _Kept | None
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return the Gram matrices of the whole picture, and the other weighted terms.

        Args:
            image: without gradient.
            kept: as in `_walk`.
        """
        sums: dict[str, Tensor] = {}
        squares = dict.fromkeys(self._content, 0.0)
        distance = 0.0
        for layer, tile, own, stride in self._walk(image, self.weights.layers, kept):
            if layer in self.weights.style:
                found = self._collect(layer, tile, own, stride, self._size, self.loss.regions)
                _add(sums, layer, found)
            if layer in squares:
                difference = self._difference(layer, tile, own, stride)
                times = self._times(layer, tile, stride)
                squares[layer] += _sum_of_squares(difference * times.sqrt())
            if layer == NEAREST_LAYER and self.loss.nearest is not None:
                part = _part_of_masks(self.loss.regions, layer, self._size, tile, stride)
                distance += float(self.loss.nearest.measure(own, part)[0])
        terms = {
            f"content.{layer}": image.new_tensor(self._factors()[layer] * total)
            for layer, total in squares.items()
            if self._factors()[layer]
        }
        if self.loss.nearest is not None:
            factor = self.loss.nearest_factor(_size_at(NEAREST_LAYER, self._size))
            terms["style.nearest"] = image.new_tensor(factor * distance)
        return self._by_area(sums, image, self.loss.regions), terms

    def _collect(
        self,
        layer: str,
        tile: Tile,
        own: Tensor,
        stride: int,
        size: tuple[int, int],
        regions: RegionMasks | None,
    ) -> Tensor:
        """Return the sums of a tile's own features, or those of every region."""
        part = _part_of_masks(regions, layer, size, tile, stride)
        return self.loss.formula.statistic.sums(own, None if part is None else part.to(own.device))

    def _by_area(
        self, sums: dict[str, Tensor], image: Tensor, regions: RegionMasks | None
    ) -> dict[str, Tensor]:
        """Return sums divided by channels and places, of the picture or of every region."""
        found = {}
        for layer, total in sums.items():
            masks = _masks(regions, layer, size_of(image))
            count = places(_size_at(layer, size_of(image)), masks).to(total)
            channels = self.extractor.channels(layer)
            found[layer] = self.loss.formula.statistic.divided(total, channels, count)
        return found

    def _second_pass(self, kept: _Kept, gram_grads: dict[str, Tensor]) -> Tensor:
        """Return the gradient of all content and style terms, (1, 3, H, W).

        Args:
            kept: by the first pass; emptied on the way.
            gram_grads: gradient of the loss at the normalized Gram matrices, by layer.
        """
        gram_grads = self._by_area(gram_grads, kept.inputs[0], self.loss.regions)
        after: Tensor | None = None  # the gradient at what the stage leaves
        for stage in reversed(stages(self.extractor, self.weights.layers)):
            given = kept.inputs.pop()
            gradient = torch.zeros_like(given)
            for tile in stage.tiles(*size_of(given), self.side):
                found = kept.features.pop((stage, tile), None)
                if found is None:
                    found = stage.encode(self.extractor, tile, given, self.weights.layers)
                tile.cut(gradient).add_(self._gradient(stage, tile, found, gram_grads, after))
                del found  # before the next one is computed
            after = gradient
        assert after is not None
        return after

    def _gradient(
        self,
        stage: Stage,
        tile: Tile,
        found: TileFeatures,
        gram_grads: dict[str, Tensor],
        after: Tensor | None,
    ) -> Tensor:
        """Return the gradient of what a tile's own features add to the loss, at all its input."""
        outputs, gradients = [*found.features.values()], []
        for layer, features in found.features.items():
            stride = _stride(layer) // stage.stride
            own = tile.own(features.detach(), stride)
            gradient = torch.zeros_like(features)
            if layer in gram_grads:
                found_gradient = self._spread(layer, tile, own, stride, gram_grads[layer])
                tile.own(gradient, stride).copy_(found_gradient)
            if layer in self._content:
                difference = self._difference(layer, tile, own, stride)
                difference = difference * self._times(layer, tile, stride)
                tile.own(gradient, stride).add_(difference, alpha=2 * self._factors()[layer])
            if layer == NEAREST_LAYER and self.loss.nearest is not None:
                tile.own(gradient, stride).add_(self._gradient_of_places(tile, own, stride))
            gradients.append(gradient)
        if after is not None:
            gradient = torch.zeros_like(found.output)
            tile.own(gradient, stage.alignment).copy_(tile.place(after, stage.alignment))
            outputs.append(found.output)
            gradients.append(gradient)
        return torch.autograd.grad(outputs, found.cut, gradients)[0]

    def _gradient_of_places(self, tile: Tile, own: Tensor, stride: int) -> Tensor:
        """Return the gradient of the distance to the nearest places at a tile's own features."""
        assert self.loss.nearest is not None
        part = _part_of_masks(self.loss.regions, NEAREST_LAYER, self._size, tile, stride)
        _, gradient = self.loss.nearest.measure(own, part)
        return gradient * self.loss.nearest_factor(_size_at(NEAREST_LAYER, self._size))

    def _spread(self, layer: str, tile: Tile, own: Tensor, stride: int, gradient: Tensor) -> Tensor:
        """Return the gradient at a tile's own features, from that at the sums."""
        part = _part_of_masks(self.loss.regions, layer, self._size, tile, stride)
        part = None if part is None else part.to(own.device)
        return self.loss.formula.statistic.gradient(own, gradient, part)

    def _times(self, layer: str, tile: Tile, stride: int) -> Tensor:
        """Return how many times the content counts in a tile's own part."""
        if self.loss.emphasis is None:
            return torch.ones(())
        return tile.place(self.loss.emphasis.at(*_size_at(layer, self._size)), stride)

    def _factors(self) -> dict[str, float]:
        """Return what the squared distance of each content layer is multiplied by."""
        weights = self.weights
        shares = self.loss.shares(weights.content)
        return {
            layer: weights.content_weight * shares.get(layer, 0.0) * unit
            for layer, unit in self._units.items()
        }

    def _difference(self, layer: str, tile: Tile, own: Tensor, stride: int) -> Tensor:
        """Return a tile's own features minus those of the content."""
        return wide(own) - wide(tile.place(self._content[layer], stride))

    def _whole_features(self, content: Tensor) -> dict[str, Tensor]:
        """Return the content layers of a picture, in the extractor's type."""
        whole: dict[str, Tensor] = {}
        if self.weights.content:
            for layer, tile, own, stride in self._walk(content, tuple(self.weights.content)):
                if layer not in whole:
                    whole[layer] = _whole(own, content, _stride(layer))
                tile.place(whole[layer], stride).copy_(own)
        return whole

    def _see_style(
        self, image: Tensor, part: Tensor | None, limit: int
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Return the Gram matrices of a painting or of a part, (1, C, C) by layer, and its places.

        Args:
            image: the painting.
            part: which part of it is taken; None: all of it.
            limit: about how many places to return, (N, C).
        """
        sums: dict[str, Tensor] = {}
        found: list[Tensor] = []
        regions, size = None if part is None else RegionMasks(part), size_of(image)
        if self.weights.style:
            for layer, tile, own, stride in self._walk(image, self.weights.style_layers):
                if layer in self.weights.style:
                    _add(sums, layer, self._collect(layer, tile, own, stride, size, regions))
                if layer == NEAREST_LAYER and self.weights.nearest_weight:
                    mask = _part_of_masks(regions, layer, size, tile, stride)
                    corner = tile.inner_top // stride, tile.inner_left // stride
                    whole = _size_at(layer, size)
                    found.append(some_places(own, whole, limit, corner, mask))
        return self._by_area(sums, image, regions), torch.cat(found) if found else torch.empty(0, 0)


def _make_room(image: Tensor) -> None:
    """Give back what earlier work left in pieces, if the picture is large enough to matter."""
    if image.numel() >= LARGE:
        give_back_memory()


def _stride(layer: str) -> int:
    """Return how many pixels lie between the features of a layer."""
    return stride_of(int(layer[4]))


def _size_at(layer: str, size: tuple[int, int]) -> tuple[int, int]:
    """Return height and width of a layer, for a picture of this size."""
    height, width = size
    return height // _stride(layer), width // _stride(layer)


def _masks(regions: RegionMasks | None, layer: str, size: tuple[int, int]) -> Tensor | None:
    """Return the masks of regions at a layer, for a picture of this size."""
    return masks_at(regions, _size_at(layer, size))


def _part_of_masks(
    regions: RegionMasks | None, layer: str, size: tuple[int, int], tile: Tile, stride: int
) -> Tensor | None:
    """Return a tile's own part of the masks, for a picture of this size."""
    masks = _masks(regions, layer, size)
    return None if masks is None else tile.place(masks, stride)


def _whole(features: Tensor, given: Tensor, stride: int) -> Tensor:
    """Return room for a whole picture's features of which some are known."""
    height, width = size_of(given)
    size = 1, features.shape[1], height // stride, width // stride
    return torch.empty(
        size,
        dtype=features.dtype,
        device=features.device,
        memory_format=LAYOUT,
    )


def _add(sums: dict[str, Tensor], layer: str, found: Tensor) -> None:
    sums[layer] = sums[layer] + found if layer in sums else found


def _sum_of_squares(values: Tensor) -> float:
    return sum(float(row.double().square().sum()) for row in values[0])
