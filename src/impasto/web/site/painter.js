// The network, in a worker of its own, so that the page never waits for it.

import * as ort from "./ort/ort.wasm.min.mjs";

const FRAME = 8; // pixels by which a photo is widened, mirrored, and cropped again: no odd borders
const KEPT = 4; // networks in memory

const sessions = new Map();
let engine = null;

/** The bytes of a file beside this one, unpacked if it is packed: hosts differ in what they do. */
async function read(path) {
  const answer = await fetch(new URL(path, import.meta.url));
  if (!answer.ok) throw new Error(`${path} is not there (${answer.status})`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}

async function start() {
  ort.env.logLevel = "error";
  ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1;
  ort.env.wasm.wasmPaths = { mjs: new URL("ort/ort-wasm-simd-threaded.mjs", import.meta.url).href };
  ort.env.wasm.wasmBinary = (await read("ort/engine.bin")).buffer;
}

async function network(style) {
  await (engine ??= start());
  const found = sessions.get(style) ?? (await ort.InferenceSession.create(await read(`styles/${style}.bin`)));
  sessions.delete(style);
  sessions.set(style, found); // the latest last
  for (const [old, session] of sessions) {
    if (sessions.size <= KEPT) break;
    sessions.delete(old);
    await session.release();
  }
  return found;
}

const mirrored = (place, length) => {
  const far = 2 * (length - 1);
  const at = Math.abs(place) % far;
  return at < length ? at : far - at;
};

/** (1, 3, height + 2 FRAME, width + 2 FRAME) in [0, 1] of RGBA bytes. */
function toTensor({ data, width, height }) {
  const [wide, high] = [width + 2 * FRAME, height + 2 * FRAME];
  const values = new Float32Array(3 * wide * high);
  const columns = Int32Array.from({ length: wide }, (_, x) => 4 * mirrored(x - FRAME, width));
  for (let y = 0, place = 0; y < high; y++) {
    const row = 4 * width * mirrored(y - FRAME, height);
    for (let x = 0; x < wide; x++, place++)
      for (let channel = 0; channel < 3; channel++)
        values[channel * wide * high + place] = data[row + columns[x] + channel] / 255;
  }
  return new ort.Tensor("float32", values, [1, 3, high, wide]);
}

function toImage({ data, dims: [, , high, wide] }) {
  const [width, height] = [wide - 2 * FRAME, high - 2 * FRAME];
  const image = new ImageData(width, height);
  for (let y = 0, place = 0; y < height; y++) {
    const row = (y + FRAME) * wide + FRAME;
    for (let x = 0; x < width; x++, place++) {
      for (let channel = 0; channel < 3; channel++)
        image.data[4 * place + channel] = Math.round(255 * data[channel * wide * high + row + x]);
      image.data[4 * place + 3] = 255;
    }
  }
  return image;
}

let queue = Promise.resolve();

self.onmessage = ({ data: { id, style, image } }) => {
  queue = queue.then(async () => {
    try {
      const session = await network(style);
      self.postMessage({ id, loaded: true });
      const began = performance.now();
      const { painted } = await session.run({ image: toTensor(image) });
      const result = toImage(painted);
      painted.dispose?.();
      self.postMessage({ id, image: result, seconds: (performance.now() - began) / 1000 }, [result.data.buffer]);
    } catch (error) {
      self.postMessage({ id, problem: error.message });
    }
  });
};
