import ast
import json
import os
import shlex
import subprocess

import pytest

from impasto.analysis.options import GridOptions, InspectOptions, ReconstructOptions
from impasto.cli.app import app
from impasto.core.errors import ImageError
from impasto.networks.options import StylizeOptions
from impasto.optimization.options import OptimizeOptions
from impasto.recipe import Recipe, Source, describe_source


def recipe(start=None, **options):
    return Recipe(
        version="1",
        content=Source("my photo.jpg", "ab"),
        styles=(Source("a.jpg", "cd"), Source("b.jpg", "ef")),
        options=OptimizeOptions(**options).resolved(),
        init=start,
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"loss": "paper", "init": "noise", "steps": (300,)},
        {"style_weights": (2.0, 1.0), "style_weight": 33.5, "preserve_color": "match"},
        {"style_layers": ("relu1_1", "conv2_1"), "style_layer_weights": (1.0, 0.5)},
        {"coarsest": 0, "seed": 9, "dtype": "float32", "pooling": "average"},
    ],
)
def test_the_command_brings_back_the_same_options(options):
    words = shlex.split(recipe(**options).command())
    assert words[:2] == ["impasto", "optimize"]
    _, bound, _ = app.parse_args(words[1:])
    assert bound.args[0] == "my photo.jpg"
    assert bound.args[1] == ("a.jpg", "b.jpg")
    assert bound.kwargs["options"].resolved() == OptimizeOptions(**options).resolved()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"strength": 0.25, "size": 900},
        {"preserve_color": "luminance", "dtype": "bfloat16"},
    ],
)
def test_the_stylize_command_brings_back_the_same_options(options):
    asked = StylizeOptions(style="starry-night", **options)
    first = Recipe("1", Source("my photo.jpg", "ab"), (Source("starry-night", "cd"),), asked)
    assert Recipe.from_json(first.to_json()) == first
    words = shlex.split(first.command())
    assert words[:2] == ["impasto", "stylize"]
    _, bound, _ = app.parse_args(words[1:])
    assert bound.args[0] == ("my photo.jpg",)
    assert bound.kwargs["options"] == asked


def test_the_stylize_command_leaves_out_defaults_and_this_machine():
    options = StylizeOptions(style="wave.safetensors", device="cpu")
    first = Recipe("1", Source("-", "ab"), (Source("wave.safetensors", "cd"),), options)
    assert first.command() == "impasto stylize - --style wave.safetensors"


def test_a_recipe_of_another_command_is_refused():
    stored = recipe().to_json().replace('"optimize"', '"etch"')
    with pytest.raises(ImageError, match="no recipe"):
        Recipe.from_json(stored)


def test_json_brings_back_the_recipe():
    first = recipe(start=Source("start.png", "00"), style_weights=(1.0, 2.0))
    assert Recipe.from_json(first.to_json()) == first


def test_the_command_leaves_out_presets_and_this_machine():
    command = recipe(device="cpu", weights="w.pth", preview_every=3).command()
    assert command == "impasto optimize 'my photo.jpg' a.jpg b.jpg --steps 30"


def test_a_start_picture_is_named():
    assert "--init start.png" in recipe(start=Source("start.png", "00")).command()


@pytest.mark.parametrize("note", ["hello", "{}", '{"version": 1}', "[1]"])
def test_other_notes_are_refused(note):
    with pytest.raises(ImageError, match="no recipe"):
        Recipe.from_json(note)


def test_sources_are_hashed_and_absolute_paths_shortened(photo, monkeypatch):
    described = describe_source(photo)
    assert described.name == "photo.png"
    assert described.sha256 is not None
    assert len(described.sha256) == 64
    monkeypatch.chdir(photo.parent)
    assert describe_source("./photo.png") == described
    assert describe_source(object()) == Source("object", None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (ReconstructOptions(all=True), "impasto reconstruct photo.jpg --all"),
        (
            ReconstructOptions(style_layers=("relu1_1", "relu2_1"), size=(64, 48)),
            "impasto reconstruct photo.jpg --style-layers relu1_1,relu2_1 --size 64,48",
        ),
        (InspectOptions(show=("gram",)), "impasto inspect photo.jpg --show gram"),
    ],
)
def test_explaining_commands_come_back_from_their_json(options, words):
    recipe = Recipe("0.1.0", Source("photo.jpg", None), (), options)
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert recipe.command() == words


def test_a_grids_command_names_both_pictures():
    sources = Source("photo.jpg", None), (Source("wave.jpg", None),)
    recipe = Recipe("0.1.0", *sources, GridOptions(ratios=(0.01, 1.0)))
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert recipe.command() == "impasto grid photo.jpg wave.jpg --ratios 0.01,1.0"


@pytest.mark.parametrize(
    ("made", "call"),
    [
        (
            Recipe("1", Source("a b.jpg", None), (), StylizeOptions(style="wave", strength=0.5)),
            "impasto.stylize('a b.jpg', 'wave', strength=0.5)",
        ),
        (
            recipe(Source("pass.png", None), coarsest=0, steps=(7,)),
            "impasto.optimize('my photo.jpg', ['a.jpg', 'b.jpg'], coarsest=0, steps=(7,), "
            "init='pass.png')",
        ),
    ],
)
def test_the_python_call_names_the_same_options(made, call):
    found = ast.parse(made.python()).body[0].value
    wanted = ast.parse(call).body[0].value
    assert [ast.literal_eval(each) for each in found.args] == [
        ast.literal_eval(each) for each in wanted.args
    ]
    assert {k.arg: ast.literal_eval(k.value) for k in found.keywords} == {
        k.arg: ast.literal_eval(k.value) for k in wanted.keywords
    }
    assert ast.unparse(found.func) == ast.unparse(wanted.func)


@pytest.mark.parametrize(
    "name",
    [
        "my photo's.jpg",
        "a\x1b[31mb\n.jpg",
        "caf\udce9.jpg",
        "写真😀\u200b\\'.jpg",
        "$(touch oh-no).jpg",
        "-IMG_1.jpg",
        "--help",
    ],
)
def test_the_command_is_printable_and_names_any_file(name):
    command = Recipe(
        "1",
        Source(name, "ab"),
        (Source(name, "cd"),),
        OptimizeOptions(init="content").resolved(),
        init=Source(name, "ef"),
    ).command()
    assert command.isprintable()
    read = subprocess.run(
        ["bash", "-c", f"impasto() {{ printf '%s\\0' \"$@\"; }}; {command}"],
        capture_output=True,
        check=True,
    ).stdout
    name = f"./{name}" if name.startswith("-") else name
    words = [os.fsdecode(word) for word in read.split(b"\0")[:-1]]
    assert words[:3] == ["optimize", name, name]
    assert words[-2:] == ["--init", name]
    _, bound, _ = app.parse_args(words)
    assert bound.args == (name, (name,))


def test_the_command_is_in_characters_that_the_terminal_has():
    first = Recipe("1", Source("写é.jpg", None), (Source("wave", None),), OptimizeOptions())
    assert first.command("utf-8").startswith("impasto optimize '写é.jpg' wave")
    assert first.command("cp1252").startswith(r"impasto optimize $'\xe5\x86\x99é.jpg' wave")
    assert first.command("ascii").startswith(r"impasto optimize $'\xe5\x86\x99\xc3\xa9.jpg' wave")


@pytest.mark.parametrize(
    "change",
    [
        {"content": {"name": ["a"], "sha256": None}},
        {"content": {"name": "a", "sha256": 3}},
        {"content": "a"},
        {"styles": [3]},
        {"options": {"init": {"a": "b"}}},
        {"options": {"steps": [[1]]}},
        {"options": []},
    ],
)
def test_a_recipe_of_other_shape_is_refused(change):
    stored = json.loads(recipe().to_json())
    with pytest.raises(ImageError, match="no recipe"):
        Recipe.from_json(json.dumps({**stored, **change}))


def test_a_recipe_that_is_nested_too_deeply_is_refused():
    with pytest.raises(ImageError, match="no recipe"):
        Recipe.from_json('{"command":' + "[" * 100_000 + "]" * 100_000 + "}")
