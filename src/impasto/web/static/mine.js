// My pictures: paintings, photos and learned styles that are kept on this computer.

import { get, post, remove } from "./api.js";
import { $, icon, make, tile } from "./dom.js";
import { t } from "./words.js";

const STAR = "M12 4l2.4 5 5.6.7-4.1 3.8 1.1 5.5-5-2.8-5 2.8 1.1-5.5L4 9.7l5.6-.7z";
const BIN = "M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12M10.5 10.5v5M13.5 10.5v5";
const SURE = 4000; // milliseconds in which a second click deletes

/** Do what can be refused, and say so. */
async function attempt(doing) {
  try {
    $("mine-status").textContent = "";
    await doing();
  } catch (error) {
    $("mine-status").textContent = error.message;
  }
}

export class Mine {
  /** What to do: `open(painting)`, `usePhoto(id)`, `choose(style)`, `removed(id)`; `keepHours()`. */
  constructor(doings) {
    Object.assign(this, doings);
    $("open-mine").onclick = () => {
      $("mine").showModal();
      attempt(() => this.draw());
    };
  }

  async draw() {
    const { paintings, pictures, styles } = await get("/api/mine");
    const groups = [
      [t("Paintings"), paintings.map((each) => this.painting(each))],
      [t("Photos and paintings to paint like"), pictures.map(({ id, name, width, height }) =>
        this.item(`/api/pictures/${id}`, id, name, `${width} × ${height}`, this.usePhoto))],
      [t("Learned styles"), styles.map(({ name, thumbnail }) =>
        this.item(`/api/styles/${encodeURIComponent(name)}`, name, name, t("learned here"), this.choose, { view: thumbnail }))],
    ].filter(([, tiles]) => tiles.length);
    $("mine-groups").replaceChildren(...groups.flatMap(([title, tiles]) =>
      [make("h3", { textContent: title }), make("ul", { className: "tiles small" }, ...tiles)]));
    const hours = Math.round(this.keepHours());
    $("mine-note").textContent = groups.length
      ? t("Kept for {0} h; what has a star, and learned styles, until you delete them.", hours)
      : t("Nothing yet: what you paint comes here.");
  }

  item(path, id, title, by, open, { view = `${path}/view?size=256`, star } = {}) {
    const button = tile(view, title, by, { title: `${title}, ${by}`, onclick: () => {
      $("mine").close();
      open(id);
    } });
    return make("li", {}, button, star, this.bin(path, id, title));
  }

  painting({ id, styles, photo, film, favorite }) {
    const [path, title] = [`/api/jobs/${id}`, styles.join(" + ")];
    const star = make("button", { type: "button", className: "star", "aria-pressed": favorite, title: t("Keep"), "aria-label": t("Keep {0}, {1}", title, photo), onclick: () => attempt(async () => {
      const on = star.getAttribute("aria-pressed") !== "true";
      await (on ? post : remove)(`${path}/favorite`);
      star.setAttribute("aria-pressed", on);
    }) }, icon(STAR));
    return this.item(path, id, title, film ? t("{0}, film", photo) : photo, this.open, { star });
  }

  /** Deletes with a second click: nothing is lost by one that went astray. */
  bin(path, id, title) {
    let timer = 0;
    const button = make("button", { type: "button", className: "bin", title: t("Delete"), "aria-label": t("Delete {0}", title) }, icon(BIN));
    const calm = () => {
      timer = clearTimeout(timer);
      button.replaceChildren(icon(BIN));
    };
    button.onblur = calm;
    button.onclick = () => {
      if (timer) return attempt(() => remove(path).then(() => this.removed(id)).then(() => this.draw()));
      button.replaceChildren(t("Delete?"));
      timer = setTimeout(calm, SURE);
    };
    return button;
  }
}
