import * as ort from "./node_modules/onnxruntime-web/dist/ort.wasm.min.mjs";

const asked = new URLSearchParams(location.search);
const model = asked.get("model") ?? "style.onnx";
const size = Number(asked.get("size") ?? 512);
const [drop, file, status, canvas] = ["drop", "file", "status", "canvas"].map((id) =>
  document.getElementById(id),
);

ort.env.wasm.numThreads = 1; // more need a server that sends cross-origin isolation headers

/** The session, or null if there is no network; says what is wrong. */
async function load() {
  try {
    const session = await ort.InferenceSession.create(model);
    if (session.inputNames.length > 1) throw new Error("it has several styles; export one of them");
    status.value = "Ready.";
    return session;
  } catch (error) {
    status.value = `${model} cannot be loaded (${error.message}). See README.md.`;
    return null;
  }
}

/** (1, 3, height, width) in [0, 1] of RGBA bytes. */
function toTensor({ data, width, height }) {
  const pixels = width * height;
  const values = new Float32Array(3 * pixels);
  for (let place = 0; place < pixels; place++)
    for (let color = 0; color < 3; color++)
      values[color * pixels + place] = data[4 * place + color] / 255;
  return new ort.Tensor("float32", values, [1, 3, height, width]);
}

/** The opposite. */
function toImage(tensor) {
  const [, , height, width] = tensor.dims;
  const pixels = width * height;
  const image = new ImageData(width, height);
  for (let place = 0; place < pixels; place++) {
    for (let color = 0; color < 3; color++)
      image.data[4 * place + color] = Math.round(tensor.data[color * pixels + place] * 255);
    image.data[4 * place + 3] = 255;
  }
  return image;
}

async function paint(photo) {
  const session = await ready;
  if (!session || !photo) return;
  try {
    const bitmap = await createImageBitmap(photo);
    const scale = Math.min(1, size / Math.max(bitmap.width, bitmap.height));
    canvas.width = Math.max(16, Math.round(bitmap.width * scale));
    canvas.height = Math.max(16, Math.round(bitmap.height * scale));
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    status.value = "Painting…";
    await new Promise((done) => setTimeout(done, 20)); // lets the page show it
    const began = performance.now();
    const image = toTensor(context.getImageData(0, 0, canvas.width, canvas.height));
    const { painted } = await session.run({ image });
    context.putImageData(toImage(painted), 0, 0);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    status.value = `Painted in ${seconds} s. Right-click to save it.`;
  } catch (error) {
    status.value = `This file cannot be painted (${error.message}); is it a picture?`;
  }
}

const ready = load();
file.addEventListener("change", () => paint(file.files[0]));
for (const kind of ["dragover", "dragleave", "drop"])
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", kind === "dragover");
    if (kind === "drop") paint(event.dataTransfer.files[0]);
  });
