// Painting where the style goes: white on black, as the style map wants it.

import { $, clamp } from "./dom.js";

const LONG_SIDE = 1024;

export class Mask {
  constructor(stage, done) {
    this.stage = stage;
    this.canvas = $("mask");
    this.done = done;
    this.drawn = false;
    this.before = null;
    this.listen();
  }

  /** Begin to paint, on what was painted before if the picture still has that shape. */
  open() {
    const aspect = this.stage.aspect;
    const width = Math.round(aspect >= 1 ? LONG_SIDE : LONG_SIDE * aspect);
    const height = Math.round(aspect >= 1 ? LONG_SIDE / aspect : LONG_SIDE);
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.drawn = false;
    }
    this.canvas.hidden = $("brush").hidden = false;
    document.body.classList.add("masking");
    this.stage.fit();
    this.split = this.stage.split;
    this.stage.setSplit(0);
    $("brush").querySelector("input").focus({ preventScroll: true, focusVisible: false });
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

  /** The mask as a PNG file. */
  async file() {
    const flat = document.createElement("canvas");
    flat.width = this.canvas.width;
    flat.height = this.canvas.height;
    const context = flat.getContext("2d");
    context.drawImage(this.canvas, 0, 0);
    context.globalCompositeOperation = "source-in"; // the brush's colour becomes white
    context.fillStyle = "#fff";
    context.fillRect(0, 0, flat.width, flat.height);
    context.globalCompositeOperation = "destination-over";
    context.fillStyle = "#000";
    context.fillRect(0, 0, flat.width, flat.height);
    const blob = await new Promise((resolve) => flat.toBlob(resolve, "image/png"));
    return new File([blob], "mask.png", { type: "image/png" });
  }

  dab(x, y) {
    const context = this.canvas.getContext("2d");
    const radius = ($("brush-width").value / 200) * Math.max(this.canvas.width, this.canvas.height);
    const erases = document.querySelector('input[name="tool"]:checked').value === "erase";
    context.globalCompositeOperation = erases ? "destination-out" : "source-over";
    const soft = context.createRadialGradient(x, y, radius * 0.6, x, y, radius);
    soft.addColorStop(0, "rgb(80 140 255 / 100%)");
    soft.addColorStop(1, "rgb(80 140 255 / 0%)");
    context.fillStyle = soft;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
    if (!erases) this.drawn = true;
  }

  stroke(event) {
    const [u, v] = this.stage.place(event);
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

  listen() {
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.before = null;
      this.stroke(event);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (this.canvas.hasPointerCapture(event.pointerId)) this.stroke(event);
    });
    this.canvas.addEventListener("pointerup", () => { this.before = null; });
    $("brush-clear").onclick = () => this.clear();
    $("brush-done").onclick = () => {
      this.close();
      this.done();
    };
    $("brush").addEventListener("keydown", (event) => {
      if (event.key === "Escape") $("brush-done").click();
    });
  }
}
