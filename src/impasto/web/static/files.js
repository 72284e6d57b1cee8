// Photos and paintings by dropping, pasting or choosing.

import { isFilm } from "./api.js";
import { $ } from "./dom.js";
import { t } from "./words.js";

const pictures = (list) => [...(list ?? [])].filter((file) => isFilm(file) || file.type.startsWith("image/") || /\.(heic|heif|avif|tiff?)$/i.test(file.name) || !file.type);

/** Call `photos(files)` or `painting(file)` with what a person brings, `refuse(text)` with what is none. */
export function listenForFiles({ photos, painting, refuse }) {
  $("photo-file").addEventListener("change", (event) => {
    const files = [...event.target.files];
    event.target.value = "";
    if (files.length) photos(files);
  });
  $("painting-file").addEventListener("change", (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    if (file) painting(file);
  });
  $("choose-photo").onclick = () => $("photo-file").click();

  document.addEventListener("paste", (event) => {
    const [file] = pictures(event.clipboardData?.files);
    if (file) photos([file]);
  });

  const drop = $("drop");
  let inside = 0;
  const zone = (event) => event.target.closest?.("#drop p");
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  const hide = () => {
    inside = 0;
    drop.hidden = true;
  };

  document.addEventListener("dragenter", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    inside += 1;
    drop.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (carriesFiles(event) && (inside -= 1) <= 0) hide();
  });
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    for (const each of drop.children) each.classList.toggle("over", each === zone(event));
  });
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    const asPainting = zone(event)?.dataset.as === "painting" || event.target.closest?.("#panel");
    hide();
    const found = pictures(event.dataTransfer.files);
    if (!found.length) refuse(t("That is no picture or film. Drop a JPEG, PNG, WebP, AVIF, TIFF or HEIC file, or an MP4."));
    else if (asPainting && !isFilm(found[0])) painting(found[0]);
    else photos(found);
  });
}
