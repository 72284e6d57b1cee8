// Tabs, fields, and what they say together.

import { $, duration, make } from "./dom.js";
import { t } from "./words.js";

const SIZES = [512, 768, 1024, 1536, 2048, 3072];
const LARGEST_WHOLE = 4096;

export function listenForTabs() {
  const tabs = [...document.querySelectorAll('[role="tab"]')];
  const select = (tab) => {
    for (const each of tabs) {
      const is = each === tab;
      each.setAttribute("aria-selected", is);
      each.tabIndex = is ? 0 : -1;
      $(each.getAttribute("aria-controls")).hidden = !is;
    }
    tab.focus();
  };
  for (const [index, tab] of tabs.entries()) {
    tab.onclick = () => select(tab);
    tab.onkeydown = (event) => {
      if (event.key === "ArrowRight" || event.key === "ArrowLeft") select(tabs[(index + 1) % tabs.length]);
    };
  }
}

/** Offer the sizes that make sense for a photo; keep the chosen one if it is still there. */
export function offerSizes(photo) {
  const long = Math.max(photo.width, photo.height);
  const before = $("size").value || "768";
  const names = { 512: t("small, 512"), 768: t("medium, 768"), 1024: t("large, 1024") };
  const sizes = SIZES.filter((size) => size <= Math.max(long, 1024));
  const options = sizes.map((size) => make("option", { value: size, textContent: names[size] ?? t("very large, {0}", size) }));
  if (long <= LARGEST_WHOLE && !sizes.includes(long)) options.push(make("option", { value: "", textContent: t("original, {0}", long) }));
  $("size").replaceChildren(...options);
  $("size").value = before;
  if ($("size").selectedIndex < 0) $("size").value = "768";
}

/** Million pixels of a painting of this photo at the chosen size. */
export function megapixels(photo) {
  const long = Math.max(photo.width, photo.height);
  const scale = (Number($("size").value) || long) / long;
  return (photo.width * photo.height * scale * scale) / 1e6;
}

/** The fields as the API wants them. */
export function options() {
  const number = (id) => (($(id).value === "") ? null : Number($(id).value));
  return {
    strength: number("strength") / 100,
    size: number("size"),
    stroke: number("stroke"),
    preserve_color: $("preserve-color").value,
  };
}

/** Set the fields to what a painting was made with. */
export function setOptions(given) {
  $("strength").value = Math.round((given.strength ?? 1) * 100);
  $("strength-value").textContent = `${$("strength").value} %`;
  const size = given.size ? String(given.size) : "";
  if (size && ![...$("size").options].some((option) => option.value === size)) {
    $("size").append(make("option", { value: size, textContent: size }));
  }
  $("size").value = size;
  $("stroke").value = given.stroke ?? "";
  $("preserve-color").value = given.preserve_color ?? "none";
}

/** Steps, counted. */
export const count = (steps) => (steps === 1 ? t("1 step") : t("{0} steps", steps));

/** What a painting and a refinement will take here, from what was measured. */
export function expectations(timing, photo, job) {
  const words = [];
  if (timing.stylize) words.push(t("Paint: about {0} on this computer.", duration(timing.stylize * megapixels(photo))));
  const seconds = Number($("finer-seconds").value);
  if (job?.result && !job.why_not_finer && timing.optimize) {
    const steps = Math.floor(seconds / (timing.optimize * job.width * job.height / 1e6));
    const advice = steps < 8 ? t(" A smaller size gets further.") : "";
    words.push(t("Finer: about {0} in {1}.", count(Math.max(1, steps)), duration(seconds)) + advice);
  }
  return words.join("\n");
}
