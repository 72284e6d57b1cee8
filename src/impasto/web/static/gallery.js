// The styles: one is chosen with a click, up to four are blended.

import { $, icon, make, tile } from "./dom.js";
import { t } from "./words.js";

const PLUS = "M12 5v14M5 12h14";

export class Gallery {
  /** Call `changed()` when the choice changes, and `one()` when a single style was picked. */
  constructor({ styles, most, changed, picked }) {
    this.styles = styles; // {id, title, by, thumbnail, own}
    this.most = most;
    this.changed = changed;
    this.picked = picked;
    this.chosen = []; // {id, weight}
    $("search").oninput = () => this.search();
    $("search").hidden = styles.length < 8;
    this.draw();
  }

  find(id) {
    return this.styles.find((style) => style.id === id);
  }

  /** The painting of the person's own that alone is chosen; undefined if there is none. */
  get ownPainting() {
    return this.chosen.length === 1 ? [this.find(this.chosen[0].id)].find((style) => style?.own) : undefined;
  }

  /** A painting has become a style: take over all named styles, and choose it. */
  learned(styles, id, painting) {
    const rest = this.styles.filter((style) => style.own && style.id !== painting);
    this.styles = [...rest, ...styles];
    this.draw();
    this.choose(id);
  }

  /** Add a painting of the person's own and choose it. */
  addOwn(picture) {
    this.add(picture);
    this.choose(picture.id);
  }

  add(picture) {
    this.styles.unshift({
      id: picture.id,
      title: picture.name,
      by: t("your painting"),
      thumbnail: `/api/pictures/${picture.id}/view?size=256`,
      own: true,
    });
    this.draw();
  }

  /** A painting or a learned style was deleted. */
  forget(id) {
    if (!this.find(id)) return;
    this.styles = this.styles.filter((style) => style.id !== id);
    this.chosen = this.chosen.filter((share) => share.id !== id);
    if (!this.chosen.length) this.chosen = [{ id: this.styles.at(-1).id, weight: 1 }];
    this.draw();
  }

  choose(id) {
    this.set([{ id, weight: 1 }]);
    this.picked();
  }

  set(chosen) {
    this.chosen = chosen;
    this.mark();
    this.changed();
  }

  toggle(id) {
    const without = this.chosen.filter((share) => share.id !== id);
    if (without.length === this.chosen.length) {
      if (without.length >= this.most) return;
      without.push({ id, weight: 1 });
    }
    if (without.length) this.set(without);
  }

  /** As the API wants it. */
  shares() {
    return this.chosen.map(({ id, weight }) => ({ [this.find(id)?.own ? "picture" : "style"]: id, weight }));
  }

  draw() {
    const own = make("li", {}, make("button", { type: "button", className: "tile", id: "own-painting", onclick: () => $("painting-file").click() },
      make("span", { className: "thumb own" }, icon(PLUS)), make("b", { textContent: t("Your own painting") }), make("small", { textContent: t("any picture") })));
    $("gallery").replaceChildren(own, ...this.styles.map((style) => this.tile(style)));
    this.mark();
    this.search();
  }

  /** Show the styles whose title or painter has the words that are looked for. */
  search() {
    const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    const words = plain($("search").value).split(" ");
    for (const [index, { id, title, by }] of this.styles.entries()) {
      const text = plain(`${id} ${title} ${by}`);
      $("gallery").children[index + 1].hidden = !words.every((word) => text.includes(word));
    }
    const none = [...$("gallery").children].slice(1).every((item) => item.hidden);
    $("search-none").textContent = none ? t("No style is called so. Bring the painting itself.") : "";
  }

  tile(style) {
    const button = tile(style.thumbnail, style.title, style.by, { onclick: () => this.choose(style.id), "data-style": style.id, "aria-pressed": "false" });
    const add = make("button", { type: "button", className: "add", title: t("Blend"), onclick: () => this.toggle(style.id), "data-add": style.id, "aria-label": t("Blend {0} in", style.title) }, icon(PLUS));
    return make("li", {}, button, add);
  }

  mark() {
    for (const button of document.querySelectorAll("[data-style]")) {
      button.setAttribute("aria-pressed", this.chosen.some((share) => share.id === button.dataset.style));
    }
    for (const add of document.querySelectorAll("[data-add]")) {
      const is = this.chosen.some((share) => share.id === add.dataset.add);
      add.setAttribute("aria-pressed", is && this.chosen.length > 1);
      add.disabled = !is && this.chosen.length >= this.most;
      add.hidden = is && this.chosen.length === 1;
      add.replaceChildren(icon(is ? "M5 12h14" : PLUS));
    }
    this.drawBlend();
  }

  drawBlend() {
    const box = $("blend");
    box.hidden = this.chosen.length < 2;
    if (box.hidden) return box.replaceChildren();
    const total = () => this.chosen.reduce((sum, share) => sum + share.weight, 0) || 1;
    const outputs = [];
    const tellShares = () => outputs.forEach(([output, share]) => {
      output.textContent = `${Math.round((100 * share.weight) / total())} %`;
    });
    box.replaceChildren(...this.chosen.map((share) => {
      const style = this.find(share.id);
      const output = make("output");
      outputs.push([output, share]);
      return make("div", { className: "line" },
        make("img", { src: style.thumbnail, alt: "" }),
        make("span", { className: "name", textContent: style.title }),
        make("input", { type: "range", min: 0.05, max: 1, step: 0.05, value: share.weight, "aria-label": t("How much of {0}", style.title), oninput: (event) => {
          share.weight = Number(event.target.value);
          tellShares();
          this.changed();
        } }),
        output,
        make("button", { type: "button", "aria-label": t("Take {0} out", style.title), onclick: () => this.toggle(share.id) }, icon("M6 6l12 12M18 6L6 18")));
    }));
    tellShares();
  }
}
