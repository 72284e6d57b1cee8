// Small words for the DOM.

import { t } from "./words.js";

export const $ = (id) => document.getElementById(id);

/** Make an element: properties, data-* and aria-* attributes, children. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name.includes("-") || name === "role" || name === "for") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter(Boolean));
  return element;
}

/** An icon out of lines on a 24 by 24 grid. */
export function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** A button with a picture and one or two lines. */
export function tile(src, title, by, properties) {
  const image = make("img", { src, alt: "", loading: "lazy", draggable: false });
  return make("button", { type: "button", className: "tile", ...properties },
    make("span", { className: "thumb" }, image), title && make("b", { textContent: title }), make("small", { textContent: by }));
}

/** Words with a capital letter and a full stop. */
export const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?…。！？]$/.test(text) ? "" : "."}`;

/** Seconds as people say them. */
export function duration(seconds) {
  if (seconds < 9.5) return t("{0} s", Math.max(0.1, seconds).toFixed(1));
  if (seconds < 99.5) return t("{0} s", Math.round(seconds));
  return t("{0} min", Math.round(seconds / 60));
}

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
