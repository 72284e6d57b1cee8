"""Every word of the two pages is there in every language, and nothing else."""

from __future__ import annotations

import ast
import json
import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest

from impasto.web.gallery import PHOTOS, gallery

WEB = files("impasto.web")
STATIC = {entry.name: entry.read_text("utf-8") for entry in (WEB / "static").iterdir()}
SITE = {entry.name: entry.read_text("utf-8") for entry in (WEB / "site").iterdir()}
LANGUAGES = {Path(name).stem: json.loads(STATIC[name]) for name in STATIC if name.endswith(".json")}

SAME = re.compile(r"impasto|[\d ]+|MP4|PNG|JPEG|WebP|100 %")
"""What is the same in every language."""


class Texts(HTMLParser):
    """The texts and labels of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.silent = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("title", "noscript"):
            self.silent = tag
        self.found |= {
            value
            for name, value in attrs
            if name in ("aria-label", "title", "placeholder") and value
        }

    def handle_endtag(self, tag: str) -> None:
        if tag == self.silent:
            self.silent = ""

    def handle_data(self, data: str) -> None:
        if data.strip() and not self.silent:
            self.found.add(data.strip())


def in_pages() -> set[str]:
    found = Texts(STATIC["index.html"]).found | Texts(SITE["index.html"]).found
    return {text for text in found if not SAME.fullmatch(text)}


def in_scripts() -> set[str]:
    scripts = [text for name, text in (STATIC | SITE).items() if name.endswith(".js")]
    return {text for script in scripts for text in re.findall(r'\bt\("([^"]+)"', script)}


def names() -> set[str]:
    styles = [style for style in gallery().values() if not style.own]
    return {name for style in styles for name in (style.title, style.artist)} | set(PHOTOS.values())


def from_the_server() -> list[re.Pattern[str]]:
    """All texts of the package's own code; what is put into them can be anything."""
    package = Path(str(files("impasto")))
    patterns = set()
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [
                    re.escape(p.value) if isinstance(p, ast.Constant) else ".+" for p in node.values
                ]
                patterns.add("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                patterns.add(re.escape(node.value))
    return [re.compile(each) for each in patterns if len(each.replace(".+", "")) > 10]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_the_page_is_there(language):
    assert set(LANGUAGES[language]["page"]) == in_pages() | in_scripts() | names()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_put_into_a_text_is_in_its_translation(language):
    for part in LANGUAGES[language].values():
        for text, translated in part.items():
            holes = [sorted(re.findall(r"\{\d\}", each)) for each in (text, translated)]
            assert holes[0] == holes[1], text
            assert translated.strip()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_server_says_what_is_translated(language):
    patterns = from_the_server()
    for text in LANGUAGES[language]["server"]:
        assert any(pattern.fullmatch(text) for pattern in patterns), text


def test_all_languages_are_offered():
    offered = re.search(r"LANGUAGES = (\[[^]]+\])", STATIC["words.js"])
    assert offered is not None
    assert set(json.loads(offered[1])) == {"en", *LANGUAGES}
