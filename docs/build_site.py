"""Writes the documentation as a site into site/, without the network.

    python docs/build_site.py

The pages stay as they are read in the repository; their copies get links that hold on the site.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
COPY = ROOT / "build" / "site"
"""Where the pages are copied to, as zensical.toml says."""

ELSEWHERE = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "LICENSE": "license.md",
    "NOTICE": "notice.md",
    "src/impasto/assets/CREDITS.md": "credits-assets.md",
    "src/impasto/assets/training/CREDITS.md": "credits-training.md",
}
"""Pages that are not in docs/, and their names on the site."""

FOLDERS = ("benchmarks/", "examples/", "src/", "tests/", ".ci/")
"""What pages point at that is no page: the link goes, its words stay."""

LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")


def copy_page(source: Path, name: str) -> None:
    """Copy a page; links to other pages and pictures become those of the site."""

    def link(found: re.Match[str]) -> str:
        mark, words, target, anchor = found[1], found[2], found[3], found[4] or ""
        if "://" in target or target.startswith("mailto:"):
            return found[0]
        path = (source.parent / target).resolve().relative_to(ROOT).as_posix()
        if path in ELSEWHERE:
            return f"{mark}[{words}]({ELSEWHERE[path]}{anchor})"
        if path.startswith("docs/") and not path.endswith(".py"):
            return f"{mark}[{words}]({path.removeprefix('docs/')}{anchor})"
        if f"{path}/".startswith(FOLDERS) or path.endswith((".py", ".toml")):
            return words
        raise SystemExit(f"{source}: the site has no page for {target}")

    text = source.read_text(encoding="utf-8")
    (COPY / name).parent.mkdir(parents=True, exist_ok=True)
    (COPY / name).write_text(LINK.sub(link, text), encoding="utf-8")


def main() -> int:
    """Copy the pages and build the site; return the exit code."""
    shutil.rmtree(COPY, ignore_errors=True)
    for source in sorted((ROOT / "docs").rglob("*")):
        name = source.relative_to(ROOT / "docs").as_posix()
        if source.suffix == ".md":
            copy_page(source, name)
        elif source.is_file() and source.suffix in (".jpg", ".png", ".webp", ".bib"):
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, COPY / name)
    for source, name in ELSEWHERE.items():
        copy_page(ROOT / source, name)
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
