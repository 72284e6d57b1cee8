// The network, in a worker of its own, so that the page never waits for it: on the graphics card
// where there is one, else by WebAssembly. `?engine=webgpu` or `wasm` in the address decides it.

import { GpuNetwork, openGpu } from "./gpu.js";

const FRAME = 8; // pixels by which a photo is widened, mirrored, and cropped again: no odd borders
const MULTIPLE = 4; // of which the sides that a network sees are
const KEPT = 4; // networks in memory

const wanted = new URL(self.location).searchParams.get("engine");
const sessions = new Map();
let engine = null; // a promise of {name, create}

class NotFetched extends Error {}

/** The bytes of a file beside this one, unpacked if it is packed: hosts differ in what they do. */
async function read(path) {
  const answer = await fetch(new URL(path, import.meta.url)).catch((error) => ({ status: error.message }));
  const packed = answer.ok && (await answer.arrayBuffer().catch(() => null));
  if (!packed) throw new NotFetched(`${path} is not there (${answer.status})`);
  const bytes = new Uint8Array(packed);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}

async function withGpu() {
  const device = wanted === "wasm" ? null : await openGpu(wanted === "webgpu").catch(() => null);
  const pipelines = new Map();
  return device && { name: "webgpu", create: (bytes) => new GpuNetwork(device, pipelines, bytes) };
}

async function withProcessor() {
  const ort = await import("./ort/ort.wasm.min.mjs");
  ort.env.logLevel = "error";
  ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1;
  ort.env.wasm.wasmPaths = { mjs: new URL("ort/ort-wasm-simd-threaded.mjs", import.meta.url).href };
  ort.env.wasm.wasmBinary = (await read("ort/engine.bin")).buffer;
  const create = async (bytes) => {
    const session = await ort.InferenceSession.create(bytes);
    const run = async (values, height, width) => {
      const { painted } = await session.run({ image: new ort.Tensor("float32", values, [1, 3, height, width]) });
      const found = painted.data.slice();
      painted.dispose?.();
      return found;
    };
    return { run, release: () => session.release() };
  };
  return { name: "wasm", create };
}

function open(found) {
  engine = found;
  found.catch(() => (engine = null)); // to be fetched once more the next time
}

async function network(style) {
  if (!engine) open(withGpu().then((found) => found ?? withProcessor()));
  const { create } = await engine;
  const found = sessions.get(style) ?? (await create(await read(`styles/${style}.bin`)));
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

const framed = (side) => Math.ceil((side + 2 * FRAME) / MULTIPLE) * MULTIPLE;

/** A painted picture of one: (3, high, wide) numbers in [0, 1] go through the network. */
async function paint(network, { data, width, height }) {
  const [wide, high] = [width, height].map(framed);
  const values = new Float32Array(3 * wide * high);
  const columns = Int32Array.from({ length: wide }, (_, x) => 4 * mirrored(x - FRAME, width));
  for (let y = 0, place = 0; y < high; y++) {
    const row = 4 * width * mirrored(y - FRAME, height);
    for (let x = 0; x < wide; x++, place++)
      for (let channel = 0; channel < 3; channel++)
        values[channel * wide * high + place] = data[row + columns[x] + channel] / 255;
  }
  const painted = await network.run(values, high, wide);
  const image = new ImageData(width, height);
  for (let y = 0, place = 0; y < height; y++) {
    const row = (y + FRAME) * wide + FRAME;
    for (let x = 0; x < width; x++, place++) {
      for (let channel = 0; channel < 3; channel++)
        image.data[4 * place + channel] = Math.round(255 * painted[channel * wide * high + row + x]);
      image.data[4 * place + 3] = 255;
    }
  }
  return image;
}

async function answer({ id, style, image }) {
  const found = await network(style);
  self.postMessage({ id, loaded: true });
  const began = performance.now();
  const result = await paint(found, image);
  const seconds = (performance.now() - began) / 1000;
  self.postMessage({ id, image: result, seconds, engine: (await engine).name }, [result.data.buffer]);
}

/** The same without the graphics card: it may be lost at any time, or have too little memory. */
async function answerAnyhow(order) {
  try {
    await answer(order);
  } catch (error) {
    const isCard = (await engine)?.name === "webgpu";
    if (wanted === "webgpu" || !isCard || error instanceof NotFetched) throw error;
    console.warn(`WebGPU: ${error.message}`);
    sessions.clear();
    open(withProcessor());
    await answer(order);
  }
}

let queue = Promise.resolve();

self.onmessage = ({ data }) => {
  queue = queue.then(() => answerAnyhow(data)).catch((error) => self.postMessage({ id: data.id, problem: error.message }));
};
