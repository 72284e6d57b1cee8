// Talking to the server; every failure is an Error with one sentence.

import { sentence } from "./dom.js";
import { heard, t } from "./words.js";

export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export const AWAY = t("The server does not answer. Start impasto web again; this page then goes on by itself.");

const SPOKEN = ["error", "message", "why_not_finer", "film_needs"]; // what is said to people

/** What the server answers, with its words in the browser's language; null if it is not JSON. */
export const parsed = (text) => {
  try {
    return JSON.parse(text, (key, value) => (SPOKEN.includes(key) && value ? heard(value) : value));
  } catch {
    return null; // empty, or not ours
  }
};

const refused = (text, { status, statusText }) => new Refused(sentence(parsed(text)?.error ?? statusText), status);

async function reach(path, options) {
  const response = await fetch(path, options).catch(() => {
    throw new Refused(AWAY, 0);
  });
  if (!response.ok) throw refused(await response.text(), response);
  return response;
}

const ask = async (path, options) => parsed(await (await reach(path, options)).text());

/** Send a file and tell, from 0 to 1, how much of it has gone. */
function send(path, file, type, progress) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.setRequestHeader("Content-Type", type);
    request.upload.onprogress = (event) => event.lengthComputable && progress?.(event.loaded / event.total);
    request.onerror = () => failed(new Refused(AWAY, 0));
    request.onload = () => {
      if (request.status < 300) done(parsed(request.responseText));
      else failed(refused(request.responseText, request));
    };
    request.send(file);
  });
}

export const blob = async (path) => (await reach(path)).blob();

export const get = (path) => ask(path);

export const post = (path, body) =>
  ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });

export const remove = (path) => ask(path, { method: "DELETE" });

export const isFilm = (file) => file.type.startsWith("video/") || /\.(mp4|mov|mkv|webm|avi|m4v)$/i.test(file.name);

/** Send a picture file or a film; what comes back names it. `progress` is called with 0 to 1. */
export async function upload(file, limits, progress) {
  if (!file.size) throw new Refused(t("This file is empty. Choose another one."), 422);
  const film = isFilm(file);
  const most = film ? limits.film_bytes : limits.bytes;
  if (file.size > most) {
    throw new Refused(t("This file is larger than {0} MB. Choose a smaller one.", most / 1e6), 413);
  }
  const family = film ? "video/" : "image/";
  const type = file.type.startsWith(family) ? file.type : "application/octet-stream";
  return send(`/api/${film ? "films" : "pictures"}?name=${encodeURIComponent(file.name || "pasted.png")}`, file, type, progress);
}

/** Call `tell` with the job whenever it changes; returns a function that ends it. */
export function follow(id, tell, away, gone) {
  const source = new EventSource(`/api/jobs/${id}/events`);
  source.addEventListener("job", (event) => {
    const job = parsed(event.data);
    if (job.state === "done" || job.state === "failed") source.close();
    tell(job);
  });
  source.addEventListener("gone", () => {
    source.close();
    gone();
  });
  source.onerror = () => {
    source.close();
    away();
  };
  return () => source.close();
}
