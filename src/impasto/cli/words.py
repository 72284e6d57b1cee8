"""The words of the command line: `~`, empty words, defaults from files."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.core.errors import ConfigError, first_line
from impasto.io.paths import is_file

if TYPE_CHECKING:
    from cyclopts import App, ArgumentCollection


def read_words(words: Sequence[str]) -> list[str]:
    """Return the words with `~` in front of a name put in full, wherever it stands.

    A shell does so at the start of a word only: not in `--style=~/a.jpg` nor in `a.jpg,~/b.jpg`.
    """
    read = []
    for word in words:
        option, equals, value = word.partition("=")
        if not word.startswith("--"):
            option, equals, value = "", "", word
        read.append(f"{option}{equals}{_at_home(value)}")
    return read


def _at_home(value: str) -> str:
    if "~" not in value or os.path.lexists(value):
        return value
    return ",".join(map(os.path.expanduser, value.split(",")))


MAY_BE_EMPTY = ("--credit", "--license")


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


NAME = "impasto.toml"

log = logging.getLogger(__name__)


def fill_in(
    app: App, commands: tuple[str, ...], arguments: ArgumentCollection, *, known: Collection[str]
) -> None:
    """Give options that were not typed the values of the nearest file, then of the user's own.

    A run that is resumed goes on as it was begun, whatever the files say by now.

    Args:
        app: of the command.
        commands: its name.
        arguments: its options.
        known: names of all commands.

    Raises:
        ConfigError: a file that cannot be read, or that names no command.
        CycloptsError: an option that the command does not have.
    """
    from cyclopts.config import Dict

    sources.clear()
    if any(argument.tokens for argument in arguments if "--resume" in argument.names):
        return
    for path, tables in _found():
        unknown = sorted(set(tables) - set(known))
        if unknown:
            raise ConfigError(f"{path}: [{unknown[0]}] is no command; see impasto --help")
        before = {argument.name for argument in arguments if argument.tokens}
        Dict(tables, source=str(path))(app, commands, arguments)
        for argument in arguments:
            if argument.tokens and argument.name not in before:
                sources[argument.name] = path
                log.info("%s: %s of %s", path, argument.name, commands[-1])


sources: dict[str, Path] = {}
"""By option: the file that gave its value in this call."""


def source_of(message: str) -> str:
    """Return what to add to an error's line: which file said so; nothing if none did."""
    words = {word.strip(":,;").strip("[]-").replace("_", "-") for word in message.split()}
    paths = {str(path) for option, path in sources.items() if option.strip("-") in words}
    told = ", ".join(sorted(path for path in paths if path not in message))
    return f" (said in {told})" if told else ""


def _found() -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the files that count, nearest first, with their tables by command."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        own, project = folder / NAME, folder / "pyproject.toml"
        if is_file(own):
            yield own, _read(own)
            break
        if is_file(project) and (tables := _read(project).get("tool", {}).get("impasto")):
            yield project, tables
            break
    from platformdirs import user_config_path

    path = user_config_path("impasto", appauthor=False) / NAME
    if is_file(path):
        yield path, _read(path)


def _read(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        with path.open("rb") as stream:
            return tomllib.load(stream)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read ({first_line(error)})") from error
