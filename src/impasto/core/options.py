"""What every dataclass of options shares: how lists are typed, and how numbers are checked."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from cyclopts import Parameter

from impasto.core.errors import ConfigError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Options = TypeVar("Options", bound="DataclassInstance")


def _split(type_: Any, tokens: Sequence[Any]) -> tuple[Any, ...]:
    """Read `1,2.5,3` as a tuple of what `type_` holds."""
    kind = type_.__args__[0]
    return tuple(kind(word.strip()) for token in tokens for word in token.value.split(","))


def _join(value: tuple[str, ...]) -> str:
    return ",".join(value)


COMMAS = Parameter(converter=_split, n_tokens=1, negative=())
"""For a tuple that is typed as one word: `1,2,3`."""

LAYERS = Parameter(show_default=_join)
"""For a tuple of layer names."""

FLAG = Parameter(negative=())
"""For a switch that has no `--no-` form."""


def check_at_least(options: Any, minimum: Mapping[str, float]) -> None:
    """Refuse a number below its minimum, or one that is not finite.

    Args:
        options: a dataclass; fields that are None are skipped, tuples are checked number by number.
        minimum: by name of the field.

    Raises:
        ConfigError: with the option's name.
    """
    for name, at_least in minimum.items():
        values = getattr(options, name)
        for value in values if isinstance(values, tuple) else (values,):
            if value is not None and not (math.isfinite(value) and value >= at_least):
                raise ConfigError(
                    f"--{name.replace('_', '-')} {value}: it must be a finite number of at least "
                    f"{at_least}"
                )


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
