"""The networks and the trained styles that have a name."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from impasto import assets
from impasto.core.errors import ConfigError, ModelFileError
from impasto.io.folder import PICTURE_SUFFIXES
from impasto.io.paths import MISSING, exists, is_file, is_folder, trouble
from impasto.networks.blends import blend_models
from impasto.networks.model_file import read_info
from impasto.networks.shape import NetworkOptions

NETWORKS = {
    "johnson": NetworkOptions(),
    "small": NetworkOptions(
        stem="unshuffle",
        channels=(8, 24, 64),
        kernel=5,
        upsample="nearest",
        residual_activation=False,
    ),
    "multi": NetworkOptions(
        stem="unshuffle",
        channels=(12, 32, 80),
        kernel=5,
        upsample="nearest",
        residual_activation=False,
    ),
}
"""`johnson`: johnson2016 to the letter. `small`: under a quarter of its multiplications, for CPUs
(docs/benchmarks.md). `multi`: a little wider, for many styles. Any of them can learn several.
`any`: multi, with a predictor of its styles."""

NETWORKS["any"] = NETWORKS["multi"]

ANY_STYLE = "any-style"
"""Name of the bundled network for any painting."""

SUFFIX = ".safetensors"

ZOO = Path(__file__).parent / "zoo"
"""Folder of the bundled models."""

BASE = ZOO / "base" / f"base{SUFFIX}"
"""What new styles are learned from: the mean of the bundled networks of one style each, each
learned from the network of many. Averaging what was learned is a step of Reptile (nichol2018), and
takes no time. It paints in no style of its own, and has no name."""


LEAN = ZOO / "lean"
"""Folder of lighter networks, for browsers, of the styles whose own has the paper's shape."""


def find_network(name: str) -> NetworkOptions:
    """Return the shape of a named network.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in NETWORKS:
        raise ConfigError(f"network {name!r} is not one of {', '.join(NETWORKS)}")
    return NETWORKS[name]


def name_of(options: NetworkOptions) -> str:
    """Return the name of a network's shape, whatever its styles; `custom` if it has none."""
    shape = replace(options, styles=1)
    return next((name for name, known in NETWORKS.items() if known == shape), "custom")


@dataclass(frozen=True)
class StyleChoice:
    """What a word such as `wave:0.6,starry-night:0.4` means."""

    path: Path
    """The one model file that holds all of them."""

    weights: tuple[float, ...]
    """How much of each of its styles, adding up to 1."""

    names: tuple[str, ...]
    """Of the styles with a weight, in the order in which they were named."""

    shares: tuple[float, ...]
    """How much of each of these, adding up to 1."""

    bundled: bool
    """Whether the model is known by name: it ships with impasto, or `impasto learn` made it."""

    paintings: tuple[Path, ...] = ()
    """Pictures that the model is to paint like, one per weight, if it is one for any painting."""

    @property
    def label(self) -> str:
        """A name for files: `wave+starry-night`."""
        return "+".join(self.names)


@cache
def _styles_in(folder: Path) -> dict[Path, tuple[str, ...]]:
    """Return the styles of every model in a folder; models of one style come first."""
    found = {
        path: tuple(style.name for style in read_info(path).styles)
        for path in sorted(folder.glob(f"*{SUFFIX}"))
    }
    return dict(sorted(found.items(), key=lambda item: len(item[1])))


RANDOM = "random"
"""As a style: one of the bundled ones for every photo; `random:A,B`: one of these."""


def is_random(style: str) -> bool:
    """Return whether every photo gets one of several styles: of a folder, or of named ones."""
    if is_folder(style):
        return True
    return not exists(style) and (style == RANDOM or style.startswith(f"{RANDOM}:"))


def own_styles() -> dict[str, Path]:
    """Return the names of the styles that `impasto learn` has made here and their model files."""
    folder = assets.own_folder()
    found = sorted(folder.glob(f"*{SUFFIX}")) if is_folder(folder) else []
    return {path.stem: path for path in found}


def remove_own(name: str) -> None:
    """Remove a style that `impasto learn` has made.

    Raises:
        ModelFileError: there is none of that name.
    """
    path = own_styles().get(name)
    if path is None:
        mine = ", ".join(own_styles()) or "none yet"
        raise ModelFileError(f"{name!r} is no style that you have learned; those are: {mine}")
    path.unlink()
    path.with_suffix(".jpg").unlink(missing_ok=True)


def bundled_styles() -> frozenset[str]:
    """Return the names of all styles that ship with impasto."""
    return frozenset(name for names in _styles_in(ZOO).values() for name in names)


def _named() -> dict[Path, tuple[str, ...]]:
    """Return the styles of all models that are known by name, bundled or one's own."""
    return {**{path: (name,) for name, path in own_styles().items()}, **_styles_in(ZOO)}


def styles() -> dict[str, Path]:
    """Return the names of all styles and their model files, in alphabetical order.

    Bundled ones, and those that `impasto learn` has made here.

    A style that has a model of its own and is also one of many in another is named once, with its
    own.
    """
    found: dict[str, Path] = {}
    for path, names in _named().items():
        for name in names:
            found.setdefault(name, path)
    return dict(sorted(found.items()))


def models_of(style: str) -> dict[Path, int]:
    """Return the bundled models that have learned a style, and how many styles each has."""
    return {path: len(names) for path, names in _styles_in(ZOO).items() if style in names}


def check_pair(styles: Sequence[object]) -> None:
    """Refuse a map of where one style goes and where another, of more or fewer than two.

    Raises:
        ConfigError: not two styles.
    """
    if len(styles) != 2:
        raise ConfigError(
            f"--style-map needs two styles, such as --style poppies,harvest; got {len(styles)}"
        )


def _bundled_with(names: Sequence[str]) -> Path | None:
    """Return the smallest named model that has learned all of these styles, None if none has."""
    found = (path for path, known in _named().items() if set(names) <= set(known))
    return next(found, None)


def style_of_painting(sha256: str | None) -> str | None:
    """Return the bundled style that was trained on the painting with this SHA-256, if any."""
    for name, path in styles().items():
        learned = read_info(path).recipe.get("styles", {}).get(name, {})
        if sha256 is not None and learned.get("sha256") == sha256:
            return name
    return None


def find_style(text: str | Path, any_model: str | Path | None = None) -> StyleChoice:
    """Return what `text` chooses.

    Args:
        text: a bundled style (`starry-night`); a painting (`my.jpg`); a model file
            (`my.safetensors`, its first style); a style of a model file (`my.safetensors/wave`);
            or a blend of styles of one model or of paintings, each with its weight
            (`wave:0.6,starry-night:0.4`; without weights, equal parts). Names with commas or colons
            are taken for what they are if a file of that name is there, the longest first.
        any_model: file of the network for paintings, None for the bundled one.

    Raises:
        ModelFileError: no such style or file, or a file that cannot be read.
        ConfigError: weights that make no sense, or styles of several models.
    """
    parts = _split(str(text))
    try:
        return _choose(str(text), parts, any_model)
    except ModelFileError as error:
        if "," not in str(text):
            raise
        raise ModelFileError(
            f"{error}; a comma in --style stands between styles, unless a file of the whole name "
            "is there"
        ) from error


def _choose(
    text: str, parts: Sequence[tuple[str, float]], any_model: str | Path | None
) -> StyleChoice:
    total = sum(weight for _, weight in parts)
    if not total > 0:
        raise ConfigError(f"--style {text}: at least one weight must be above 0")
    words = [word for word, _ in parts]
    paintings = _find_paintings(words, forced=any_model is not None)
    if paintings:
        shares = tuple(weight / total for _, weight in parts)
        return StyleChoice(
            find_any_model(any_model),
            shares,
            tuple(Path(word).stem for word in words),
            shares,
            any_model is None,
            tuple(paintings),
        )
    by_name: dict[str, float] = {}
    for word, weight in parts:
        by_name[word] = by_name.get(word, 0.0) + weight / total
    by_name = {word: share for word, share in by_name.items() if share > 0}
    if len(by_name) > 1:
        alone = {name: path for name in by_name if (path := _alone(name)) is not None}
        if len(alone) == len(by_name):
            path = blend_models({name: (alone[name], share) for name, share in by_name.items()})
            return StyleChoice(path, (1.0,), tuple(by_name), tuple(by_name.values()), bundled=True)
    path, bundled = _find_model(list(by_name), text)
    known = _named()[path] if bundled else tuple(s.name for s in read_info(path).styles)
    if not known:  # it paints like any painting; loading it says what is missing
        return StyleChoice(path, (), (path.stem,), (1.0,), bundled)
    shares_of: dict[str, float] = {}
    for word, share in by_name.items():
        name = _name_in(word, path, known) if not bundled else word
        shares_of[name] = shares_of.get(name, 0.0) + share
    weights = tuple(shares_of.get(name, 0.0) for name in known)
    return StyleChoice(path, weights, tuple(shares_of), tuple(shares_of.values()), bundled)


def _alone(name: str) -> Path | None:
    """Return the file of a style that has a name and a network of its own, None if it has none.

    Bundled networks of the paper's shape have lighter ones beside them, of the shape of all others.
    """
    lean = LEAN / f"{name}{SUFFIX}"
    if is_file(lean):
        return lean
    path = styles().get(name)
    return path if path is not None and len(_named()[path]) == 1 else None


def _split(text: str) -> list[tuple[str, float]]:
    """Return the styles and weights of a blend; commas in names of files do not part it."""
    words = text.split(",")
    parts: list[tuple[str, float]] = []
    while words:
        joined = [",".join(words[:count]).strip() for count in range(len(words), 0, -1)]
        files = (part for part in joined if _is_there(part) or _is_there(_weigh(part)[0]))
        part = next(files, joined[-1])
        parts.append((part, 1.0) if _is_there(part) else _weigh(part))
        if not (math.isfinite(parts[-1][1]) and parts[-1][1] >= 0):
            raise ConfigError(f"--style {part}: a weight must be a number of at least 0")
        words = words[len(joined) - joined.index(part) :]
    return parts


def _is_there(word: str) -> bool:
    """Return whether a word is a file, or a style in one."""
    path = Path(word)
    in_model = path.parent.suffix == SUFFIX and not {",", ":"} & set(path.name)
    return is_file(path) or (in_model and is_file(path.parent))


def _weigh(part: str) -> tuple[str, float]:
    """Return the style and the weight in `wave:0.6`."""
    word, colon, number = part.rpartition(":")
    if not colon or not word:
        return part, 1.0
    try:
        return word, float(number)
    except ValueError:
        return part, 1.0  # a colon in a path


def has_any_model() -> bool:
    """Return whether a network for any painting is bundled."""
    return (ZOO / f"{ANY_STYLE}{SUFFIX}").exists()


def find_any_model(any_model: str | Path | None = None) -> Path:
    """Return the file of the network for any painting, the bundled one if none is named.

    Raises:
        ModelFileError: none is bundled.
    """
    if any_model is not None:
        return Path(any_model)
    if not has_any_model():
        raise ModelFileError("no network for any painting is bundled here; name one: --any-model")
    return ZOO / f"{ANY_STYLE}{SUFFIX}"


def _find_paintings(words: list[str], *, forced: bool) -> list[Path]:
    """Return the files of paintings, none if the words do not name paintings.

    A bundled name is a painting only among paintings: alone, the network that has learned it is
    the better one.

    Raises:
        ModelFileError: paintings and what has no painting in one blend.
    """
    named = [word for word in words if not exists(word) and assets.find(word)]
    files = [word for word in words if is_file(word) and Path(word).suffix != SUFFIX]
    if not files and not (named and forced):
        return []
    for word in words:
        if word not in named and word not in files:
            if word not in styles() and Path(word).suffix.lower() in PICTURE_SUFFIXES:
                raise _no_file(word)
            raise ModelFileError(
                f"--style {','.join(words)}: {word} is no painting, and only paintings can be "
                "blended with paintings"
            )
    return [Path(word) if word in files else assets.find(word) or Path(word) for word in words]


def _find_model(words: list[str], text: str) -> tuple[Path, bool]:
    """Return the one model that holds all of the styles, and whether it is bundled."""
    known = styles()
    if all(word in known for word in words):
        path = _bundled_with(words)
        if path is not None:
            return path, True
        raise ConfigError(
            f"--style {text}: these styles are in different models and cannot be blended; "
            "impasto styles says which are together"
        )
    files = {_file_of(word, known) for word in words}
    if len(files) > 1:
        raise ConfigError(
            f"--style {text}: a blend needs styles of one model file, or styles that have a name "
            "(impasto styles)"
        )
    return files.pop(), False


def _file_of(word: str, known: dict[str, Path]) -> Path:
    path = Path(word)
    if path.parent.suffix == SUFFIX:
        return path.parent
    if word in known:
        return known[word]
    if path.suffix == SUFFIX:
        return path
    if path.suffix.lower() in PICTURE_SUFFIXES:
        raise _no_file(word)
    raise _unknown(word, known)


def _no_file(word: str) -> ModelFileError:
    problem = trouble(word)
    return ModelFileError(
        f"--style {word}: {'there is no such file' if problem == MISSING else problem}"
    )


def _unknown(word: str, known: dict[str, Path]) -> ModelFileError:
    close = difflib.get_close_matches(word, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"styles are {', '.join(known) or 'none yet'}"
    return ModelFileError(f"there is no style {word!r}; {hint} (or name a {SUFFIX} file)")


def _name_in(word: str, path: Path, known: tuple[str, ...]) -> str:
    """Return the style that `word` names in a model file."""
    if Path(word) == path:
        return known[0]
    name = Path(word).name
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(known)}"
        raise ModelFileError(f"model {path} has no style {name!r}; {hint}")
    return name
