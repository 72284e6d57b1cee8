// The command and the Python lines that paint a picture again.

import { $, make } from "./dom.js";
import { t } from "./words.js";

const WHAT = {
  photo: t("is your photo. "),
  painting: t("is your painting. "),
  style_map: t("is where the style goes. "),
};

export function listenForCopy(current) {
  $("copy").onclick = () => {
    const job = current();
    $("copy-command").textContent = job.command;
    $("copy-python").textContent = job.python;
    const needs = job.needs.map((need) => make("li", {},
      make("code", { textContent: need.name }), ` ${WHAT[need.role]}`,
      need.url ? make("a", { href: need.url, download: need.name, textContent: t("save a copy") }) : ""));
    $("copy-needs").replaceChildren(...(needs.length ? [make("p", { textContent: t("In the folder where you run it:") }), make("ul", {}, ...needs)] : []));
    $("copy-dialog").showModal();
  };
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.onclick = async () => {
      const from = $(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(from.textContent);
        button.textContent = t("Copied");
      } catch { // no permission, or not a secure address
        getSelection().selectAllChildren(from);
        button.textContent = t("Selected");
      }
      setTimeout(() => { button.textContent = t("Copy"); }, 2000);
    };
  }
}
