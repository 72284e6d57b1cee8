"""The page without a server: written with npm, served by the plainest host, used in a browser."""

import base64
import io
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import impasto
from impasto.core.errors import ConfigError
from impasto.io.image import to_bytes
from impasto.networks.model_file import load_weights, read_info
from impasto.networks.onnx_graph import build_onnx, with_small_weights
from impasto.networks.registry import bundled_styles, styles
from impasto.networks.runtimes import OnnxRuntime
from impasto.web.static_site import SiteWritten, write_site
from support import needs
from web_tools import served


def psnr(one, other):
    error = np.mean((np.asarray(one, float) - np.asarray(other, float)) ** 2)
    return 10 * np.log10(255**2 / error)


@pytest.mark.parametrize("style", ["cafe-terrace", "kazusa"])
def test_weights_of_eight_bits_paint_the_same_picture(style):
    pytest.importorskip("onnxruntime")
    path = styles()[style]
    plain = build_onnx(read_info(path).network, load_weights(path), read_info(path))
    small = with_small_weights(plain)
    assert len(small) < 0.3 * len(plain)
    photo = np.asarray(Image.open(impasto.assets.find("castle")).convert("RGB").resize((384, 256)))
    image = (photo / np.float32(255)).transpose(2, 0, 1)[None]
    painted = [OnnxRuntime(graph).run(image, None) * 255 for graph in (plain, small)]
    assert psnr(*painted) > 40


def test_what_is_in_the_way_is_kept(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    for force, why in ((False, "exists; use --force"), (True, "holds other things")):
        with pytest.raises(ConfigError, match=why):
            list(write_site(tmp_path / "mine", force=force))
    with pytest.raises(ConfigError, match="does not exist"):
        list(write_site(tmp_path / "none" / "site"))
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "thesis.txt"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("static") / "site"
    *_, written = write_site(folder)
    assert isinstance(written, SiteWritten)
    return folder


@pytest.fixture(scope="module")
def host(site):
    with served(site) as server:
        yield server


@needs("npm")
def test_it_is_small_whole_and_asks_nobody_else(site):
    files = [path for path in site.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 15e6
    assert {path.stem for path in (site / "styles").glob("*.bin")} == set(bundled_styles())
    for path in files:
        if path.suffix in (".html", ".css", ".js", ".json") and path.parent == site:
            assert not re.findall(r"https?://[^w][^\s\"']*", path.read_text("utf-8")), path
    assert "impasto-BUILD" not in (site / "sw.js").read_text("utf-8")
    with pytest.raises(ConfigError, match="exists"):
        list(write_site(site))


@pytest.fixture
def page(host, browser):
    browser.get(f"http://127.0.0.1:{host.server_port}/")
    return browser


def until(page, what, seconds=120):
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(page, seconds).until(what)


def wait_for(page, words):
    def find(driver):
        text = driver.execute_script("return document.getElementById('status')?.value ?? ''")
        return text if re.search(words, text) else None

    return until(page, find)


def canvas(page, name):
    url = page.execute_script(f"return document.getElementById('{name}').toDataURL()")
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB")


def keep_screenshot(page, name):
    if folder := os.environ.get("IMPASTO_SCREENSHOTS"):
        page.save_screenshot(str(Path(folder) / f"static-{name}.png"))


@needs("npm", "chromium", "chromedriver")
def test_it_paints_what_python_paints(page, tmp_path):
    assert "Terrace" in wait_for(page, r"Painted in|could not|not whole")
    assert page.execute_script("return self.crossOriginIsolated")  # and so with several threads
    photo, painting = canvas(page, "photo"), canvas(page, "painting")
    assert max(photo.size) == 512
    assert psnr(impasto.load("cafe-terrace")(photo, dtype="float32"), painting) > 36
    keep_screenshot(page, "first")

    page.find_element("css selector", "input[value='kazusa']").find_element("xpath", "..").click()
    assert "Kazusa" in wait_for(page, r"Kazusa.*Painted in")
    assert psnr(impasto.load("kazusa")(photo, dtype="float32"), canvas(page, "painting")) > 36

    mine = Image.open(impasto.assets.find("astronaut")).resize((300, 200))
    (tmp_path / "mine.png").write_bytes(to_bytes(mine, ".png"))
    (tmp_path / "text.jpg").write_text("no picture")
    given = page.find_element("id", "file")
    given.send_keys(str(tmp_path / "text.jpg"))
    assert wait_for(page, "text.jpg is no picture")
    given.send_keys(str(tmp_path / "mine.png"))
    wait_for(page, r"Painted in")
    assert np.array_equal(np.asarray(canvas(page, "photo")), np.asarray(mine))
    for width, height in ((1280, 800), (390, 844), (844, 390)):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 900}
        page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        page.execute_script("document.activeElement.blur()")
        keep_screenshot(page, f"{width}")
        fits = (
            "const box = document.getElementById('stage').getBoundingClientRect();"
            "return box.left >= 0 && box.right <= innerWidth && box.bottom <= innerHeight &&"
            "document.documentElement.scrollWidth <= innerWidth"
        )
        until(page, lambda driver, script=fits: driver.execute_script(script), seconds=10)
    severe = [entry["message"] for entry in page.get_log("browser") if entry["level"] == "SEVERE"]
    assert not severe


AFTER_ONE_THAT_IS_MISSING = """
const [size, done] = arguments;
const painter = new Worker("/painter.js", { type: "module" });
let problem = "";
painter.onmessage = ({ data }) => {
  problem = problem || data.problem;
  if (data.engine) done({ problem, engine: data.engine });
};
for (const [id, style] of ["nothing", "kazusa"].entries())
  painter.postMessage({ id, style, image: new ImageData(...size) });
"""


IN_WORKER = """
const [search, size, done] = arguments;
const image = new ImageData(...size);
image.data.forEach((_, at) => { image.data[at] = at % 4 == 3 ? 255 : (at * at) % 251; });
const painter = new Worker(`/painter.js${search}`, { type: "module" });
painter.onmessage = ({ data }) => {
  if (data.loaded) return;
  painter.terminate();
  done(data.problem ?? { engine: data.engine, pixels: [...data.image.data] });
};
painter.postMessage({ id: 1, style: "kazusa", image });
"""


@needs("npm", "chromium", "chromedriver")
@pytest.mark.parametrize("size", [(64, 48), (33, 50)])
def test_the_graphics_card_paints_the_same(browser, host, size):
    browser.get(f"http://127.0.0.1:{host.server_port}/styles.json")
    browser.set_script_timeout(120)
    found = {
        search: browser.execute_async_script(IN_WORKER, search, size)
        for search in ("?engine=wasm", "?engine=webgpu", "")
    }
    assert found["?engine=wasm"]["engine"] == "wasm"
    assert found["?engine=webgpu"]["engine"] == "webgpu"
    assert found[""]["engine"] == "wasm", "a card that the processor plays is slower"
    pixels = [np.asarray(found[f"?engine={name}"]["pixels"]) for name in ("wasm", "webgpu")]
    assert np.abs(pixels[0] - pixels[1]).max() <= 2
    assert pixels[0].std() > 20


def with_card(site, folder, *changes):
    """A copy of the page that takes a card played by the processor for a real one."""
    card = (site / "gpu.js").read_text("utf-8")
    for old, new in (("(isPlayed && !any)", "false"), *changes):
        assert card.count(old) == 1
        card = card.replace(old, new)
    shutil.copytree(site, folder)
    (folder / "gpu.js").write_text(card, "utf-8")
    return folder


@needs("npm", "chromium", "chromedriver")
def test_the_processor_goes_on_where_the_graphics_card_is_lost(browser, site, tmp_path):
    lost = ("await target", "device.destroy();await target")
    with served(with_card(site, tmp_path / "site", lost)) as server:
        browser.get(f"http://127.0.0.1:{server.server_port}/styles.json")
        found = browser.execute_async_script(IN_WORKER, "", (64, 48))
    assert found["engine"] == "wasm"
    assert any("WebGPU" in entry["message"] for entry in browser.get_log("browser"))


@needs("npm", "chromium", "chromedriver")
def test_a_style_that_cannot_be_fetched_leaves_the_card_in_use(browser, site, tmp_path):
    with served(with_card(site, tmp_path / "site")) as server:
        browser.get(f"http://127.0.0.1:{server.server_port}/styles.json")
        browser.set_script_timeout(120)
        found = browser.execute_async_script(AFTER_ONE_THAT_IS_MISSING, (64, 48))
    assert found == {"problem": "styles/nothing.bin is not there (404)", "engine": "webgpu"}


@needs("npm", "chromium", "chromedriver")
def test_it_opens_without_a_network(browser, site):
    with served(site) as server:  # at a port of its own: the browser was never here before
        browser.get(f"http://127.0.0.1:{server.server_port}/")
        wait_for(browser, r"Painted in")
        for is_there in (True, False):
            if not is_there:
                server.shutdown()
                server.server_close()
            browser.execute_script("document.getElementById('status').value = ''")
            browser.refresh()
            assert wait_for(browser, r"Painted in")
