"""The browser example paints in a real browser what torch paints."""

import base64
import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import impasto
from impasto.core.tensors import resize
from impasto.io.image import read_picture, to_pil
from support import needs
from web_tools import served

FOLDER = Path(__file__).parent.parent / "examples" / "browser"

pytestmark = needs("chromium", "chromedriver", "node", "npm")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The example in a folder of its own, installed as its README says."""
    folder = tmp_path_factory.mktemp("browser") / "site"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("node_modules", "*.onnx"))
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
    impasto.export("cafe-terrace", folder / "style.onnx")
    return folder


@pytest.fixture(scope="module")
def address(site):
    with served(site) as server:
        yield f"http://127.0.0.1:{server.server_port}"


def status(browser, *wanted):
    from selenium.webdriver.support.ui import WebDriverWait

    def find(driver):
        text = driver.execute_script("return document.getElementById('status').value")
        return text if any(word in text for word in wanted) else None

    return WebDriverWait(browser, 180).until(find)


def give(browser, path):
    browser.find_element("id", "file").send_keys(str(path))


def test_it_paints_what_torch_paints(address, browser, tmp_path):
    photo = resize(read_picture(impasto.assets.find("castle")).image, 101, 150)
    to_pil(photo).save(tmp_path / "photo.png")
    browser.get(address)
    assert status(browser, "Ready", "cannot") == "Ready."
    give(browser, tmp_path / "photo.png")
    assert status(browser, "Painted", "cannot").startswith("Painted in")
    url = browser.execute_script("return document.getElementById('canvas').toDataURL()")
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as opened:
        found = np.asarray(opened.convert("RGB")).astype(int)
    net = impasto.load("cafe-terrace").net
    expected = np.asarray(to_pil(net(read_picture(tmp_path / "photo.png").image))).astype(int)
    assert found.shape == (101, 150, 3)
    assert np.abs(found - expected).mean() < 2
    assert not [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def test_what_is_no_picture_is_said(address, browser, tmp_path):
    (tmp_path / "text.txt").write_text("no picture")
    browser.get(address)
    status(browser, "Ready")
    give(browser, tmp_path / "text.txt")
    assert "is it a picture?" in status(browser, "cannot")


def test_a_missing_network_is_said(address, browser):
    browser.get(f"{address}/?model=gone.onnx")
    assert "gone.onnx cannot be loaded" in status(browser, "cannot")
