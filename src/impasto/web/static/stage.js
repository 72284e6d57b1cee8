// The picture: photo below, painting above, a divider between them, zoom and pan for both.

import { $, clamp } from "./dom.js";
import { t } from "./words.js";

const MAX_ZOOM = 12;

export class Stage {
  constructor() {
    this.stage = $("stage");
    this.layers = $("layers");
    this.divider = $("divider");
    this.aspect = 1.5;
    this.pixels = 0; // width of the painting
    this.zoom = 1;
    this.x = 0; // of the layers' upper left corner
    this.y = 0;
    this.split = 0.32; // share of the visible picture that shows the photo
    this.fingers = new Map();
    this.shown = 0;
    new ResizeObserver(() => this.layout()).observe(this.stage);
    this.listen();
  }

  /** Show a photo below. */
  async photo(url, text) {
    const image = $("photo");
    image.alt = text;
    await this.load(url);
    image.src = url;
    if (!$("painting").src) this.measure(image);
  }

  /** Show a painting above; an empty address leaves the photo alone. */
  async painting(url, text) {
    const turn = ++this.shown;
    const image = $("painting");
    if (!url) {
      image.removeAttribute("src");
      image.alt = "";
      this.measure($("photo"));
      return;
    }
    await this.load(url);
    if (turn !== this.shown) return; // a newer one has come meanwhile
    image.src = url;
    image.alt = text;
    this.blend(1);
    await image.decode().catch(() => {});
    this.measure(image);
  }

  /** Let the photo show through: 1 is the painting as it is. */
  blend(share) {
    $("painting").style.opacity = share;
  }

  load(url) {
    const image = new Image();
    image.src = url;
    return image.decode().catch(() => {});
  }

  measure(image) {
    if (!image.naturalWidth) return;
    this.aspect = image.naturalWidth / image.naturalHeight;
    this.pixels = image.naturalWidth;
    this.layout();
  }

  busy(is) {
    this.stage.classList.toggle("busy", is);
  }

  /** Place everything. */
  layout() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (!width || !height) return;
    this.width = Math.min(width, height * this.aspect);
    this.height = this.width / this.aspect;
    const w = this.width * this.zoom;
    const h = this.height * this.zoom;
    this.x = w <= width ? (width - w) / 2 : clamp(this.x, width - w, 0);
    this.y = h <= height ? (height - h) / 2 : clamp(this.y, height - h, 0);
    this.layers.style.width = `${this.width}px`;
    this.layers.style.height = `${this.height}px`;
    this.layers.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.zoom})`;
    this.stage.classList.toggle("zoomed", this.zoom > 1.001);
    this.stage.classList.toggle("sharp", this.zoom * this.width > this.pixels * 3);
    this.cut();
  }

  /** The part of the picture that can be seen: left edge and width, in the stage. */
  visible() {
    const left = Math.max(0, this.x);
    const right = Math.min(this.stage.clientWidth, this.x + this.width * this.zoom);
    return [left, right - left];
  }

  cut() {
    const [left, width] = this.visible();
    const at = left + this.split * width;
    const share = (at - this.x) / (this.width * this.zoom);
    const top = Math.max(0, this.y);
    const bottom = Math.min(this.stage.clientHeight, this.y + this.height * this.zoom);
    const has = Boolean($("painting").src);
    $("painting").style.setProperty("--cut", `${clamp(share, 0, 1) * 100}%`);
    this.divider.hidden = !has || !$("mask").hidden;
    this.divider.style.left = `${at}px`;
    this.divider.style.top = `${top}px`;
    this.divider.style.height = `${bottom - top}px`;
    const percent = Math.round(this.split * 100);
    this.divider.setAttribute("aria-valuenow", percent);
    this.divider.setAttribute("aria-valuetext", t("{0} % photo, {1} % painting", percent, 100 - percent));
    const zoom = document.querySelector(".zoom").style;
    zoom.top = `${top + 10}px`;
    zoom.right = `${this.stage.clientWidth - left - width + 10}px`;
    const tags = { "tag-photo": [at > left + 76, left + 10, null], "tag-painting": [at < left + width - 96, null, this.stage.clientWidth - left - width + 10] };
    for (const [id, [fits, l, r]] of Object.entries(tags)) {
      const tag = $(id);
      tag.style.opacity = has && fits && $("mask").hidden ? 1 : 0;
      tag.style.left = l === null ? "auto" : `${l}px`;
      tag.style.right = r === null ? "auto" : `${r}px`;
      tag.style.top = `${bottom - 34}px`;
    }
  }

  setSplit(share) {
    this.split = clamp(share, 0, 1);
    this.cut();
  }

  /** Zoom by a factor around a place in the stage. */
  zoomBy(factor, px = this.stage.clientWidth / 2, py = this.stage.clientHeight / 2) {
    const zoom = clamp(this.zoom * factor, 1, MAX_ZOOM);
    const real = zoom / this.zoom;
    this.x = px - (px - this.x) * real;
    this.y = py - (py - this.y) * real;
    this.zoom = zoom;
    this.layout();
  }

  fit() {
    this.zoom = 1;
    this.layout();
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.layout();
  }

  /** Where in the picture an event is, both from 0 to 1. */
  place(event) {
    const box = this.layers.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  listen() {
    $("zoom-in").onclick = () => this.zoomBy(1.5);
    $("zoom-out").onclick = () => this.zoomBy(1 / 1.5);
    $("zoom-fit").onclick = () => this.fit();
    this.stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = this.stage.getBoundingClientRect();
      this.zoomBy(Math.exp(-event.deltaY * 0.0016), event.clientX - box.left, event.clientY - box.top);
    }, { passive: false });
    this.stage.addEventListener("dblclick", (event) => {
      if (event.target.closest("button, .divider") || !$("mask").hidden) return;
      const box = this.stage.getBoundingClientRect();
      if (this.zoom > 1) this.fit();
      else this.zoomBy(2.5, event.clientX - box.left, event.clientY - box.top);
    });
    this.stage.addEventListener("keydown", (event) => this.key(event));
    this.listenToDivider();
    this.listenToFingers();
  }

  key(event) {
    if (event.target !== this.stage) return;
    const step = 60;
    const moves = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (event.key === "+" || event.key === "=") this.zoomBy(1.5);
    else if (event.key === "-") this.zoomBy(1 / 1.5);
    else if (event.key === "0") this.fit();
    else if (moves[event.key]) this.pan(...moves[event.key]);
    else return;
    event.preventDefault();
  }

  listenToDivider() {
    this.divider.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -0.02, ArrowDown: -0.02, ArrowRight: 0.02, ArrowUp: 0.02, PageDown: -0.1, PageUp: 0.1, Home: -1, End: 1 };
      if (!(event.key in steps)) return;
      event.preventDefault();
      this.setSplit(this.split + steps[event.key]);
    });
    this.divider.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      event.preventDefault();
      this.divider.focus({ preventScroll: true, focusVisible: false });
      this.divider.setPointerCapture(event.pointerId);
    });
    this.divider.addEventListener("pointermove", (event) => {
      if (!this.divider.hasPointerCapture(event.pointerId)) return;
      const [left, width] = this.visible();
      this.setSplit((event.clientX - this.stage.getBoundingClientRect().left - left) / width);
    });
  }

  /** One finger or the mouse pans, two fingers zoom. */
  listenToFingers() {
    const fingers = this.fingers;
    this.stage.addEventListener("pointerdown", (event) => {
      if (event.target.closest("button") || !$("mask").hidden) return;
      fingers.set(event.pointerId, [event.clientX, event.clientY]);
      this.stage.setPointerCapture(event.pointerId);
    });
    this.stage.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      const now = [event.clientX, event.clientY];
      if (fingers.size === 2) {
        const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
        const apart = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
        const box = this.stage.getBoundingClientRect();
        const middle = [(now[0] + other[0]) / 2 - box.left, (now[1] + other[1]) / 2 - box.top];
        this.zoomBy(apart(now, other) / Math.max(1, apart(before, other)), ...middle);
        this.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
      } else if (this.zoom > 1) {
        this.pan(now[0] - before[0], now[1] - before[1]);
      }
      fingers.set(event.pointerId, now);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      this.stage.addEventListener(name, (event) => fingers.delete(event.pointerId));
    }
  }
}
