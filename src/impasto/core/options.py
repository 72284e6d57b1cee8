"""What every dataclass of options shares: how lists are typed, and how numbers are checked."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Literal,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

from cyclopts import Group, Parameter

from impasto.core.errors import ConfigError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Options = TypeVar("Options", bound="DataclassInstance")


def _split(type_: Any, tokens: Sequence[Any]) -> tuple[Any, ...]:
    """Read `1,2.5,3` as a tuple of what `type_` holds."""
    kind = type_.__args__[0]
    words = (word.strip() for token in tokens for word in token.value.split(","))
    return tuple(_read(kind, word, tokens) for word in words)


def _read(kind: type[Any], word: str, tokens: Sequence[Any]) -> Any:
    try:
        return kind(word)
    except ValueError:
        what = f"{word!r} is no {'whole ' if kind is int else ''}number"
        # Cyclopts names the option only if it is there once.
        raise ValueError(what if len(tokens) == 1 else f"{tokens[0].keyword}: {what}") from None


def _join(value: tuple[str, ...]) -> str:
    return ",".join(value)


COMMAS = Parameter(converter=_split, n_tokens=1, negative=())
"""For a tuple that is typed as one word: `1,2,3`."""

LAYERS = Parameter(show_default=_join)
"""For a tuple of layer names."""


def _read_whole(_type: Any, tokens: Sequence[Any]) -> int:
    """Read `512`; without this, `64.5` would become 64."""
    text = tokens[0].value
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is no whole number") from None


WHOLE = Parameter(converter=_read_whole, n_tokens=1)
"""For a whole number."""

FLAG = Parameter(negative=())
"""For a switch that has no `--no-` form."""


LARGEST_SIDE = 100_000
"""Pixels of the longer side of any picture: ten times a print of a meter. What is too large for the
memory is refused by its size in bytes."""

MOST_SECONDS = 1e7
"""Four months."""

LARGEST_WEIGHT = 1e12
"""Of a term of a loss, which is computed in float32."""

LARGEST_SEED = 2**63 - 1


def check_range(options: Any, ranges: Mapping[str, tuple[float, float]]) -> None:
    """Refuse a number that is out of its range, or none.

    Args:
        options: a dataclass; fields that are None are skipped, tuples are checked number by number.
        ranges: least and most by name of the field; whole numbers only, if these are.

    Raises:
        ConfigError: with the option's name.
    """
    for name, (least, most) in ranges.items():
        values = getattr(options, name)
        whole = isinstance(least, int) and isinstance(most, int)
        kind = Integral if whole else Real
        for value in values if isinstance(values, tuple) else (values,):
            if value is None or (isinstance(value, kind) and least <= float(value) <= most):
                continue
            what = f"a whole number from {least} to {most}"
            if not whole:
                what = f"a number from {least:g} to {most:g}"
            raise ConfigError(f"--{name.replace('_', '-')} {value}: it must be {what}")


def check_layer_weights(layers: Sequence[str], weights: Sequence[float] | None) -> None:
    """Refuse weights of style layers that are not one per layer, or all 0.

    Raises:
        ConfigError: with the option's name.
    """
    if weights is not None and (len(weights) != len(layers) or (weights and not sum(weights) > 0)):
        raise ConfigError(
            f"--style-layer-weights: {len(layers)} layers need as many numbers, "
            f"at least one above 0; got {len(weights)}"
        )


def check_choices(options: Any) -> None:
    """Refuse a value that is none of those that its field names.

    Raises:
        ConfigError: with the option's name and the choices.
    """
    for name, choices in _choices_of(type(options)).items():
        value = getattr(options, name)
        if value not in choices:
            listed = ", ".join(map(str, choices))
            raise ConfigError(f"--{name.replace('_', '-')} {value!r} is not one of {listed}")


def _choices_of(kind: type[Any]) -> dict[str, tuple[Any, ...]]:
    """Return the values of all fields that allow only a few."""
    hints = get_type_hints(kind)
    return {name: get_args(hint) for name, hint in hints.items() if get_origin(hint) is Literal}


def asked_dtype(dtype: str) -> str:
    """Return a `--dtype`; for `auto` what the environment variable `IMPASTO_DTYPE` says, if set."""
    return (os.environ.get("IMPASTO_DTYPE") or dtype) if dtype == "auto" else dtype


def changed(options: Any) -> dict[str, Any]:
    """Return the fields of a dataclass that differ from their defaults, by name."""
    return {
        field.name: getattr(options, field.name)
        for field in fields(options)
        if getattr(options, field.name) != field.default
    }


MACHINE = Parameter(group=Group("Machine", sort_key=9))
"""For what decides how, and not what, is painted."""


@dataclass(frozen=True, kw_only=True)
class MachineOptions:
    """Options of what runs VGG."""

    device: Annotated[str, MACHINE] = "auto"
    """auto, cpu, cuda, cuda:1, mps."""

    weights: Annotated[str | None, MACHINE] = None
    """File with the VGG weights (.pth or .safetensors) instead of downloading them."""


@dataclass(frozen=True, kw_only=True)
class PrecisionOptions(MachineOptions):
    """Options of what runs VGG and other networks, and how exactly."""

    dtype: Annotated[Literal["auto", "float32", "bfloat16"], MACHINE] = "auto"
    """Precision of the features: auto is bfloat16 where the CPU supports it in hardware (about
    twice as fast), otherwise float32."""


class PaintingOptions:
    """A dataclass of options that the recipe of a picture keeps."""

    command: ClassVar[str]
    """That paints with them."""

    def asked(self) -> dict[str, Any]:
        """Return the options that differ from what an empty command line would use, by name."""
        return changed(self)


def restore(kind: type[Options], stored: Mapping[str, Any]) -> Options:
    """Return a dataclass of options from what JSON kept of it.

    Args:
        kind: the dataclass.
        stored: values by name; lists become tuples, and names that `kind` does not have are left
            out, so that what another version wrote can still be read.
    """
    known = {field.name for field in fields(kind)}
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in stored.items()
        if name in known
    }
    return kind(**values)
