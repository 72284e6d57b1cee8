// What the page says, in the browser's language: English in the code, each other one in a file.

const LANGUAGES = ["en", "zh"];

const language = navigator.languages.map((each) => each.slice(0, 2)).find((each) => LANGUAGES.includes(each)) ?? "en";

const read = () => fetch(new URL(`${language}.json`, import.meta.url)).then((answer) => (answer.ok ? answer.json() : {}));
const { page = {}, server = {} } = language === "en" ? {} : await read().catch(() => ({}));

const fill = (text, values) => text.replace(/\{(\d)\}/g, (_, index) => values[index]);
const exactly = (text) => text.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
const said = Object.entries(server).map(([text, words]) => [new RegExp(`^${exactly(text).replace(/\{\d\}/g, "(.+?)")}$`), words]);

/** A text of the page in the browser's language, with `{0}`, `{1}` … in it replaced. */
export const t = (text, ...values) => fill(page[text] ?? text, values);

/** The year of a painting. */
export const yearOf = ({ year }) => (year.startsWith("about ") ? t("about {0}", year.slice(6)) : year);

/** What the server says in the browser's language, if that is known. */
export function heard(text) {
  for (const [pattern, words] of said) {
    const found = text.match(pattern);
    if (found) return fill(words, found.slice(1));
  }
  return text;
}

/** Translate what stands in the page itself. */
function translate() {
  document.documentElement.lang = language;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { data } = texts.currentNode;
    const text = data.trim();
    if (text) texts.currentNode.data = data.replace(text, () => t(text));
  }
  for (const name of ["aria-label", "title", "placeholder"]) {
    for (const element of document.querySelectorAll(`[${name}]`)) element.setAttribute(name, t(element.getAttribute(name)));
  }
}

if (language !== "en") translate();
