"""Writes docs/python.md, the Python interface, from the docstrings."""

from __future__ import annotations

from pathlib import Path

import griffe

PAGE = Path(__file__).parent / "python.md"
SOURCE = Path(__file__).parent.parent / "src"

GROUPS = {
    "Painting": ("stylize", "optimize", "load", "Model", "style_sheet", "styles"),
    "Many pictures and films": (
        "stylize_events",
        "cluster_events",
        "stylize_dataset",
        "video",
        "video_events",
        "resume_video_events",
    ),
    "Learning": ("learn", "train", "train_events", "resume_events", "learn_events", "TrainRequest"),
    "Regions": ("regions", "RegionMap"),
    "Measuring and explaining": (
        "measure",
        "compare",
        "inspect",
        "reconstruct",
        "grid",
        "measure_events",
        "compare_events",
        "inspect_events",
        "reconstruct_events",
        "grid_events",
    ),
    "Step by step": ("optimize_events", "resume_optimize_events"),
    "Other runtimes": ("export",),
    "Options": (
        "OptimizeOptions",
        "StylizeOptions",
        "ClusterOptions",
        "FilmOptions",
        "LearnOptions",
        "TrainOptions",
        "MeasureOptions",
        "CompareOptions",
        "ReconstructOptions",
        "GridOptions",
        "InspectOptions",
        "RegionOptions",
    ),
}
"""What comes first; then results, events and errors, each in the order of the alphabet."""


def public() -> dict[str, griffe.Object]:
    """Return what the package shows, by name."""
    loader = griffe.GriffeLoader(search_paths=[str(SOURCE)], docstring_parser="google")
    package = loader.load("impasto")
    loader.resolve_aliases(implicit=True)
    names = package.exports or []
    found = {}
    for name in map(str, names):
        member = package.members.get(name)
        if member is not None:
            found[name] = member.final_target if member.is_alias else member
    return found


def signature(thing: griffe.Function, name: str) -> str:
    """Return how a function is called."""
    words = []
    for parameter in thing.parameters:
        if parameter.name == "self":
            continue
        stars = {"variadic positional": "*", "variadic keyword": "**"}.get(
            parameter.kind.value if parameter.kind else "", ""
        )
        default = "" if parameter.default is None or stars else f"={parameter.default}"
        if parameter.kind is griffe.ParameterKind.keyword_only and "*" not in words:
            words.append("*")
        words.append(f"{stars}{parameter.name}{default}")
    return f"{name}({', '.join(words)})"


def described(thing: griffe.Object) -> list[str]:
    """Return a docstring as Markdown."""
    lines: list[str] = []
    if thing.docstring is None:
        return lines
    for section in thing.docstring.parse("google"):
        kind = section.kind.value
        if kind == "text":
            lines += [str(section.value), ""]
        elif kind in ("parameters", "raises", "yields", "returns", "attributes"):
            lines += [f"*{kind.capitalize()}*", ""]
            for item in section.value:
                name = getattr(item, "name", "") or str(getattr(item, "annotation", "") or "")
                text = " ".join(item.description.split())
                shown = kind in ("parameters", "raises", "attributes") and name
                lines.append(f"- `{name}`: {text}" if shown else f"- {text}")
            lines.append("")
        elif kind == "admonition" and ">>>" in section.value.contents:
            lines += ["```pycon", section.value.contents, "```", ""]
        elif kind == "admonition":
            text = " ".join(section.value.contents.split())
            lines += [f"*{section.title}:* {text}", ""]
    return lines


def entry(name: str, thing: griffe.Object) -> list[str]:
    """Return the part of the page about one name."""
    lines = [f"### {name}", ""]
    if isinstance(thing, griffe.Function):
        lines += ["```python", f"impasto.{signature(thing, name)}", "```", ""]
        return lines + described(thing)
    lines += described(thing)
    for member in {**thing.inherited_members, **thing.members}.values():
        if member.name.startswith("_") and member.name != "__call__":
            continue
        if isinstance(member, griffe.Attribute) and member.docstring is not None:
            value = "" if member.value is None else f" = {member.value}"
            text = " ".join(member.docstring.value.split())
            lines.append(f"- `{member.name}{value}`: {text}")
        elif isinstance(member, griffe.Function) and member.docstring is not None:
            called = "model" if member.name == "__call__" else f".{member.name}"
            text = " ".join(member.docstring.value.split("\n\n")[0].split())
            lines.append(f"- `{signature(member, called)}`: {text}")
    return [*lines, ""]


def reference() -> str:
    """Return the page."""
    found = public()
    known = [name for names in GROUPS.values() for name in names]
    rest = sorted(name for name in found if name not in known and name != "__version__")
    errors = [name for name in rest if name.endswith("Error")]
    events = [
        name
        for name in rest
        if isinstance(found[name], griffe.Class)
        and (name == "Event" or "Event" in map(str, found[name].bases))
    ]
    results = [name for name in rest if name not in errors and name not in events]
    groups = {**GROUPS, "Results": results, "Events": events, "Errors": errors}
    lines = [
        "<!-- Written by docs/generate_python.py: change the docstrings instead. -->",
        "",
        "# Python",
        "",
        "```python",
        "import impasto",
        "",
        'impasto.stylize("castle", "starry-night").save("castle.png")',
        "```",
        "",
        "Photos and paintings are paths, names of bundled pictures, bytes of a file, PIL images or",
        "arrays. Options are keywords, the same as on the [command line](reference.md):",
        "`--style-scale 1.5` is `style_scale=1.5`. Every function `x` that takes long has a twin",
        "`x_events`, a generator of what happens meanwhile. Throw `StopEarly` into it to end with",
        "what there is so far.",
        "",
    ]
    for title, names in groups.items():
        lines += [f"## {title}", ""]
        for name in names:
            lines += entry(name, found[name])
    return "\n".join(line.rstrip() for line in lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
