// The camera through a style: frames go to the server one by one, and come back painted.

import { AWAY, parsed } from "./api.js";
import { $, make } from "./dom.js";
import { t } from "./words.js";

const RATE_OF = 12; // frames over which the rate is counted

export class Live {
  constructor({ gallery, save }) {
    this.gallery = gallery;
    this.save = save;
    this.stream = null;
    this.session = "";
    this.times = [];
    this.video = make("video", { muted: true, playsInline: true });
    this.small = document.createElement("canvas");
    $("open-live").onclick = () => this.open();
    $("live").addEventListener("close", () => this.end());
    $("live-keep").onclick = () => this.keep();
    $("live-camera").onchange = () => this.begin();
    document.addEventListener("visibilitychange", () => {
      if (this.stream && !document.hidden) this.next();
    });
  }

  async open() {
    const styles = this.gallery.styles.filter((style) => !style.own);
    $("live-style").replaceChildren(...styles.map((style) => make("option", { value: style.id, textContent: style.title })));
    const [chosen] = this.gallery.chosen;
    if (styles.some((style) => style.id === chosen?.id)) $("live-style").value = chosen.id;
    $("live").showModal();
    await this.begin();
  }

  async begin() {
    this.end();
    if (!navigator.mediaDevices) {
      return this.say(t("Browsers give the camera only to pages of this computer, or over https. Open the page at 127.0.0.1."), true);
    }
    this.say(t("Waiting for the camera…"));
    const facingMode = $("live-camera").value;
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { width: { ideal: 640 }, height: { ideal: 480 }, facingMode } });
    } catch (error) {
      const denied = error.name === "NotAllowedError";
      return this.say(denied ? t("The camera was not allowed. Allow it in the browser’s address bar, then open this again.") : t("There is no camera that can be used."), true);
    }
    if (!$("live").open) return this.end();
    this.session = crypto.randomUUID?.() ?? String(Math.random());
    this.times = [];
    this.video.srcObject = this.stream;
    await this.video.play();
    this.next();
  }

  end() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.video.srcObject = null;
    $("live-keep").disabled = true;
  }

  /** Send one frame, show what comes back, and go on. */
  async next() {
    const stream = this.stream;
    if (!stream || this.busy || document.hidden) return;
    this.busy = true;
    try {
      const painted = await this.painted();
      if (stream === this.stream && painted) this.show(painted);
    } catch (error) {
      this.say(error.message, true);
      this.end();
    } finally {
      this.busy = false;
    }
    if (this.stream) requestAnimationFrame(() => this.next());
  }

  async painted() {
    const side = Number($("live-size").value);
    const { videoWidth, videoHeight } = this.video;
    if (!videoWidth) return null;
    const scale = side / Math.max(videoWidth, videoHeight);
    this.small.width = Math.round(videoWidth * scale);
    this.small.height = Math.round(videoHeight * scale);
    this.small.getContext("2d").drawImage(this.video, 0, 0, this.small.width, this.small.height);
    const frame = await new Promise((done) => { this.small.toBlob(done, "image/jpeg", 0.9); });
    const query = new URLSearchParams({ style: $("live-style").value, session: this.session, strength: $("live-strength").value / 100 });
    let answer;
    try {
      answer = await fetch(`/api/live?${query}`, { method: "POST", headers: { "Content-Type": "image/jpeg" }, body: frame });
    } catch {
      throw new Error(AWAY);
    }
    if (answer.status === 429) return null; // another camera is at it
    if (!answer.ok) throw new Error(parsed(await answer.text())?.error ?? answer.statusText);
    return createImageBitmap(await answer.blob());
  }

  show(painted) {
    const canvas = $("live-picture");
    if (canvas.width !== painted.width || canvas.height !== painted.height) {
      canvas.width = painted.width;
      canvas.height = painted.height;
    }
    const context = canvas.getContext("2d");
    const mirrored = $("live-camera").value === "user";
    context.setTransform(mirrored ? -1 : 1, 0, 0, 1, mirrored ? canvas.width : 0, 0);
    context.drawImage(painted, 0, 0);
    painted.close();
    $("live-keep").disabled = false;
    this.times = [...this.times, performance.now()].slice(-RATE_OF);
    const seconds = (this.times.at(-1) - this.times[0]) / 1000;
    if (seconds) this.say(t("{0} frames a second", ((this.times.length - 1) / seconds).toFixed(0)));
  }

  /** The camera's picture, unpainted, becomes the photo. */
  async keep() {
    const { videoWidth, videoHeight } = this.video;
    const whole = make("canvas", { width: videoWidth, height: videoHeight });
    whole.getContext("2d").drawImage(this.video, 0, 0);
    const style = $("live-style").value;
    const blob = await new Promise((done) => { whole.toBlob(done, "image/jpeg", 0.95); });
    $("live").close();
    this.save(new File([blob], "camera.jpg", { type: "image/jpeg" }), style);
  }

  say(text, bad = false) {
    $("live-status").textContent = text;
    $("live-status").classList.toggle("bad", bad);
  }
}
