from __future__ import annotations

import re
import zipfile
from importlib.resources import files

from impasto.web.responses import TYPES

FOLDER = files("impasto.web") / "static"
CONTENTS = {entry.name: entry.read_text(encoding="utf-8") for entry in FOLDER.iterdir()}


def test_the_page_is_small():
    sizes = {name: len(content.encode()) for name, content in CONTENTS.items()}
    languages = [sizes.pop(name) for name in CONTENTS if name.endswith(".json")]
    assert sum(sizes.values()) < 112_000
    assert max(languages) < 20_000
    assert {name[name.rfind(".") :] for name in CONTENTS} <= set(TYPES)
    assert [name for name in CONTENTS if name.endswith((".html", ".css"))] != []


def test_nothing_comes_from_elsewhere():
    for name, content in CONTENTS.items():
        addresses = set(re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", content))
        assert addresses <= {"http://www.w3.org"}, name
        assert "@import" not in content
        assert "@font-face" not in content


def test_no_script_or_style_is_inline():
    page = CONTENTS["index.html"]
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert "<style" not in page
    assert re.findall(r"\sstyle=|\son[a-z]+=", page) == []
    assert all("innerHTML" not in content for content in CONTENTS.values())


def test_every_id_that_scripts_look_for_is_there():
    page = CONTENTS["index.html"]
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    made = {"own-painting"}
    for name, content in CONTENTS.items():
        if name.endswith(".js"):
            assert set(re.findall(r'\$\("([^"]+)"\)', content)) <= set(ids) | made, name
    labels = re.findall(r'(?:\bfor|aria-controls|aria-labelledby)="([^"]+)"', page)
    assert set(labels) <= set(ids)


def test_pages_are_not_sent_twice(client):
    for path in ("/", "/static/page.css", "/static/icon.svg"):
        answer = client.get(path)
        assert answer.status_code == 200
        again = client.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_modules_are_scripts_to_the_browser(client):
    kinds = {name: client.get(f"/static/{name}").headers["content-type"] for name in CONTENTS}
    for name, kind in kinds.items():
        assert kind == TYPES[name[name.rfind(".") :]]


def test_the_wheel_has_the_page(tmp_path):
    import subprocess
    import sys
    from pathlib import Path

    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q"]
    subprocess.run([*command, "-w", str(tmp_path), str(root)], check=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = {name for name in wheel.namelist() if "web/static/" in name}
    assert {name.rpartition("/")[2] for name in names} == set(CONTENTS)
