"""The `impasto` command: its subcommands."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cyclopts import App

from impasto._version import __version__
from impasto.cli.compare import compare
from impasto.cli.completion import add_completion
from impasto.cli.export import export
from impasto.cli.grid import grid
from impasto.cli.inspect import inspect
from impasto.cli.learn import learn
from impasto.cli.measure import measure
from impasto.cli.optimize import optimize
from impasto.cli.reconstruct import reconstruct
from impasto.cli.regions import regions
from impasto.cli.show import show
from impasto.cli.styles import styles
from impasto.cli.stylize import stylize
from impasto.cli.train import train
from impasto.cli.verbosity import speak
from impasto.cli.video import video
from impasto.cli.web import web
from impasto.cli.words import fill_in, refuse_empty

OPTIMIZE_EXAMPLES = (
    "impasto optimize photo.jpg painting.jpg",
    "impasto optimize castle great-wave --seconds 20 -o castle.jpg",
    "impasto optimize photo.jpg painting.jpg --size 1024 --style-weight 40",
    "impasto optimize photo.jpg painting.jpg --size 4096 --memory 4GB --run big",
    "impasto optimize --resume big",
    "impasto optimize photo.jpg wave.jpg starry.jpg --style-weights 2,1",
    "impasto optimize photo.jpg painting.jpg --preserve-color luminance",
    "impasto optimize photo.jpg painting.jpg --init noise",
    "impasto optimize photo.jpg painting.jpg --loss paper --init noise",
    "impasto optimize photo.jpg blue=a.jpg red=b.jpg lime=keep --regions map.png",
    "impasto optimize photo.jpg painting.jpg --init photo_painting.png --coarsest 0",
)

STYLIZE_EXAMPLES = (
    "impasto stylize photo.jpg --style starry-night",
    "impasto stylize photo.jpg --style great-wave --strength 0.6 -o wave.jpg",
    "impasto stylize photo.jpg --style my-painting.jpg",
    "impasto stylize photo.jpg --style my-painting.jpg --seconds 20",
    "impasto stylize photo.jpg --style wave.safetensors --preserve-color luminance",
    "impasto stylize my-photos --style starry-night -o painted --size 1024",
    "impasto stylize my-photos --style my-paintings -o augmented --seed 1",
    "impasto stylize s3://bucket/photos --style spring -o s3://bucket/painted --cluster",
    "impasto stylize photo.jpg --regions map.png --style white=great-wave,black=keep",
    "impasto stylize - --style starry-night -o - < photo.jpg > painted.png",
)

LEARN_EXAMPLES = (
    "impasto learn my-painting.jpg",
    "impasto learn my-painting.jpg --minutes 5 --name garden --preview garden.jpg",
    "impasto stylize photo.jpg --style garden",
    "impasto styles --remove garden",
)

TRAIN_EXAMPLES = (
    "impasto train painting.jpg --photos my-photos",
    "impasto train painting.jpg --photos my-photos --minutes 30 -o wave.safetensors",
    "impasto train painting.jpg --photos my-photos --start cafe-terrace --minutes 6",
    "impasto train wave.jpg night.jpg poppies.jpg --photos my-photos --network multi",
    "impasto train field.jpg --photos my-photos --add-to three.safetensors --minutes 5",
    "impasto train my-paintings --photos my-photos --network any -o any.safetensors",
    "impasto train --resume wave.run",
    "torchrun --nproc-per-node 2 -m impasto train painting.jpg --photos my-photos",
)


EXPORT_EXAMPLES = (
    "impasto export starry-night -o starry-night.onnx",
    "impasto export mine.safetensors -o mine.xml --format openvino",
)

RECONSTRUCT_EXAMPLES = (
    "impasto reconstruct photo.jpg --content-layer relu4_2",
    "impasto reconstruct painting.jpg --style-layers relu1_1,relu2_1,relu3_1",
    "impasto reconstruct starry-night --style-layers relu1_1,relu3_1 --size 800x300",
    "impasto reconstruct castle --all -o layers.png",
)

GRID_EXAMPLES = (
    "impasto grid photo.jpg painting.jpg",
    "impasto grid castle great-wave --ratios 1e-4,1e-3,1e-2 -o grid.png",
    "impasto grid castle great-wave --layers relu1_1,relu1_1+relu3_1 --loss impasto",
)

INSPECT_EXAMPLES = (
    "impasto inspect photo.jpg",
    "impasto inspect starry-night --layer relu4_1 --show pairs --pairs 9",
    "impasto inspect starry-night --show gram --style-layers relu1_1,relu3_1 -o gram.png",
    "impasto inspect painting.jpg --json",
)


WEB_EXAMPLES = (
    "impasto web --open",
    "impasto web --port 8000",
    "impasto web --host 0.0.0.0 --keep-hours 2",
)


EXIT_CODES = {
    0: "done",
    1: "failed",
    2: "what was given cannot be used",
    3: "some of several pictures failed",
    130: "interrupted (Ctrl-C, SIGTERM, SIGHUP)",
    141: "nobody reads standard output any more",
}
"""What every command's exit code means."""


def _examples(*commands: str) -> str:
    return "Examples:\n```\n" + "\n".join(commands) + "\n```"


app = App(
    name="impasto",
    version=__version__,
    help=(
        "Paint a photo in the style of a painting.\n\n"
        "With every command: --verbose says what is chosen, read and kept; --no-config leaves out "
        "the defaults of impasto.toml."
    ),
    help_epilogue=_examples(
        "impasto stylize photo.jpg --style starry-night",
        "impasto optimize photo.jpg painting.jpg",
        "impasto optimize castle great-wave --seconds 20",
        "impasto show castle_great-wave.png",
    )
    + "\n\nExit codes: "
    + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items())
    + ". `IMPASTO_DEBUG=1` shows tracebacks.",
    help_format="markdown",
    suppress_keyboard_interrupt=False,  # main answers it
)


def _add(command: Callable[..., int], *examples: str) -> None:
    """Add a command under its own name; unnamed, its help would call it after the program."""
    name = command.__name__
    app.command(
        App(
            name=name,
            default_command=command,
            help_epilogue=_examples(*examples),
            suppress_keyboard_interrupt=False,
        )
    )


_add(optimize, *OPTIMIZE_EXAMPLES)
_add(stylize, *STYLIZE_EXAMPLES)
_add(
    styles,
    "impasto styles",
    "impasto styles wave.safetensors",
    "impasto styles --sheet photo.jpg",
)
_add(
    video,
    "impasto video clip.mp4 --style starry-night",
    "impasto video clip.mp4 --style great-wave --size 640 -o wave.mp4",
    "impasto video clip.mov --style poppies --start 10 --end 20 --strength 0.7",
    "impasto video clip.mp4 --style spring --steady 0",
    "impasto video long.mp4 --style spring --run long",
    "impasto video --resume long",
    "impasto video frames --style poppies --fps 24 -o painted",
)
_add(
    regions,
    "impasto regions photo.jpg",
    "impasto regions photo.jpg --count 3 -o map.png",
    "impasto regions photo.jpg --subject --box 200,80,400,500",
    "impasto stylize photo.jpg --regions map.png --style blue=a.jpg,red=great-wave,lime=keep",
)
_add(learn, *LEARN_EXAMPLES)
_add(train, *TRAIN_EXAMPLES)
_add(export, *EXPORT_EXAMPLES)
_add(reconstruct, *RECONSTRUCT_EXAMPLES)
_add(grid, *GRID_EXAMPLES)
_add(inspect, *INSPECT_EXAMPLES)
_add(
    compare,
    "impasto compare photo.jpg --style starry-night",
    "impasto compare photo.jpg --style my-painting.jpg --seconds 60 -o sheet.jpg",
    "impasto compare photo.jpg --style great-wave --methods optimize,one-style,any-style",
)
_add(
    measure,
    "impasto measure photo_painting.png",
    "impasto measure photo_painting.png --content photo.jpg --style painting.jpg",
    "impasto measure photo_painting.png --steps 300",
    "impasto measure painted --content my-photos --style painting.jpg --csv > painted.csv",
)
_add(web, *WEB_EXAMPLES)
_add(show, "impasto show castle_great-wave.png")
add_completion(app)


def prepare(words: list[str]) -> list[str]:
    """Do what --verbose and --no-config ask, wherever they stand, and return the other words."""
    speak(verbose=_take(words, "--verbose"))
    known = [name for name in app if not name.startswith("-")]
    files = () if _take(words, "--no-config") else (partial(fill_in, known=known),)
    app.config = (*files, refuse_empty)
    return words


def _take(words: list[str], flag: str) -> bool:
    """Return whether a flag is among the words, and remove it; after -- all words are names."""
    end = words.index("--") if "--" in words else len(words)
    there = flag in words[:end]
    words[:end] = [word for word in words[:end] if word != flag]
    return there
