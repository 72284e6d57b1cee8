// Talking to the server; every failure is an Error with one sentence.

export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export const AWAY = "The server does not answer. Start impasto web again; this page then goes on by itself.";

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Refused(AWAY, 0);
  }
  const text = await response.text();
  let answer = null;
  try {
    answer = text ? JSON.parse(text) : null;
  } catch { /* not ours */ }
  if (!response.ok) throw new Refused(sentence(answer?.error ?? response.statusText), response.status);
  return answer;
}

/** Send a file and tell, from 0 to 1, how much of it has gone. */
function send(path, file, type, progress) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.setRequestHeader("Content-Type", type);
    request.upload.onprogress = (event) => event.lengthComputable && progress?.(event.loaded / event.total);
    request.onerror = () => failed(new Refused(AWAY, 0));
    request.onload = () => {
      let answer = null;
      try {
        answer = JSON.parse(request.responseText);
      } catch { /* not ours */ }
      if (request.status < 300) done(answer);
      else failed(new Refused(sentence(answer?.error ?? request.statusText), request.status));
    };
    request.send(file);
  });
}

/** A picture that the server makes. */
export async function picture(path) {
  let response;
  try {
    response = await fetch(path);
  } catch {
    throw new Refused(AWAY, 0);
  }
  if (response.ok) return createImageBitmap(await response.blob());
  throw new Refused(sentence((await response.json().catch(() => null))?.error ?? response.statusText), response.status);
}

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
  if (!file.size) throw new Refused("This file is empty. Choose another one.", 422);
  const film = isFilm(file);
  const most = film ? limits.film_bytes : limits.bytes;
  if (file.size > most) {
    throw new Refused(`This file is larger than ${most / 1e6} MB. Choose a smaller one.`, 413);
  }
  const family = film ? "video/" : "image/";
  const type = file.type.startsWith(family) ? file.type : "application/octet-stream";
  return send(`/api/${film ? "films" : "pictures"}?name=${encodeURIComponent(file.name || "pasted.png")}`, file, type, progress);
}

/** Call `tell` with the job whenever it changes; returns a function that ends it. */
export function follow(id, tell, away, gone) {
  const source = new EventSource(`/api/jobs/${id}/events`);
  source.addEventListener("job", (event) => {
    const job = JSON.parse(event.data);
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

function sentence(text) {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
