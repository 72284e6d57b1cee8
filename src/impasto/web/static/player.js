// A painted film: watched alone, or beside the original, frame beside frame.

import { $ } from "./dom.js";

export class Player {
  /** `job()` is the painting that is shown. */
  constructor({ job }) {
    this.after = $("player-after");
    this.before = $("player-before");
    $("watch").onclick = () => this.open(job());
    $("player-both").onchange = () => this.both();
    $("player").addEventListener("close", () => this.stop());
    for (const name of ["play", "pause", "seeked", "ratechange"]) this.after.addEventListener(name, () => this.follow());
  }

  open(job) {
    if (this.after.getAttribute("src") !== job.video) {
      this.after.src = job.video;
      this.before.src = `/api/pictures/${job.photo.id}/film`;
    }
    $("player").showModal();
    this.both();
    this.after.play().catch(() => {}); // with sound, browsers wait for a click
  }

  stop() {
    this.after.pause();
    this.before.pause();
  }

  both() {
    this.before.hidden = !$("player-both").checked;
    this.follow();
  }

  /** The original does what the painted film does. */
  follow() {
    const { before, after } = this;
    if (before.hidden) return before.pause();
    if (Math.abs(before.currentTime - after.currentTime) > 0.08) before.currentTime = after.currentTime;
    before.playbackRate = after.playbackRate;
    if (after.paused) before.pause();
    else before.play().catch(() => {});
  }
}
