// Painting where the style goes: white on black, as the style map wants it.

import { blob } from "./api.js";
import { $, clamp, make } from "./dom.js";
import { t } from "./words.js";

const LONG_SIDE = 1024;
// Hardly any photo or painting has the first; the server takes all from a map for several styles.
const COLORS = ["rgb(255 40 150)", "rgb(0 200 255)", "rgb(255 190 0)"];
const UNDONE = 20; // steps back, at most
const FEW = 0.005; // of the picture: a smaller box was a slip of the hand

const tool = () => document.querySelector('input[name="tool"]:checked').value;

export class Mask {
  /** `photo` returns the photo's id, `styles` the chosen titles; `done` and `left` tell of the end. */
  constructor(stage, { photo, styles, done, left }) {
    this.stage = stage;
    this.photo = photo;
    this.styles = styles;
    this.many = false; // more than two styles, each with a color
    this.color = COLORS[0];
    this.canvas = $("mask");
    this.done = done;
    this.left = left;
    this.drawn = false;
    this.past = []; // what was drawn before, to go back to
    this.before = null;
    this.corner = null; // where a box begins
    this.isDown = false;
    this.at = [0.5, 0.5]; // where the brush of the keyboard is
    this.listen();
  }

  /** What needs a package is offered if the server has it. */
  offer(finds) {
    for (const id of ["tool-box", "brush-subject", "brush-faces"]) $(id).hidden = !finds;
  }

  /** Begin to paint, on what was painted before: on this canvas, or kept by the server. */
  open(kept) {
    const aspect = this.stage.aspect;
    const width = Math.round(aspect >= 1 ? LONG_SIDE : LONG_SIDE * aspect);
    const height = Math.round(aspect >= 1 ? LONG_SIDE / aspect : LONG_SIDE);
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.drawn = false;
    }
    this.past = [];
    this.tellPast();
    this.offerStyles();
    if (kept && !this.drawn) this.load(`/api/pictures/${kept}/view?size=${LONG_SIDE}`);
    this.canvas.hidden = $("brush").hidden = false;
    document.body.classList.add("masking");
    this.stage.fit();
    this.split = this.stage.split;
    this.stage.setSplit(1); // on the photo, where one sees what is where
    $("brush-status").textContent = "";
    $("brush").querySelector("input").focus({ preventScroll: true, focusVisible: false });
  }

  /** More than two styles: the brush has a color for each but the first, which has the rest. */
  offerStyles() {
    const others = this.styles().slice(1);
    this.many = others.length > 1;
    [this.color] = COLORS;
    $("brush-styles").hidden = !this.many;
    $("brush-turn").hidden = this.many;
    $("brush-styles").replaceChildren(...others.map((title, index) => {
      const swatch = make("i");
      swatch.style.background = COLORS[index];
      const input = make("input", { type: "radio", name: "region", checked: !index, onchange: () => { this.color = COLORS[index]; } });
      return make("label", {}, input, make("span", {}, swatch, title));
    }));
  }

  close() {
    this.canvas.hidden = $("brush").hidden = true;
    document.body.classList.remove("masking");
    this.stage.setSplit(this.split);
  }

  clear() {
    this.canvas.getContext("2d").clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.drawn = false;
  }

  /** Keep what is drawn: the next change can be undone. */
  remember() {
    const { width, height } = this.canvas;
    const copy = this.canvas.cloneNode();
    copy.getContext("2d").drawImage(this.canvas, 0, 0, width, height);
    this.past = [...this.past, [copy, this.drawn]].slice(-UNDONE);
    this.tellPast();
  }

  undo() {
    const last = this.past.pop();
    if (!last) return;
    this.clear();
    const context = this.canvas.getContext("2d");
    context.globalCompositeOperation = "source-over";
    context.drawImage(last[0], 0, 0);
    [, this.drawn] = last;
    this.tellPast();
  }

  tellPast() {
    $("brush-undo").disabled = !this.past.length;
  }

  turn() {
    this.remember();
    const context = this.canvas.getContext("2d");
    context.globalCompositeOperation = "source-out"; // what was free is filled
    context.fillStyle = this.color;
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    context.globalCompositeOperation = "source-over";
    this.drawn = true;
  }

  /** Add what the server finds: the subject, in a box if there is one, or faces. */
  async find(what, box = []) {
    const status = $("brush-status");
    status.textContent = t("Looking…");
    const asked = new URLSearchParams([["what", what], ...box.map((share) => ["box", share.toFixed(4)])]);
    if (await this.load(`/api/pictures/${this.photo()}/mask?${asked}`)) status.textContent = t("Brush and eraser correct it.");
  }

  /** Add a map of the server's, white where the style goes; returns whether that was possible. */
  async load(address) {
    try {
      const found = await createImageBitmap(await blob(address));
      this.remember();
      const layer = document.createElement("canvas");
      layer.width = this.canvas.width;
      layer.height = this.canvas.height;
      const context = layer.getContext("2d");
      context.drawImage(found, 0, 0, layer.width, layer.height);
      const pixels = context.getImageData(0, 0, layer.width, layer.height);
      const palette = COLORS.map((color) => color.match(/\d+/g).map(Number));
      const own = palette[COLORS.indexOf(this.color)];
      for (let at = 0; at < pixels.data.length; at += 4) {
        const seen = pixels.data.subarray(at, at + 3);
        const light = Math.max(...seen); // white becomes the brush's color, black nothing
        const apart = (color) => color.reduce((sum, value, index) => sum + Math.abs(value - (seen[index] * 255) / light), 0);
        const color = this.many && Math.min(...seen) < light / 2 ? palette.reduce((a, b) => (apart(a) <= apart(b) ? a : b)) : own;
        pixels.data.set([...color, light], at);
      }
      context.putImageData(pixels, 0, 0);
      const target = this.canvas.getContext("2d");
      target.globalCompositeOperation = "source-over";
      target.drawImage(layer, 0, 0);
      this.drawn = true;
    } catch (error) {
      $("brush-status").textContent = error.message;
      return false;
    }
    return true;
  }

  /** The mask as a PNG file. */
  async file() {
    const flat = document.createElement("canvas");
    flat.width = this.canvas.width;
    flat.height = this.canvas.height;
    const context = flat.getContext("2d");
    context.drawImage(this.canvas, 0, 0);
    if (!this.many) {
      context.globalCompositeOperation = "source-in"; // the brush's color becomes white
      context.fillStyle = "#fff";
      context.fillRect(0, 0, flat.width, flat.height);
    }
    context.globalCompositeOperation = "destination-over";
    context.fillStyle = "#000";
    context.fillRect(0, 0, flat.width, flat.height);
    const blob = await new Promise((resolve) => flat.toBlob(resolve, "image/png"));
    return new File([blob], "mask.png", { type: "image/png" });
  }

  dab(x, y) {
    const context = this.canvas.getContext("2d");
    const radius = ($("brush-width").value / 200) * Math.max(this.canvas.width, this.canvas.height);
    const erases = tool() === "erase";
    context.globalCompositeOperation = erases ? "destination-out" : "source-over";
    const soft = context.createRadialGradient(x, y, radius * 0.6, x, y, radius);
    soft.addColorStop(0, this.color);
    soft.addColorStop(1, this.color.replace(")", " / 0%)"));
    context.fillStyle = soft;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
    if (!erases) this.drawn = true;
  }

  stroke([u, v]) {
    const now = [u * this.canvas.width, v * this.canvas.height];
    const from = this.before ?? now;
    const radius = ($("brush-width").value / 200) * this.canvas.width;
    const steps = Math.ceil(Math.hypot(now[0] - from[0], now[1] - from[1]) / Math.max(1, radius / 4));
    for (let step = 1; step <= Math.max(1, steps); step += 1) {
      const share = clamp(step / Math.max(1, steps), 0, 1);
      this.dab(from[0] + (now[0] - from[0]) * share, from[1] + (now[1] - from[1]) * share);
    }
    this.before = now;
  }

  /** Show the box from the first corner to a place; returns it in shares of the picture. */
  frame(place) {
    const [u, v] = place.map((share) => clamp(share, 0, 1));
    const [left, top] = [Math.min(u, this.corner[0]), Math.min(v, this.corner[1])].map((share) => clamp(share, 0, 1));
    const [width, height] = [Math.max(u, this.corner[0]) - left, Math.max(v, this.corner[1]) - top].map((share) => clamp(share, 0, 1));
    this.outline(left, top, width, height);
    return [left, top, width, height];
  }

  outline(left, top, width, height, isBrush = false) {
    const frame = $("mask-box");
    frame.hidden = false;
    frame.classList.toggle("ring", isBrush);
    Object.assign(frame.style, { left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * width}%`, height: `${100 * height}%` });
  }

  /** The brush touches the photo, or a box begins. */
  begin(place) {
    this.isDown = true;
    this.before = null;
    this.corner = tool() === "box" ? place : null;
    if (!this.corner) this.remember();
    this.go(place);
  }

  go(place) {
    if (this.corner) this.frame(place);
    else this.stroke(place);
  }

  end(place) {
    const box = place && this.corner && this.frame(place);
    this.isDown = false;
    this.before = this.corner = null;
    $("mask-box").hidden = true;
    if (box && box[2] * box[3] >= FEW) this.find("subject", box);
  }

  /** Without a pointer: arrow keys move the brush, the space bar sets it down and lifts it. */
  key(event) {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], " ": [0, 0] }[event.key];
    if (!move) return;
    event.preventDefault();
    const sides = [this.canvas.width, this.canvas.height];
    const [u, v] = sides.map((side) => (($("brush-width").value / 200) * Math.max(...sides)) / side); // its radius
    this.at = [clamp(this.at[0] + (move[0] * u) / 2, 0, 1), clamp(this.at[1] + (move[1] * v) / 2, 0, 1)];
    if (event.key === " " && !event.repeat) this[this.isDown ? "end" : "begin"](this.at);
    else if (this.isDown) this.go(this.at);
    if (!this.corner) this.outline(this.at[0] - u, this.at[1] - v, 2 * u, 2 * v, true);
  }

  listen() {
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.begin(this.stage.place(event));
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (this.canvas.hasPointerCapture(event.pointerId)) this.go(this.stage.place(event));
    });
    this.canvas.addEventListener("pointerup", (event) => this.end(this.stage.place(event)));
    this.canvas.addEventListener("pointercancel", () => this.end());
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("blur", () => this.end());
    $("brush-subject").onclick = () => this.find("subject");
    $("brush-faces").onclick = () => this.find("faces");
    $("brush-turn").onclick = () => this.turn();
    $("brush-undo").onclick = () => this.undo();
    $("brush-clear").onclick = () => {
      this.remember();
      this.clear();
    };
    $("brush-done").onclick = () => {
      this.close();
      this.done();
    };
    document.addEventListener("keydown", (event) => {
      if ($("brush").hidden) return;
      if (event.key === "Escape") {
        this.close();
        this.left();
      }
      if (event.key !== "z" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      this.undo();
    });
  }
}
