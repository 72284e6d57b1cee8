// The page: what is chosen, what is being painted, what is shown.

import { AWAY, Refused, blob, follow, get, isFilm, post, remove, upload } from "./api.js";
import { count, expectations, listenForTabs, offerSizes, options, setOptions } from "./controls.js";
import { listenForCopy } from "./copy.js";
import { $, duration, make, sentence, tile } from "./dom.js";
import { listenForFiles } from "./files.js";
import { Gallery } from "./gallery.js";
import { Live } from "./live.js";
import { Mask } from "./mask.js";
import { Mine } from "./mine.js";
import { Player } from "./player.js";
import { Sheet } from "./sheet.js";
import { Stage } from "./stage.js";
import { Way } from "./way.js";
import { t, yearOf } from "./words.js";

const stage = new Stage();
const way = new Way((stop) => stage.painting(stop.url, words()));
const mask = new Mask(stage, {
  photo: () => photo.id,
  styles: () => titles(),
  done: () => keepMask(),
  left: () => {
    setMap(map);
    $("style-map").focus();
  },
});
let about;
let gallery;
let sheet;
let photo = null; // {id, name, width, height}
let job = null; // what is shown, or being painted
let map = ""; // the style map: a name, or the id of an uploaded mask
let isMapForMany = false; // whether it has a color for each of more than two styles
let previous = null; // the job whose picture comes back if the next one is cancelled
let unfollow = () => {};
let changed = false; // since the shown painting
let waiting = 0; // timer while the server is away

const LIVE_SECONDS = 3; // a picture that took less is painted anew as soon as the strength changes

const isOpen = () => job && (job.state === "queued" || job.state === "working");

// What the page says

function say(text, { bad = false, action = null } = {}) {
  const line = $("status");
  line.classList.toggle("bad", bad);
  const words = [text];
  if (action) words.push(" ", make("button", { type: "button", textContent: action[0], onclick: action[1] }));
  line.replaceChildren(...words);
}

/** Say what went wrong, on a line of its own that progress does not overwrite. */
function complain(text) {
  $("problem").textContent = text;
  $("problem").hidden = !text;
}

const titles = () => gallery?.chosen.map(({ id }) => gallery.find(id)?.title).filter(Boolean) ?? [];

function words() {
  return t("{0}, painted in the style of {1}", photo?.title ?? photo?.name ?? t("The photo"), titles().join(" + "));
}

function tell() {
  const open = isOpen();
  const focused = document.activeElement;
  const finer = job?.kind === "optimize" || job?.kind === "learn";
  $("paint").hidden = open;
  $("stop").hidden = !open;
  // A hidden button would lose the focus of who works with the keyboard.
  if (open && (focused === $("paint") || focused === $("finer"))) $("stop").focus();
  if (!open && focused === $("stop")) $("paint").focus();
  $("stop").textContent = finer && job.state === "working" ? t("Stop and keep it") : t("Cancel");
  $("finer-group").hidden = open;
  $("learn-group").hidden = open || !gallery?.ownPainting;
  $("finer").disabled = !job?.result || Boolean(job.why_not_finer);
  $("finer").textContent = job?.kind === "optimize" && !open ? t("Go on") : t("Make it finer");
  $("actions").hidden = !job?.result;
  stage.busy(open && !finer);
  tellNumbers();
  const bar = $("progress");
  bar.hidden = !open;
  if (open) tellProgress(bar);
  const reason = job?.result && job.why_not_finer;
  $("hint").textContent = open ? "" : reason ? sentence(reason) : expectations(about.timing, photo, job);
}

function tellProgress(bar) {
  const { state, place, waits, eta, step, message, expected, kind } = job;
  const left = eta === null ? "" : t(", about {0} left", duration(Math.max(eta, 0.5)));
  const steps = { learn: t("Learning the painting"), optimize: t("Making it finer") }[kind];
  const doing = message || t("Getting ready");
  if (state === "queued") {
    const before = place === 1 ? t("Waiting: one painting is before yours") : t("Waiting: {0} paintings are before yours", place);
    say(place ? sentence(before + (waits ? t(", about {0}", duration(waits)) : "")) : t("Starting…"));
  } else if (steps) {
    say(sentence(step ? t("{0}: step {1}", steps, step) + left : doing));
  } else if (kind === "video") {
    say(sentence(doing + left));
  } else {
    say(message ? sentence(doing) : t("Painting{0}…", left));
  }
  const known = state === "working" && expected && eta !== null && (kind === "video" || (steps && step));
  if (known) bar.value = Math.max(0.02, 1 - eta / expected);
  else bar.removeAttribute("value");
}

/** Loss, speed and memory, for the curious. */
function tellNumbers() {
  const { numbers } = job ?? {};
  $("numbers").hidden = !$("show-numbers").checked || !numbers?.loss;
  if ($("numbers").hidden) return;
  const share = (part) => Math.round((100 * numbers[part]) / numbers.loss);
  $("numbers").textContent = [
    t("loss {0} (content {1} %, style {2} %)", Number(numbers.loss.toPrecision(3)), share("content"), share("style")),
    t("{0} steps a second", numbers.steps_per_second.toFixed(1)),
    numbers.width && `${numbers.width} × ${numbers.height}`,
    `${(numbers.memory / 1e9).toFixed(1)} GB`,
  ].filter(Boolean).join(" · ");
}

function tellEnd() {
  if (job.state === "failed") {
    say(sentence(job.message), { bad: !job.stopped, action: [t("Try again"), () => paint()] });
  } else if (job.kind === "learn") {
    say(t("Learned in {0}: {1} is a style of yours now.", duration(job.seconds), job.learned));
  } else if (job.kind === "video") {
    say(t("Painted in {0}: {1} frames, {2} × {3}.", duration(job.seconds), job.step, job.width, job.height));
  } else if (job.kind === "optimize") {
    say(t("Made finer: {0} in {1}.", count(job.step), duration(job.seconds)));
  } else {
    say(t("Painted in {0}, {1} × {2}.", duration(job.seconds), job.width, job.height));
  }
}

function fail(error) {
  if (error instanceof Refused && error.status === 0) return away();
  complain(error.message);
  tell();
}

// Jobs

async function start(request) {
  try {
    unfollow();
    complain("");
    const before = job;
    const next = await post("/api/jobs", request);
    const isGivenUp = before && isOpen() && before.kind === "stylize";
    if (isGivenUp) remove(`/api/jobs/${before.id}`).catch(() => {});
    else if (before?.result) previous = before;
    history[isGivenUp ? "replaceState" : "pushState"](null, "", `#${next.id}`);
    way.follows = true;
    if (request.kind === "stylize") way.reset();
    changed = false;
    watch(next);
  } catch (error) {
    fail(error);
  }
}

function paint() {
  if (photo.film) return paintFilm();
  const style_map = map && (isMapForMany || gallery.chosen.length < 3) ? map : null;
  return start({ kind: "stylize", photo: photo.id, styles: gallery.shares(), ...options(), style_map });
}

/** Styles with a name paint films; a painting of one's own is learned first. */
function paintFilm() {
  if (gallery.shares().some((share) => share.picture)) {
    return complain(t("Films are painted in styles with a name. Press “Learn it” first, then paint the film."));
  }
  const chosen = options();
  const whole = Math.max(photo.width, photo.height);
  if (chosen.size >= whole) chosen.size = null; // a film is not enlarged
  return start({ kind: "video", photo: photo.id, styles: gallery.shares(), ...chosen });
}

const learn = () => start({ kind: "learn", picture: gallery.ownPainting.id, photo: photo.id, minutes: Number($("learn-minutes").value) });

const named = (style) => ({ id: style.name, title: style.own ? style.title : t(style.title), by: style.own ? t("learned here") : [t(style.artist), yearOf(style)].filter(Boolean).join(", "), thumbnail: style.thumbnail });

/** A painting was learned: it is a style from now on, and the photo is painted with it. */
async function useLearned() {
  const styles = await get("/api/styles");
  gallery.learned(styles.map(named), job.learned, job.styles[0].id);
}

const finer = () => start({ kind: "optimize", after: job.id, seconds: Number($("finer-seconds").value) });

/** Show a job now and whenever it changes. */
function watch(next) {
  unfollow();
  take(next);
  if (isOpen()) unfollow = follow(next.id, take, away, gone);
}

function take(next) {
  const wasOpen = isOpen();
  job = next;
  show();
  tell();
  if (isOpen()) return;
  tellEnd();
  if (job.learned && wasOpen) return useLearned().catch(fail);
  get("/api/about").then((fresh) => {
    about = { ...fresh, photos: about.photos }; // with those that were brought
    tell();
  }, () => {});
}

function show() {
  const isSketch = isOpen() && ["stylize", "video"].includes(job.kind) && job.frames.length;
  $("watch").hidden = !job.video;
  $("get-mp4").hidden = !job.video;
  if (job.video) $("get-mp4").href = `${job.video}?download=true`;
  if (isSketch) {
    stage.painting(job.frames.at(-1).url, words());
  } else if (job.kind === "optimize" || job.kind === "learn") {
    way.update(job);
    const newest = way.stops.at(-1);
    if (newest && way.follows) stage.painting(newest.url, words());
    for (const stop of way.stops) new Image().src = stop.url; // so that the slider does not wait
  } else if (job.result) {
    way.reset();
    stage.painting(job.result, words());
  }
  if (!job.result) return;
  for (const [id, format] of [["get-png", "png"], ["get-jpeg", "jpeg"], ["get-webp", "webp"]]) {
    $(id).href = `${job.result}?download=true&format=${format}`;
  }
  $("film").href = `/api/jobs/${job.id}/film`;
}

async function stop() {
  try {
    if (job.kind !== "stylize" && job.state === "working") {
      $("stop").disabled = true;
      say(t("Finishing…"));
      await post(`/api/jobs/${job.id}/stop`);
    } else {
      unfollow();
      await remove(`/api/jobs/${job.id}`);
      job = previous;
      history.replaceState(null, "", job ? `#${job.id}` : location.pathname);
      if (job) show();
      tell();
      say(t("Cancelled."));
    }
  } catch (error) {
    fail(error);
  } finally {
    $("stop").disabled = false;
  }
}

/** The job that is followed was deleted, here or on another page. */
function gone() {
  if (!isOpen()) return;
  job = previous;
  if (job) show();
  tell();
  complain(t("This painting was deleted on another page."));
}

/** The server does not answer: wait for it, then find the job again. */
function away() {
  unfollow();
  clearTimeout(waiting);
  say(AWAY, { bad: true });
  waiting = setTimeout(async () => {
    try {
      await get("/api/health");
      await find(location.hash.slice(1));
    } catch {
      away();
    }
  }, 1500);
}

/** Show a job by its id, with the photo and the fields that it was made with. */
async function find(id) {
  let found;
  try {
    found = id ? await get(`/api/jobs/${encodeURIComponent(id)}`) : about.example;
  } catch (error) {
    if (error.status !== 404) throw error;
    complain(t("That painting is not kept any more."));
    found = about.example;
  }
  if (!found) return;
  if (photo?.id !== found.photo.id) {
    try {
      await usePhoto(await get(`/api/pictures/${found.photo.id}/about`));
    } catch (error) {
      if (error.status !== 404 || found === about.example) throw error;
      complain(t("The photo of that painting has been deleted."));
      return find("");
    }
  }
  for (const style of found.styles) {
    if (!gallery.find(style.id)) gallery.add(style);
  }
  gallery.set(found.styles.map(({ id: style, weight }) => ({ id: style, weight })));
  setOptions(found.options);
  setMap(found.style_map ?? "");
  watch(found);
  changed = false;
}

// Photos, paintings, masks

async function usePhoto(found) {
  photo = found;
  photo.title = about.photos.find((each) => each.id === found.id)?.title;
  offerSizes(photo);
  setMap("");
  mask.clear();
  stage.fit();
  unfollow();
  job = previous = null;
  way.reset();
  $("watch").hidden = true;
  await stage.painting("");
  await stage.photo(`/api/pictures/${photo.id}/view?size=1600`, photo.title ?? photo.name);
  drawPhotos();
}

const SHOWN_AT_ONCE = ["image/jpeg", "image/png", "image/webp", "image/avif", "image/gif"];

/** Send one photo or film; it is seen before it has gone. */
async function bringPhoto(file) {
  const local = SHOWN_AT_ONCE.includes(file.type) ? URL.createObjectURL(file) : null;
  try {
    complain("");
    unfollow();
    $("paint").disabled = true;
    const [reading, sending] = isFilm(file)
      ? [t("Reading the film…"), (percent) => t("Sending the film: {0} %", percent)]
      : [t("Reading the photo…"), (percent) => t("Sending the photo: {0} %", percent)];
    say(reading);
    if (local) {
      stage.fit();
      await stage.painting("");
      await stage.photo(local, file.name).catch(() => {}); // the server says what is wrong with it
    }
    const brought = await upload(file, about.limits, (share) => {
      say(share < 1 ? sending(Math.round(100 * share)) : reading);
    });
    keepPhoto(brought);
    await usePhoto(brought);
    await paint();
  } catch (error) {
    if (photo && local) stage.photo(`/api/pictures/${photo.id}/view?size=1600`, photo.title ?? photo.name).then(() => job && show(), () => {});
    fail(error);
  } finally {
    if (local) URL.revokeObjectURL(local);
    $("paint").disabled = false;
  }
}

function keepPhoto({ id, name }) {
  about.photos = [{ id, title: name }, ...about.photos].slice(0, 12);
}

/** The first of several photos is painted; the others wait in the strip under Adjust. */
async function bringPhotos([first, ...others]) {
  await bringPhoto(first);
  for (const file of others.slice(0, 10)) {
    try {
      keepPhoto(await upload(file, about.limits));
      drawPhotos();
    } catch (error) {
      complain(`${file.name}: ${error.message}`);
    }
  }
  if (others.length) say(t("{0} photos: they are under Adjust, Photo.", others.length + 1));
}

async function bringPainting(file) {
  try {
    complain("");
    say(t("Looking at the painting…"));
    gallery.addOwn(await upload(file, about.limits));
    $("gallery").scrollTo({ left: 0, top: 0 });
  } catch (error) {
    fail(error);
  }
}

async function takePhoto(id) {
  try {
    await usePhoto(await get(`/api/pictures/${id}/about`));
    await paint();
  } catch (error) {
    fail(error);
  }
}

/** Something was deleted under My pictures: offer it nowhere. What is shown stays on the screen. */
function forget(id) {
  about.photos = about.photos.filter((each) => each.id !== id);
  gallery.forget(id);
  if (previous?.id === id) previous = null;
  if (job?.id === id) {
    job = { ...job, result: null };
    tell();
  }
  if (photo) drawPhotos();
}

function drawPhotos() {
  $("photos").replaceChildren(...about.photos.map(({ id, title }) => make("li", {},
    tile(`/api/pictures/${id}/view?size=256`, "", title, { "aria-pressed": id === photo.id, onclick: () => takePhoto(id) }))));
}

const isMask = () => map && [...$("style-map").options].every((option) => option.value !== map);

function setMap(value) {
  map = value;
  isMapForMany = isMask() && gallery.chosen.length > 2;
  $("style-map").value = isMask() ? "paint" : value;
  tellMap();
}

function tellMap() {
  const hint = $("map-hint");
  hint.hidden = !map;
  const two = gallery?.chosen.length === 2;
  const one = two ? t("The second style of the blend goes there, the first one elsewhere. ") : t("Elsewhere the photo stays as it is. ");
  hint.replaceChildren(isMapForMany ? t("Each style goes where it was painted, the first one elsewhere. ") : one);
  if ($("style-map").value === "paint") hint.append(make("button", { type: "button", textContent: t("Paint the place again"), onclick: () => openMask() }));
}

/** Go on with a mask that was painted before, also after the page was loaded anew. */
function openMask() {
  mask.open(isMask() ? map : null);
}

async function keepMask() {
  if (!mask.drawn) {
    setMap("");
    return say(t("Nothing was painted: the style goes everywhere."));
  }
  try {
    setMap((await upload(await mask.file(), about.limits)).id);
    await paint();
  } catch (error) {
    fail(error);
  }
}

/** A film of how the picture became finer; an error stays on this page. */
async function downloadFilm() {
  say(t("Making the film; it is downloaded as soon as it is done."));
  try {
    const link = make("a", { href: URL.createObjectURL(await blob(`/api/jobs/${job.id}/film`)), download: job.output.replace(/\.png$/, ".mp4") });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    tellEnd();
  } catch (error) {
    tellEnd();
    complain(error.message);
  }
}

const pictureFile = async () => new File([await blob(job.result)], job.output, { type: "image/png" });

async function copyPicture() {
  try {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": pictureFile() })]);
    say(t("The picture is in the clipboard."));
  } catch {
    complain(t("The browser did not let the picture into the clipboard. Download it instead."));
  }
}

async function share() {
  try {
    await navigator.share({ files: [await pictureFile()], title: words() });
  } catch (error) {
    if (error.name !== "AbortError") complain(t("Sharing did not work. Download the picture instead."));
  }
}

function mark() {
  changed = true;
  if (isMask() && isMapForMany !== gallery.chosen.length > 2) { // it does not say where these go
    mask.clear();
    setMap("");
  }
  $("paint").classList.toggle("changed", changed);
  tellMap();
  tell();
}

// Beginning

async function begin() {
  const [facts, styles] = await Promise.all([get("/api/about"), get("/api/styles")]);
  about = { ...facts, photos: facts.photos.map(({ id, title }) => ({ id, title: t(title) })) };
  mask.offer(about.finds_regions);
  gallery = new Gallery({
    styles: styles.map(named),
    most: about.limits.styles,
    changed: () => photo && mark(),
    picked: () => {
      if (!(isOpen() && job.kind !== "stylize")) paint(); // a refinement is not given up by accident
    },
  });
  sheet = new Sheet({
    gallery,
    photo: () => photo,
    expected: () => about.timing.sheet,
    choose: (id, preview) => {
      if (preview) stage.painting(preview, "");
      gallery.choose(id);
    },
  });
  new Player({ job: () => job });
  new Live({
    gallery,
    save: (file, style) => {
      gallery.set([{ id: style, weight: 1 }]);
      bringPhoto(file);
    },
  });
  $("open-mine").hidden = !about.mine;
  new Mine({
    keepHours: () => about.keep_hours,
    open: (id) => {
      history.pushState(null, "", `#${id}`);
      find(id).catch(fail);
    },
    usePhoto: (id) => takePhoto(id),
    choose: (name) => gallery.find(name) && gallery.choose(name),
    removed: forget,
  });
  listenForTabs();
  listenForCopy(() => job);
  listenForFiles({ photos: bringPhotos, painting: bringPainting, refuse: complain });
  listen();
  if (location.search) history.replaceState(null, "", location.pathname + location.hash); // the token
  await find(location.hash.slice(1));
}

function listen() {
  $("paint").onclick = paint;
  $("finer").onclick = finer;
  $("learn").onclick = learn;
  $("stop").onclick = stop;
  $("strength").oninput = () => {
    $("strength-value").textContent = `${$("strength").value} %`;
    const painted = job?.result ? job.options.strength ?? 1 : 0;
    if (painted) stage.blend(Math.min(1, options().strength / painted)); // at once, before it is painted
    mark();
  };
  $("strength").onchange = () => {
    if (job?.kind === "stylize" && job.state === "done" && job.seconds < LIVE_SECONDS && !photo.film) paint();
  };
  for (const id of ["size", "stroke", "preserve-color"]) $(id).onchange = mark;
  $("finer-seconds").onchange = tell;
  $("show-numbers").checked = localStorage.getItem("impasto-numbers") === "true";
  $("show-numbers").onchange = () => {
    localStorage.setItem("impasto-numbers", $("show-numbers").checked);
    tellNumbers();
  };
  $("style-map").onchange = () => {
    if ($("style-map").value === "paint") openMask();
    else setMap($("style-map").value);
    mark();
  };
  $("film").onclick = (event) => {
    event.preventDefault();
    if (about.film) downloadFilm();
    else say(sentence(about.film_needs));
  };
  $("copy-picture").hidden = !window.ClipboardItem;
  $("copy-picture").onclick = copyPicture;
  $("share").hidden = !navigator.canShare?.({ files: [new File([""], "a.png", { type: "image/png" })] });
  $("share").onclick = share;
  $("download").onclick = (event) => {
    if (event.target.closest("a")) $("download").open = false;
  };
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#download")) $("download").open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !$("download").open) return;
    $("download").open = false;
    $("download").querySelector("summary").focus();
  });
  addEventListener("popstate", () => find(location.hash.slice(1)).catch(fail));
}

begin().catch(fail);
