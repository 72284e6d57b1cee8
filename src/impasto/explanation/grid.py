"""Layer subsets by alpha / beta: what the two weights and the choice of layers do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from impasto.core.errors import ConfigError
from impasto.explanation.options import STYLE_LAYERS, GridOptions
from impasto.optimization.options import OptimizeOptions
from impasto.perception.vgg import TOPOLOGIES

RATIOS = {"paper": (1e-5, 1e-4, 1e-3, 1e-2, 1e-1), "impasto": (1e-3, 1e-2, 1e-1, 1.0)}
"""Columns by loss: the first is clearly the painting, the last clearly the photo. 1e-5 .. 1e-2
are the paper's; its network had rescaled weights, with the original VGG-16 the rows of four and
five layers change over between 1e-2 and 1e-1."""

STEPS = (40,)
"""At full size, twice as many at every coarser scale."""


@dataclass(frozen=True)
class Cell:
    """One picture of the grid."""

    row: int
    column: int
    layers: tuple[str, ...]
    ratio: float
    options: OptimizeOptions

    @property
    def name(self) -> str:
        """What it is called, also as the start of a file name."""
        return f"{'+'.join(self.layers)}_{ratio_label(self.ratio)}"


def ratios_of(options: GridOptions) -> tuple[float, ...]:
    """Return the columns, with the preset filled in."""
    return RATIOS[options.loss] if options.ratios is None else options.ratios


def cells_of(options: GridOptions) -> list[Cell]:
    """Return all cells, row by row.

    Raises:
        ConfigError: a layer that the network does not have.

    Source:
        gatys2016, in the version arXiv:1508.06576, fig. 3. Differs: coarse to fine.
    """
    topology = TOPOLOGIES[options.backbone]
    for layer in (*options.content_layers, *sum(options.subsets(), ())):
        topology.split(layer)
    if not options.content_layers:
        raise ConfigError("--content-layers: give at least one, such as relu4_2")
    return [
        Cell(row, column, layers, ratio, _options(options, layers, ratio))
        for row, layers in enumerate(options.subsets())
        for column, ratio in enumerate(ratios_of(options))
    ]


def _options(options: GridOptions, layers: tuple[str, ...], ratio: float) -> OptimizeOptions:
    names = ("size", "coarsest", "init", "loss", "pooling", "backbone", "seed", "device", "dtype")
    return OptimizeOptions(
        **{name: getattr(options, name) for name in names},
        steps=options.steps or STEPS,
        content_layers=options.content_layers,
        style_layers=layers,
        content_weight=1.0,
        style_weight=1 / ratio,
        style_layer_weights=(1.0,) * len(layers),
        tv_weight=0.0,
        weights=options.weights,
    ).resolved()


def row_label(layers: Sequence[str]) -> str:
    r"""Return a row's label, in lines.

    >>> row_label(["relu1_1", "relu2_1", "relu3_1"])
    'relu1_1 ..\nrelu3_1'
    >>> row_label(["relu1_1", "relu3_1"])
    'relu1_1 +\nrelu3_1'
    """
    if len(layers) > 1 and tuple(layers) == STYLE_LAYERS[: len(layers)]:
        return f"{layers[0]} ..\n{layers[-1]}"
    return " +\n".join(layers)


def ratio_label(ratio: float) -> str:
    """Return alpha / beta, short.

    >>> ratio_label(1e-5), ratio_label(0.0025), ratio_label(0.5), ratio_label(20)
    ('1e-5', '2.5e-3', '0.5', '20')
    """
    if 0.1 < ratio < 1e4:
        return f"{ratio:g}"
    mantissa, exponent = f"{ratio:e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"
