"""A walk through the page in a real browser: at a queue and on a phone, light and dark."""

from __future__ import annotations

import io
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select

from clips import make_clip
from impasto import assets
from impasto.io.image import read_note
from impasto.recipe import Recipe
from support import load_image, needs
from web_tools import ServerProcess, photo_bytes

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = needs("chromium", "chromedriver")

SCREENSHOTS = os.environ.get("IMPASTO_SCREENSHOTS")
"""Folder for pictures of every stop on the walk, for people to look at."""

PLACES = {
    "queue": (1280, 800, False),
    "queue-dark": (1280, 800, True),
    "phone": (360, 740, False),
    "phone-dark": (360, 740, True),
}
CHINESE = {
    "queue-zh": (1280, 800, False),
    "phone-zh": (390, 844, True),
    "wide-phone-zh": (844, 390, False),
}

DROP = """
const [text, name, where] = arguments;
const bytes = Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
const data = new DataTransfer();
data.items.add(new File([bytes], name, { type: "image/jpeg" }));
const target = document.querySelector(where);
for (const type of ["dragenter", "dragover", "drop"]) {
  const about = { bubbles: true, cancelable: true, dataTransfer: data };
  target.dispatchEvent(new DragEvent(type, about));
}
"""


MASK = """
const mask = document.getElementById("mask");
const { width, height } = mask;
const copy = Object.assign(document.createElement("canvas"), { width, height });
const context = copy.getContext("2d", { willReadFrequently: true });
context.drawImage(mask, 0, 0);
const d = context.getImageData(0, 0, width, height).data;
"""


class Page:
    """The page in a browser, and everything that the browser complains about."""

    def __init__(self, address: str, place: str, downloads: Path) -> None:
        width, height, dark = (PLACES | CHINESE)[place]
        options = webdriver.ChromeOptions()
        options.binary_location = str(CHROMIUM)
        camera = "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"
        plain = "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"
        for word in (*plain, *camera):
            options.add_argument(word)
        options.add_argument(f"--window-size={width},{height}")
        options.add_experimental_option(
            "prefs",
            {
                "download.default_directory": str(downloads),
                "download.prompt_for_download": False,
                "intl.accept_languages": "zh-CN,en" if place in CHINESE else "en-US,zh",
            },
        )
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.ChromeService(str(DRIVER))
        self.browser = webdriver.Chrome(options=options, service=service)
        self.seen = ""
        self.place, self.downloads, self.stop = place, downloads, 0
        phone = "phone" in place
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        self.browser.get(address)

    def find(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def click(self, selector: str) -> None:
        self.find(selector).click()

    def choose(self, selector: str, value: str) -> None:
        Select(self.find(selector)).select_by_value(value)

    def text(self, selector: str) -> str:
        return str(self.run("return document.querySelector(arguments[0]).textContent", selector))

    def run(self, script: str, *arguments: object) -> object:
        return self.browser.execute_script(script, *arguments)

    def drop(self, data: bytes, name: str, where: str = "#stage") -> None:
        import base64

        self.run(DROP, base64.b64encode(data).decode(), name, where)

    def until(self, what: object, seconds: float = 120) -> object:
        """Wait until a call gives something true, and return it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = what()  # type: ignore[operator]
            if found:
                return found
            time.sleep(0.1)
        self.look("stuck")
        raise AssertionError(f"nothing happened; the page says {self.text('#status')!r}")

    def another(self) -> None:
        """Wait until there is another painting than when this was called last."""
        self.another_in("Painted in")

    def another_in(self, start: str) -> None:
        """The same in words of another language."""
        last = self.seen
        self.until(lambda: self.run("return location.hash") not in (last, ""))
        self.seen = str(self.run("return location.hash"))
        self.painted(start)

    def painted(self, start: str = "Painted in") -> None:
        self.until(lambda: self.text("#status").startswith(start))
        self.until(
            lambda: self.run(
                "const p = document.getElementById('painting');"
                "return p.src && p.complete && p.naturalWidth > 0"
            )
        )

    def shows(self, words: str) -> None:
        """Wait until the painting is the one that is described so."""
        self.until(lambda: words in str(self.find("#painting").get_attribute("alt")))

    def look(self, name: str) -> None:
        """Check what must hold at every stop, and keep a picture of it if somebody wants it."""
        self.stop += 1
        if SCREENSHOTS:
            self.browser.save_screenshot(f"{SCREENSHOTS}/{self.place}-{self.stop:02}-{name}.png")
        width = self.run(
            "return Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
            " - innerWidth"
        )
        assert width <= 0, f"{name}: {width} pixels wider than the screen"
        last = "return innerWidth - document.getElementById('open-live')"
        assert self.run(f"{last}.getBoundingClientRect().right") >= 0, f"{name}: the header is cut"
        below = (
            "return document.getElementById('paint').getBoundingClientRect().bottom - innerHeight"
        )
        if self.place.startswith("wide"):
            assert self.run(below) <= 0, f"{name}: Paint is below the screen"

    def downloaded(self, name: str) -> Path:
        path = self.downloads / name
        self.until(
            lambda: (
                path.exists()
                and path.stat().st_size > 0
                and not list(self.downloads.glob("*.crdownload"))
            )
        )
        return path

    def complaints(self) -> list[str]:
        return [
            entry["message"]
            for entry in self.browser.get_log("browser")
            if entry["level"] != "INFO"
        ]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with ServerProcess(tmp_path_factory.mktemp("walk") / "web", "--port", "0") as server:
        yield server.address


@pytest.fixture
def page(address: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Page]:
    page = Page(address, request.param, tmp_path)
    yield page
    complaints = page.complaints()
    page.browser.quit()
    assert complaints == []


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize("page", PLACES, indirect=True)
def test_the_walk(page: Page):
    # The first thing seen is a picture.
    page.painted()
    page.shows("Starry Night")
    page.look("first")

    # A photo of one's own.
    page.drop(photo_bytes(300, 200), "holiday.jpg")
    page.until(lambda: "holiday" in (page.find("#photo").get_attribute("alt") or ""))
    page.painted()
    page.look("own-photo")
    page.click("#tab-adjust")
    page.choose("#size", "")  # the original one: quick to refine
    page.run("document.getElementById('show-numbers').click()")
    page.look("adjust")
    page.click("#tab-style")
    page.click("#paint")
    page.until(lambda: "300 × 200" in page.text("#status"))

    # The slider, by keyboard.
    divider = page.find("#divider")
    before = int(divider.get_attribute("aria-valuenow"))
    divider.send_keys(Keys.ARROW_RIGHT * 5)
    assert int(divider.get_attribute("aria-valuenow")) == before + 10
    divider.send_keys(Keys.END)
    assert divider.get_attribute("aria-valuetext") == "100 % photo, 0 % painting"
    divider.send_keys(Keys.HOME)
    page.look("compared")
    page.run("document.getElementById('stage').focus()")
    page.find("#stage").send_keys("+")
    assert page.run("return document.getElementById('stage').classList.contains('zoomed')")
    page.look("zoomed")
    page.find("#stage").send_keys("0")

    # Finer.
    page.click("#finer")
    page.until(lambda: re.search(r"step [2-9]", page.text("#status")))
    numbers = r"loss [\d.e+]+ \(content \d+ %, style \d+ %\) · [\d.]+ steps a second · \d+ × \d+ · "
    assert re.match(numbers, page.text("#numbers"))
    page.look("finer")
    page.click("#stop")
    page.painted("Made finer")
    assert int(page.find("#way-range").get_attribute("max")) >= 2
    page.look("made-finer")
    newest = page.find("#painting").get_attribute("src")
    page.find("#way-range").send_keys(Keys.HOME)
    page.until(lambda: page.find("#painting").get_attribute("src") != newest)
    assert page.text("#way-step") == "one pass"
    page.find("#way-range").send_keys(Keys.ARROW_RIGHT)
    step = page.text("#way-step").split()[-1]
    page.click("#download summary")
    page.click("#get-step")  # a step on the way can be kept, too
    assert page.downloaded(f"holiday_starry-night_finer_{step}.jpg").read_bytes()[:2] == b"\xff\xd8"
    page.find("#way-range").send_keys(Keys.END)
    assert page.find("#get-step").get_attribute("hidden") is not None

    # Away with it: the file has its recipe inside.
    page.click("#download summary")
    page.look("download")
    page.click("#get-png")
    path = page.downloaded("holiday_starry-night_finer.png")
    recipe = Recipe.from_json(read_note(path) or "")
    assert recipe.content.name == "holiday.jpg"
    assert recipe.command().startswith("impasto optimize holiday.jpg starry-night")
    assert load_image(path).size == (300, 200)
    page.click("#film")
    assert page.downloaded("holiday_starry-night_finer.mp4").read_bytes()[4:8] == b"ftyp"

    page.click("#copy")
    assert page.text("#copy-command").count("impasto ") == 2
    assert "impasto.optimize(" in page.text("#copy-python")
    page.look("copy")
    page.click("#copy-dialog .close")

    # Everything that is kept, and one of it for longer.
    page.click("#open-mine")
    page.until(lambda: page.browser.find_elements(By.CSS_SELECTOR, "#mine-groups .star"))
    page.click("#mine-groups .star")
    page.until(lambda: page.find("#mine-groups .star").get_attribute("aria-pressed") == "true")
    page.look("my-pictures")
    count = len(page.browser.find_elements(By.CSS_SELECTOR, "#mine-groups .star"))
    page.click("#mine-groups li:nth-child(2) .bin")
    assert page.text("#mine-groups li:nth-child(2) .bin") == "Delete?"
    page.click("#mine-groups li:nth-child(2) .bin")
    page.until(
        lambda: len(page.browser.find_elements(By.CSS_SELECTOR, "#mine-groups .star")) == count - 1
    )
    page.click("#mine .close")

    # The page is found again as it was.
    page.browser.refresh()
    page.painted("Made finer")
    assert page.find('[data-style="starry-night"]').get_attribute("aria-pressed") == "true"


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize("page", ["queue", "phone"], indirect=True)
def test_styles_blends_and_masks(page: Page):
    page.painted()
    page.seen = str(page.run("return location.hash"))
    small = io.BytesIO()  # quick to paint, many times
    Image.open(assets.find("castle")).resize((360, 240)).save(small, "JPEG", quality=95)
    page.drop(small.getvalue(), "holiday.jpg")
    page.another()
    assert "holiday" in (page.find("#photo").get_attribute("alt") or "")
    page.click("#tab-adjust")
    page.choose("#size", "")  # the original one
    page.click("#tab-style")
    slide = (
        "const slider = document.getElementById('strength'); slider.value = arguments[0];"
        "slider.dispatchEvent(new Event('input'));"
        "return document.getElementById('painting').style.opacity"
    )
    assert page.run(slide, 40) == "0.4", "seen before it is painted"
    page.click("#paint")
    page.another()
    page.click("#copy")
    assert "--strength 0.4" in page.text("#copy-command")
    page.click("#copy-dialog .close")
    assert page.run(slide, 100) == "1"

    page.click('[data-style="great-wave"]')
    page.another()
    page.shows("Great Wave")

    page.run("document.querySelector('[data-add=poppies]').click()")
    assert page.find("#blend").is_displayed()
    page.look("blend")
    page.click("#paint")
    page.another()
    page.click("#copy")
    assert "great-wave:1,poppies:1" in page.text("#copy-command")
    page.click("#copy-dialog .close")

    page.click("#tab-adjust")
    page.look("adjust")
    page.choose("#style-map", "paint")
    canvas = page.find("#mask")
    drag = webdriver.ActionChains(page.browser)
    drag.move_to_element_with_offset(canvas, -60, -40).click_and_hold()
    drag.move_by_offset(60, 30).move_by_offset(20, 20).release().perform()
    page.look("mask")
    painted = "const c = document.getElementById('mask'); return c.toDataURL()"
    stroke = page.run(painted)
    page.click("#brush-clear")
    assert page.run(painted) != stroke
    page.click("#brush-undo")
    assert page.run(painted) == stroke
    page.run("document.getElementById('mask').focus()")
    keys = webdriver.ActionChains(page.browser)
    keys.send_keys(Keys.SPACE, *[Keys.ARROW_RIGHT] * 3, Keys.ARROW_DOWN, Keys.SPACE).perform()
    by_keys = page.run(painted)
    assert by_keys != stroke
    page.look("mask-keys")
    webdriver.ActionChains(page.browser).send_keys(*[Keys.ARROW_LEFT] * 9).perform()
    assert page.run(painted) == by_keys, "a brush that is lifted paints nothing"
    page.click("#brush-undo")
    assert page.run(painted) == stroke, "one stroke, one step back"
    page.find("body").send_keys(Keys.CONTROL, "z")
    assert not page.find("#brush-undo").is_enabled()
    page.find("body").send_keys(Keys.ESCAPE)  # nothing is painted
    assert not page.find("#brush").is_displayed()
    focused = "return document.activeElement.id + document.activeElement.value"
    assert page.run(focused) == "style-map"
    page.choose("#style-map", "paint")

    page.click("#brush-subject")
    page.until(lambda: "correct" in page.text("#brush-status"))
    page.look("subject")
    page.click("#brush-turn")
    page.look("turned")
    page.click("#brush-clear")
    page.click("#tool-box")
    box = webdriver.ActionChains(page.browser)
    box.move_to_element_with_offset(canvas, -60, -40).click_and_hold().move_by_offset(110, 80)
    box.release().perform()
    page.until(lambda: "correct" in page.text("#brush-status"))
    page.look("box")
    page.click("#brush-done")
    page.another()
    assert page.find("#map-hint").is_displayed()
    page.look("masked")
    page.click("#copy")
    assert "--style-map mask.png" in page.text("#copy-command")
    page.click("#copy-dialog .close")
    page.browser.refresh()  # the mask is there again
    page.painted()
    page.click("#tab-adjust")
    page.click("#map-hint button")
    covered = (
        f"{MASK} let n = 0; for (let at = 3; at < d.length; at += 4) n += d[at] > 128;"
        "return (4 * n) / d.length"
    )
    page.until(lambda: 0.002 < float(str(page.run(covered))) < 0.9)
    page.look("mask-again")
    page.click("#brush-done")
    page.another()

    # Three styles, each where it is painted.
    page.click("#tab-style")
    for style in ("kazusa", "harvest"):
        page.run(f"document.querySelector('[data-add={style}]').click()")
    page.click("#tab-adjust")
    page.choose("#style-map", "paint")
    canvas = page.find("#mask")
    for number, (left, top) in enumerate(((-70, -40), (20, 20))):
        page.run(f"document.querySelectorAll('#brush-styles input')[{number}].click()")
        drag = webdriver.ActionChains(page.browser)
        drag.move_to_element_with_offset(canvas, left, top).click_and_hold()
        drag.move_by_offset(40, 10).release().perform()
    page.look("three-painted")
    page.click("#brush-done")
    page.another()
    page.look("three-styles")
    page.click("#copy")
    assert "--regions mask.png" in page.text("#copy-command")
    page.click("#copy-dialog .close")
    page.browser.refresh()
    page.painted()
    page.click("#tab-adjust")
    page.click("#map-hint button")
    colors = (
        f"{MASK} const found = new Set();"
        "for (let at = 0; at < d.length; at += 4)"
        " if (d[at + 3] > 200) found.add([0, 1, 2].map((i) => Math.round(d[at + i] / 32)).join());"
        "return [...found]"
    )
    page.until(lambda: len(page.run(colors)) == 2)  # as they were painted
    page.look("three-again")
    page.click("#brush-done")
    page.another()

    # A painting of one's own, dropped on the controls.
    page.drop(photo_bytes(120, 90, seed=7), "mine.jpg", "#panel")
    page.another()
    page.shows("mine.jpg")
    page.click("#tab-style")
    page.look("own-painting")

    page.find("#search").send_keys("cafe gogh")
    shown = page.browser.find_elements(By.CSS_SELECTOR, "#gallery li:not([hidden]) [data-style]")
    assert [each.get_attribute("data-style") for each in shown] == ["cafe-terrace"]
    page.find("#search").send_keys(" x")
    assert page.text("#search-none").startswith("No style")
    page.look("search")
    page.run("const s = document.getElementById('search'); s.value = ''; s.oninput()")

    page.click("#all-styles")
    page.until(lambda: page.text("#sheet-status").startswith("Click one"))
    page.look("sheet")
    page.click('[data-sheet="poppies"]')
    page.another()
    page.shows("Poppies")


@pytest.mark.parametrize("page", ["phone"], indirect=True)
def test_what_goes_wrong_is_said(page: Page):
    page.painted()
    page.drop(b"this is no picture", "letter.jpg")
    page.until(lambda: "not a picture" in page.text("#problem"))
    page.look("bad-file")
    assert page.find("#paint").is_enabled()
    complaints = page.complaints()  # the browser reports the refusal itself
    assert len(complaints) == 1
    assert "422" in complaints[0]


@pytest.mark.parametrize("page", ["queue"], indirect=True)
def test_cancel_gives_the_last_picture_back(page: Page):
    page.painted()
    page.drop(photo_bytes(2100, 1400), "large.jpg")
    page.until(lambda: "large" in (page.find("#photo").get_attribute("alt") or ""))
    page.painted()
    page.until(lambda: page.find("#actions").is_displayed())
    before, picture = page.run("return location.hash"), page.find("#painting").get_attribute("src")
    page.click("#tab-adjust")
    page.choose("#size", "2048")
    page.click("#paint")
    page.until(lambda: page.find("#stop").is_displayed())
    page.click("#stop")
    page.until(lambda: page.text("#status") == "Cancelled.")
    assert page.find("#actions").is_displayed()
    assert page.run("return location.hash") == before
    assert page.find("#painting").get_attribute("src") == picture
    page.run("location.hash = '#../health'")
    page.browser.refresh()
    page.until(lambda: "not kept any more" in page.text("#problem"))
    page.painted()
    assert all("404" in each for each in page.complaints())


def test_a_restarted_server_is_found_again(tmp_path: Path):
    with ServerProcess(tmp_path / "web", "--port", "0") as server:
        page = Page(server.address, "queue", tmp_path)
        page.painted()
        page.click('[data-style="poppies"]')
        page.until(lambda: "Poppies" in (page.find("#painting").get_attribute("alt") or ""))
        page.painted()
        port = server.port
    page.click("#paint")
    page.until(lambda: "does not answer" in page.text("#status"))
    page.look("away")
    with ServerProcess(tmp_path / "web", "--port", str(port)):
        page.painted()
        page.shows("Poppies")
        page.browser.quit()


@pytest.mark.parametrize("page", ["queue", "phone"], indirect=True)
def test_the_camera_live(page: Page):
    """Chromium has a camera of its own for tests: a green picture with a clock."""
    page.painted()
    page.click("#open-live")
    page.until(lambda: "frames a second" in page.text("#live-status"))
    size = page.run("const c = document.getElementById('live-picture'); return [c.width, c.height]")
    assert size == [320, 240]
    page.look("live")
    page.choose("#live-style", "great-wave")
    page.choose("#live-size", "480")
    page.until(lambda: page.run("return document.getElementById('live-picture').width") == 480)
    page.look("live-larger")
    page.click("#live-keep")
    page.until(lambda: "camera" in (page.find("#photo").get_attribute("alt") or ""))
    page.painted()
    page.shows("Great Wave")
    assert not page.find("#live").is_displayed()


SEEN = """
const theirs = "pre, code, noscript, script, #mine-groups, #photos"; // names of people's own
const seen = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const { parentElement } = walker.currentNode;
  if (!parentElement.closest(theirs)) seen.push(walker.currentNode.data);
}
for (const name of ["aria-label", "title", "alt", "aria-valuetext"]) {
  for (const each of document.querySelectorAll(`[${name}]`)) {
    if (!each.closest(theirs)) seen.push(each.getAttribute(name));
  }
}
return [document.documentElement.lang, ...seen.map((each) => each.trim()).filter(Boolean)];
"""


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize("page", CHINESE, indirect=True)
def test_chinese_browsers_get_a_chinese_page(page: Page):
    def english() -> list[str]:
        language, *texts = page.run(SEEN)
        assert language == "zh"
        names = r"impasto|Python|PNG|JPEG|WebP|MP4|holiday\.jpg|https?|starry-night|kazusa"
        return [text for text in texts if re.search("[A-Za-z]{3}", re.sub(names, "", text))]

    page.painted("用时")
    page.look("opened")
    assert english() == []
    page.drop(photo_bytes(), "holiday.jpg")
    page.another_in("用时")
    page.run("document.querySelector('[data-style=kazusa]').click()")
    page.another_in("用时")
    page.run("document.querySelector('[data-add=great-wave]').click()")
    page.click("#tab-adjust")
    page.look("adjust")
    assert english() == []
    page.click("#all-styles")
    page.until(lambda: "点一幅" in page.text("#sheet-status"))
    page.look("sheet")
    page.click("#sheet .close")
    page.click("#open-mine")
    page.until(lambda: page.text("#mine-note"))
    page.look("mine")
    page.click("#mine .close")
    page.click("#open-live")
    page.until(lambda: "每秒" in page.text("#live-status"))
    page.click("#live .close")
    page.run("document.getElementById('copy').click()")
    page.look("copy")
    assert english() == []


@pytest.mark.parametrize("page", ["queue", "phone"], indirect=True)
def test_a_film(page: Page, tmp_path: Path):
    page.painted()
    clip = make_clip(tmp_path / "holiday.mp4", size=(160, 120), times=range(48))
    page.find("#photo-file").send_keys(str(clip))
    page.until(lambda: page.text("#status").startswith("Frame "))
    page.look("film-painting")
    page.until(lambda: page.find("#watch").is_displayed())
    assert "48 frames, 160 × 120" in page.text("#status")
    page.click("#watch")
    playing = "const v = document.getElementById('player-after'); return v.currentTime > 0.2"
    page.until(lambda: page.run(playing))
    page.click("#player-both")
    both = (
        "const [a, b] = ['player-before', 'player-after'].map((id) => document.getElementById(id));"
        "return !a.paused && Math.abs(a.currentTime - b.currentTime) < 0.3"
    )
    page.until(lambda: page.run(both))
    page.look("film-watched")
    page.click("#player .close")
    page.click("#download summary")
    page.click("#get-mp4")
    assert page.downloaded("holiday_starry-night.mp4").read_bytes()[4:8] == b"ftyp"
    page.browser.refresh()
    page.until(lambda: page.find("#watch").is_displayed())
