// Photo in, painting out; the painting is done by painter.js.

import { t, yearOf } from "./words.js";

const $ = (id) => document.getElementById(id);
const [stage, photo, painting] = ["stage", "photo", "painting"].map($);
const FILM = 320; // long side in pixels of the camera's pictures

let styles = [];
let style = null;
let picture = null; // what is painted: an ImageBitmap, or null while the camera is on
let stream = null;
let asked = 0; // number of the latest painting that was asked for
let painted = null; // what the painting on the stage is of
let learned = JSON.parse(localStorage.getItem("impasto-speed") ?? "null"); // seconds a megapixel
let painter = null;
const waiting = new Map();

function say(text, bad = false) {
  $("status").value = text;
  $("status").classList.toggle("bad", bad);
}

// The worker

function begin() {
  painter = new Worker(new URL(`painter.js${location.search}`, import.meta.url), { type: "module" });
  painter.onmessage = ({ data }) => waiting.get(data.id)?.(data);
  painter.onerror = () => {
    for (const tell of waiting.values()) tell({ problem: t("the painter could not be loaded") });
  };
}

/** What the network makes of an image: {image, seconds}; `loaded` is called when it begins. */
function ask(image, name, loaded = () => {}) {
  const id = ++asked;
  return new Promise((done, fail) => {
    waiting.set(id, (data) => {
      if (data.loaded) return loaded();
      waiting.delete(id);
      if (data.problem) fail(new Error(data.problem));
      else done({ ...data, latest: id === asked });
    });
    painter.postMessage({ id, style: name, image }, [image.data.buffer]);
  });
}

// One picture

function fit(width, height, longest, source) {
  const scale = Math.min(1, longest / Math.max(width, height));
  for (const canvas of [photo, painting]) {
    const [w, h] = [Math.max(16, Math.round(width * scale)), Math.max(16, Math.round(height * scale))];
    if (canvas === painting && canvas.width === w && canvas.height === h) continue;
    [canvas.width, canvas.height] = [w, h];
  }
  const context = photo.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, photo.width, photo.height);
  place();
  return context.getImageData(0, 0, photo.width, photo.height);
}

/** As large as there is room for, in the shape of the photo. */
function place() {
  const room = document.querySelector("main");
  const inner = getComputedStyle(room);
  const width = room.clientWidth - parseFloat(inner.paddingLeft) - parseFloat(inner.paddingRight);
  const height = room.clientHeight - parseFloat(inner.paddingTop) - parseFloat(inner.paddingBottom);
  const scale = Math.min(width / photo.width, height / photo.height);
  stage.style.width = `${photo.width * scale}px`;
  stage.style.height = `${photo.height * scale}px`;
}

function progress(expected) {
  const bar = $("progress");
  if (expected) [bar.max, bar.value] = [1, 0.02];
  else bar.removeAttribute("value");
  $("busy").hidden = false;
  const began = performance.now();
  const timer = setInterval(() => {
    if (expected) bar.value = Math.min(0.97, (performance.now() - began) / 1000 / expected);
  }, 200);
  return () => {
    clearInterval(timer);
    $("busy").hidden = true;
  };
}

async function paint() {
  if (stream || !picture || !style) return;
  const name = style.name;
  const image = fit(picture.width, picture.height, Number($("size").value), picture);
  const megapixels = (image.width * image.height) / 1e6;
  if (painted?.picture !== picture) stage.classList.add("waiting");
  say(t("Fetching {0}…", style.title));
  let over = progress(null);
  try {
    const result = await ask(image, name, () => {
      over();
      over = progress(learned && learned * megapixels);
      say(t("Painting…"));
    });
    if (!result.latest || stream) return;
    [painting.width, painting.height] = [result.image.width, result.image.height];
    painting.getContext("2d").putImageData(result.image, 0, 0);
    painted = { picture, style: name };
    stage.classList.remove("waiting");
    $("save").disabled = false;
    learned = result.seconds / megapixels;
    $("status").dataset.engine = result.engine;
    localStorage.setItem("impasto-speed", JSON.stringify(learned));
    say(t("{0}, {1}, {2}. Painted in {3} s.", style.artist, style.title, style.year, result.seconds.toFixed(1)));
  } catch (error) {
    say(t("It could not be painted: {0}. Reload the page to try again.", error.message), true);
  } finally {
    over();
  }
}

async function open(file) {
  if (!file) return;
  try {
    const found = await createImageBitmap(file);
    if (stream) endCamera();
    picture = found;
  } catch {
    return say(t("{0} is no picture that this browser can read. Choose a JPEG, PNG or WebP.", file.name || t("This")), true);
  }
  await paint();
}

/** The photo with the painting over it, as it is seen. */
function result() {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [painting.width, painting.height];
  const context = canvas.getContext("2d");
  if (stage.classList.contains("mirrored")) {
    context.translate(canvas.width, 0);
    context.scale(-1, 1);
  }
  context.drawImage(photo, 0, 0, canvas.width, canvas.height);
  context.globalAlpha = Number($("strength").value);
  context.drawImage(painting, 0, 0);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.95));
}

// The camera

async function beginCamera() {
  if (!navigator.mediaDevices) return say(t("Browsers give the camera only to pages over https."), true);
  say(t("Waiting for the camera…"));
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { width: { ideal: 640 }, facingMode: "user" } });
  } catch (error) {
    const denied = error.name === "NotAllowedError";
    return say(denied ? t("The camera was not allowed. Allow it in the browser’s address bar.") : t("There is no camera that can be used."), true);
  }
  const video = $("video");
  video.srcObject = stream;
  await video.play();
  $("camera").setAttribute("aria-pressed", "true");
  stage.classList.add("mirrored");
  stage.classList.remove("waiting");
  $("save").disabled = false;
  const times = [];
  while (stream) {
    const image = fit(video.videoWidth, video.videoHeight, FILM, video);
    let result;
    try {
      result = await ask(image, style.name);
    } catch (error) {
      endCamera();
      return say(t("It could not be painted: {0}.", error.message), true);
    }
    if (!stream) break;
    [painting.width, painting.height] = [result.image.width, result.image.height];
    painting.getContext("2d").putImageData(result.image, 0, 0);
    times.push(performance.now());
    if (times.length > 12) times.shift();
    const rate = times.length > 1 ? (1000 * (times.length - 1)) / (times.at(-1) - times[0]) : 0;
    say(t("{0}, {1} pictures a second.", style.title, rate.toFixed(1)));
  }
}

function endCamera() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  $("video").srcObject = null;
  $("camera").setAttribute("aria-pressed", "false");
  stage.classList.remove("mirrored");
}

// What the person does

$("file").onchange = ({ target }) => {
  open(target.files[0]);
  target.value = "";
};
$("camera").onclick = () => {
  if (!stream) return beginCamera();
  endCamera();
  painted = null;
  paint();
};
$("size").onchange = () => paint();
$("strength").oninput = ({ target }) => stage.style.setProperty("--strength", target.value);

const hold = (held) => stage.classList.toggle("held", held);
stage.onpointerdown = () => hold(true);
for (const kind of ["pointerup", "pointercancel", "pointerleave"]) stage.addEventListener(kind, () => hold(false));
stage.onkeydown = (event) => {
  if (event.key === " ") {
    event.preventDefault();
    hold(true);
  }
};
stage.onkeyup = stage.onblur = () => hold(false);

for (const kind of ["dragover", "dragleave", "drop"])
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    stage.classList.toggle("dropping", kind === "dragover");
    if (kind === "drop") open(event.dataTransfer.files[0]);
  });
document.addEventListener("paste", (event) => open([...event.clipboardData.files].find((file) => file.type.startsWith("image/"))));
addEventListener("resize", place);

const fileName = () => `painted_${style.name}.jpg`;
$("save").onclick = async () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await result());
  link.download = fileName();
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
};
$("share").onclick = async () => {
  const file = new File([await result()], fileName(), { type: "image/jpeg" });
  await navigator.share({ files: [file] }).catch(() => {});
};

function choose(name) {
  style = styles.find((each) => each.name === name);
  localStorage.setItem("impasto-style", name);
  if (!stream) paint();
}

function show() {
  const strip = $("styles");
  for (const each of styles) {
    const label = document.createElement("label");
    label.title = [each.artist, each.title, each.year].join(", ");
    const [radio, image, name] = ["input", "img", "span"].map((kind) => document.createElement(kind));
    Object.assign(radio, { type: "radio", name: "style", value: each.name, className: "unseen", checked: each === style });
    Object.assign(image, { src: `styles/${each.name}.webp`, alt: "", width: 84, height: 64 });
    name.textContent = each.title;
    label.append(radio, image, name);
    strip.append(label);
  }
  strip.onchange = ({ target }) => choose(target.value);
  strip.querySelector(":checked")?.scrollIntoView({ block: "nearest", inline: "center" });
}

/** Let the service worker take over: with it come several threads, and opening without a network. */
async function isolate() {
  if (!navigator.serviceWorker) return;
  await navigator.serviceWorker.register("sw.js").catch(() => {});
  if (self.crossOriginIsolated || sessionStorage.getItem("impasto-reloaded")) return;
  await Promise.race([navigator.serviceWorker.ready, new Promise((done) => setTimeout(done, 2000))]);
  sessionStorage.setItem("impasto-reloaded", "1");
  // Browsers may bring this page back as it was left: waiting.
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  location.reload();
  await new Promise(() => {});
}

async function main() {
  await isolate();
  begin();
  ({ styles } = await (await fetch("styles.json")).json());
  styles = styles.map((each) => ({ ...each, title: t(each.title), artist: t(each.artist), year: yearOf(each) }));
  style = styles.find(({ name }) => name === localStorage.getItem("impasto-style")) ?? styles[0];
  show();
  const test = new File([""], "a.jpg", { type: "image/jpeg" });
  $("share").hidden = !navigator.canShare?.({ files: [test] });
  picture ??= await createImageBitmap(await (await fetch("photo.webp")).blob());
  await paint();
}

main().catch((error) => say(t("The page is not whole: {0}.", error.message), true));
