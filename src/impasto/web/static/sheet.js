// All styles at once.

import { $, duration, make } from "./dom.js";
import { AWAY, follow, post } from "./api.js";
import { t } from "./words.js";

export class Sheet {
  constructor({ gallery, photo, expected, choose }) {
    this.gallery = gallery;
    this.photo = photo;
    this.expected = expected;
    this.choose = choose;
    this.of = null; // the photo that is shown
    $("all-styles").onclick = () => this.open();
    for (const dialog of document.querySelectorAll("dialog")) {
      dialog.querySelector(".close").onclick = () => dialog.close();
      dialog.addEventListener("click", (event) => {
        if (event.target === dialog) dialog.close(); // beside it
      });
    }
  }

  async open() {
    $("sheet").showModal();
    const photo = this.photo();
    if (this.of === photo.id) return;
    this.of = photo.id;
    this.draw(null);
    try {
      const job = await post("/api/jobs", { kind: "sheet", photo: photo.id });
      this.end?.();
      this.end = follow(job.id, (now) => this.draw(now), () => this.fail(AWAY));
      this.draw(job);
    } catch (error) {
      this.fail(error.message);
    }
  }

  fail(text) {
    this.of = null;
    $("sheet-status").textContent = text;
  }

  draw(job) {
    const styles = this.gallery.styles.filter((style) => !style.own);
    const urls = new Map(job?.tiles.map((tile) => [tile.name, tile.url]));
    const aspect = $("photo").naturalWidth / $("photo").naturalHeight || 1.5;
    const list = $("tiles");
    list.style.setProperty("--aspect", aspect);
    if (list.children.length !== styles.length || !job) {
      list.replaceChildren(...styles.map((style) => make("li", {}, make("button", { type: "button", className: "tile", "data-sheet": style.id, disabled: true, onclick: () => {
        $("sheet").close();
        this.choose(style.id, list.querySelector(`[data-sheet="${style.id}"] img`)?.src);
      } }, make("span", { className: "thumb waiting" }), make("b", { textContent: style.title }), make("small", { textContent: style.by })))));
    }
    for (const style of styles) {
      const button = list.querySelector(`[data-sheet="${style.id}"]`);
      if (!urls.has(style.id) || !button.disabled) continue;
      button.disabled = false;
      button.querySelector(".thumb").classList.remove("waiting");
      button.querySelector(".thumb").append(make("img", { src: urls.get(style.id), alt: t("The photo in the style of {0}", style.title) }));
    }
    this.tell(job, styles.length, urls.size);
  }

  tell(job, count, done) {
    const link = $("sheet-download");
    link.hidden = !job?.result;
    if (job?.result) link.href = `${job.result}?download=true`;
    const about = this.expected();
    const texts = {
      queued: job?.place ? t("Waiting: {0} before this", job.place) : t("Starting…"),
      working: t("{0} of {1}", Math.max(0, done - 1), count) + (about ? t(", about {0} in all on this computer", duration(about)) : ""),
      done: t("Click one to paint it large."),
    };
    $("sheet-status").textContent = job?.state === "failed" ? job.message : texts[job?.state ?? "queued"];
    if (job?.state === "failed") this.of = null;
  }
}
