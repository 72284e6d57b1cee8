// The way from coarse to fine: the kept previews under a slider, and the film of them.

import { $ } from "./dom.js";
import { t } from "./words.js";

export class Way {
  /** Call `show(stop)` with what the slider stands on. */
  constructor(show) {
    this.show = show;
    this.stops = [];
    this.name = "";
    this.follows = true;
    $("way-range").addEventListener("input", () => {
      this.follows = Number($("way-range").value) === this.stops.length - 1;
      this.tell();
      this.show(this.stops[$("way-range").value]);
    });
  }

  /** Take over a job's previews. */
  update(job) {
    this.name = job.output;
    this.stops = job.frames.map((frame) => ({ url: frame.url, step: frame.step }));
    if (job.result) this.stops.push({ url: job.result, step: job.step, last: true });
    $("way").hidden = this.stops.length < 2;
    const range = $("way-range");
    range.max = Math.max(1, this.stops.length - 1);
    if (this.follows) range.value = range.max;
    $("film").hidden = !(job.result && job.has_film);
    $("film").href = `/api/jobs/${job.id}/film`;
    this.tell();
  }

  reset() {
    this.follows = true;
    this.stops = [];
    $("way").hidden = $("get-step").hidden = true;
  }

  tell() {
    const stop = this.stops[$("way-range").value];
    if (!stop) return;
    const text = stop.last ? t("finest") : stop.step ? t("step {0}", stop.step) : t("one pass");
    $("way-step").textContent = text;
    $("get-step").hidden = stop.last;
    $("get-step").href = stop.url;
    $("get-step").firstChild.data = `${text} `;
    $("get-step").download = this.name.replace(/\.png$/, `_${stop.step ?? 0}.jpg`);
    $("way-range").setAttribute("aria-valuetext", text);
  }
}
