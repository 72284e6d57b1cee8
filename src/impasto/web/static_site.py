"""`impasto web --static`: a page that paints in the visitor's browser, for any web host."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from impasto import assets
from impasto.core.errors import ConfigError, MissingError, first_line
from impasto.core.events import Event, Note
from impasto.io.paths import is_taken
from impasto.networks.model_file import load_weights, read_info
from impasto.networks.onnx_graph import build_onnx, with_small_weights
from impasto.networks.registry import LEAN, SUFFIX, bundled_styles, styles
from impasto.web.gallery import gallery

ENGINE = "onnxruntime-web@1.30.0"
"""What runs the networks in browsers, as npm calls it; MIT."""

ENGINE_FILES = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs")

SITE = Path(__file__).parent / "site"

WORDS = ("words.js", "zh.json")
"""What the page shares with the one that has a server: its words in other languages."""

FIRST = "cafe-terrace"
"""The style that the page begins with."""

THUMBNAIL, PHOTO = (168, 128), 1024
"""Of paintings, width and height; of the first photo, the long side."""


@dataclass(frozen=True, slots=True)
class SiteWritten(Event):
    """A site is whole."""

    path: Path
    files: int
    bytes: int


def write_site(folder: Path, *, force: bool = False) -> Iterator[Event]:
    """Write a folder that any web host serves, and yield what happens.

    Nothing in it is fetched from elsewhere. Each bundled style is a network with weights of 8 bits,
    packed; those whose own network is too heavy for browsers have a lighter one there.

    Args:
        folder: need not exist; its parent must.
        force: replace what is there, if `write_site` has written it.

    Yields:
        `Note` for the parts, `SiteWritten` at the end.

    Raises:
        ConfigError: something is at `folder`, or its parent is missing.
        MissingError: npm is not installed, or has no package index that answers.
    """
    _check(folder, force=force)
    with tempfile.TemporaryDirectory(prefix=".impasto-", dir=folder.parent) as place:
        site = Path(place) / "site"
        shutil.copytree(SITE, site, ignore=shutil.ignore_patterns("__pycache__"))
        yield Note(f"fetching {ENGINE} with npm")
        _add_engine(site / "ort", Path(place))
        yield Note(f"packing {len(bundled_styles())} styles")
        _add_styles(site)
        _add_pictures(site)
        worker = site / "sw.js"
        worker.write_text(worker.read_text("utf-8").replace("BUILD", _digest(site)), "utf-8")
        if is_taken(folder):
            shutil.rmtree(folder)
        site.replace(folder)
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    yield SiteWritten(folder, len(sizes), sum(sizes))


def _check(folder: Path, *, force: bool) -> None:
    if not folder.parent.is_dir():
        raise ConfigError(f"--static {folder}: the folder {folder.parent} does not exist")
    if is_taken(folder) and not (folder.is_dir() and not any(folder.iterdir())):
        if not force:
            raise ConfigError(f"--static {folder} exists; use --force to replace it")
        if not (folder / "styles.json").is_file():
            raise ConfigError(f"--static {folder} holds other things than such a page; it is kept")


def _add_engine(place: Path, scratch: Path) -> None:
    """Add what runs the networks: its loader, its WebAssembly (packed) and its license."""
    npm = shutil.which("npm")
    if npm is None:
        raise MissingError("--static takes its engine from npm, which is not installed (Node.js)")
    command = [npm, "pack", ENGINE, "--silent", "--pack-destination", str(scratch)]
    done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
    archives = list(scratch.glob("*.tgz"))
    if done.returncode or not archives:
        raise MissingError(f"npm cannot fetch {ENGINE}: {first_line(done.stderr or 'no answer')}")
    place.mkdir()
    with tarfile.open(archives[0]) as archive:

        def member(name: str) -> bytes:
            found = archive.extractfile(f"package/{name}")
            assert found is not None
            return found.read()

        for name in ENGINE_FILES:
            (place / name).write_bytes(member(f"dist/{name}"))
        wasm = member("dist/ort-wasm-simd-threaded.wasm")
        (place / "engine.bin").write_bytes(_packed(wasm))
    (place / "LICENSE.txt").write_text(
        f"{ENGINE}, unchanged but packed.\n\n{MIT.format('Microsoft Corporation')}", "utf-8"
    )


MIT = """MIT License

Copyright (c) {}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial
portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES
OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def _add_styles(site: Path) -> None:
    """Add the networks, pictures of the paintings, and the list of them."""
    (site / "styles").mkdir()
    listed = []
    for style in gallery().values():
        if style.own:
            continue
        (site / "styles" / f"{style.name}.bin").write_bytes(_packed(network_of(style.name)))
        _shrunk(style.thumbnail, site / "styles" / f"{style.name}.webp")
        about = {"title": style.title, "artist": style.artist, "year": style.year}
        listed.append({"name": style.name, **about})
    listed.sort(key=lambda each: each["name"] != FIRST)
    (site / "styles.json").write_text(json.dumps({"styles": listed}, ensure_ascii=False), "utf-8")


def network_of(style: str) -> bytes:
    """Return the ONNX file of a bundled style, light enough for browsers."""
    lean = LEAN / f"{style}{SUFFIX}"
    path = lean if lean.exists() else styles()[style]
    info = read_info(path)
    return with_small_weights(build_onnx(info.network, load_weights(path), info))


def _add_pictures(site: Path) -> None:
    """Add the photo that the page begins with, its icon, and its words in other languages."""
    castle = assets.find("castle")
    assert castle is not None
    with Image.open(castle) as photo:
        photo.thumbnail((PHOTO, PHOTO))
        photo.save(site / "photo.webp", quality=86)
    static = SITE.with_name("static")
    for name in ("icon.svg", *WORDS):
        shutil.copy(static / name, site)
    manifest = json.loads((static / "impasto.webmanifest").read_text("utf-8"))
    manifest["start_url"], manifest["icons"][0]["src"] = "./", "icon.svg"
    (site / "impasto.webmanifest").write_text(json.dumps(manifest), "utf-8")


def _shrunk(jpeg: bytes, path: Path) -> None:
    with Image.open(io.BytesIO(jpeg)) as painting:
        width, height = THUMBNAIL
        scale = max(width / painting.width, height / painting.height)
        sides = (
            max(width, round(painting.width * scale)),
            max(height, round(painting.height * scale)),
        )
        small = painting.resize(sides, Image.Resampling.LANCZOS)
        left, top = (small.width - width) // 2, (small.height - height) // 2
        small.crop((left, top, left + width, top + height)).save(path, quality=82)


def _packed(data: bytes) -> bytes:
    return gzip.compress(data, 9, mtime=0)


def _digest(site: Path) -> str:
    """Return a name of all that is in the folder: another one when anything has changed."""
    digest = hashlib.sha256()
    for path in sorted(site.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
