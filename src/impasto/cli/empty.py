"""Empty words, as an unset variable of a script leaves them, are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impasto.core.errors import ConfigError

if TYPE_CHECKING:
    from cyclopts import App, ArgumentCollection

MAY_BE_EMPTY = ("--credit", "--licence")


def refuse_empty(_app: App, _commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Refuse a word that is empty: as the name of a folder it would be the current one.

    Raises:
        ConfigError: with the option.
    """
    from cyclopts import UNSET

    for argument in arguments:
        words = [token.value for token in argument.tokens if token.implicit_value is UNSET]
        if argument.name not in MAY_BE_EMPTY and any(not word or "\0" in word for word in words):
            raise ConfigError(f"{argument.name} is empty; give it a value, or leave it out")
