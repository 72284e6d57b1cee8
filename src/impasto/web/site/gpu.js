// A network on the graphics card, by WebGPU: a dozen kinds of ONNX nodes, small programs there.
// The files are those of the other engine, which so need not be fetched.

const GROUP = 256; // threads that work together
const MOST_GROUPS = 4096; // of a program that takes one number a thread, again and again
const BYTES = 4; // of a number

/** The graphics card; null if there is none, or only one that the processor plays, unless `any`. */
export async function openGpu(any = false) {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  const isPlayed = adapter?.info?.isFallbackAdapter ?? adapter?.isFallbackAdapter;
  if (!adapter || (isPlayed && !any)) return null;
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  return adapter.requestDevice({ requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } });
}

// ONNX files: protocol buffers

function* fields(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const number = () => {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = number();
    const [field, kind] = [Math.floor(tag / 8), tag % 8];
    if (kind === 0) yield [field, number()];
    else if (kind === 2) {
      const length = number();
      yield [field, bytes.subarray(at, at + length)];
      at += length;
    } else {
      yield [field, kind === 5 ? view.getFloat32(at, true) : view.getFloat64(at, true)];
      at += kind === 5 ? 4 : 8;
    }
  }
}

const text = (bytes) => new TextDecoder().decode(bytes);

function readNode(bytes) {
  const node = { kind: "", inputs: [], output: "", stride: 1, epsilon: 0 };
  for (const [field, value] of fields(bytes)) {
    if (field === 1) node.inputs.push(text(value));
    else if (field === 2) node.output = text(value);
    else if (field === 4) node.kind = text(value);
    else if (field === 5) {
      const attribute = [...fields(value)];
      const name = text(attribute.find(([number]) => number === 1)[1]);
      if (name === "strides") node.stride = attribute.find(([number]) => number === 8)[1];
      if (name === "epsilon") node.epsilon = attribute.find(([number]) => number === 2)[1];
    }
  }
  return node;
}

function readConstant(bytes) {
  const kinds = { 1: Float32Array, 3: Int8Array, 7: BigInt64Array };
  const [dims, found] = [[], {}];
  for (const [field, value] of fields(bytes)) {
    if (field === 1) dims.push(value);
    else found[field] = value;
  }
  const values = new kinds[found[2]](found[9].slice().buffer);
  return [text(found[8]), { dims, values }];
}

function readModel(bytes) {
  const [, graph] = [...fields(bytes)].find(([field]) => field === 7);
  const [nodes, constants] = [[], new Map()];
  for (const [field, value] of fields(graph)) {
    if (field === 1) nodes.push(readNode(value));
    if (field === 5) constants.set(...readConstant(value));
  }
  for (const { kind, inputs, output } of nodes)
    if (kind === "DequantizeLinear") {
      const [levels, scales] = inputs.map((name) => constants.get(name));
      const each = levels.values.length / levels.dims[0];
      const values = Float32Array.from(levels.values, (level, place) => level * scales.values[Math.floor(place / each)]);
      constants.set(output, { dims: levels.dims, values });
    }
  return { nodes, constants };
}

// The programs, in WGSL

/** A convolution with a mirrored border: a thread makes one pixel of some channels. */
function convolution({ inputs, outputs, kernel, stride, border, doubled }) {
  const quads = Math.ceil(outputs / 4);
  const each = [4, 3, 2, 1].find((count) => quads % count === 0);
  const places = Array.from({ length: each }, (_, place) => place);
  const lines = (line) => places.map(line).join("\n");
  const store = (place) =>
    [0, 1, 2, 3].map((part) => `if (first + ${4 * place + part} < ${outputs}) { y[at + ${4 * place + part} * plane] = sum${place}[${part}]; }`).join("\n");
  const code = `
    struct Size { height: i32, width: i32, rows: i32, columns: i32 }
    @group(0) @binding(0) var<storage, read_write> y: array<f32>;
    @group(0) @binding(1) var<storage, read> x: array<f32>;
    @group(0) @binding(2) var<storage, read> weight: array<vec4f>;
    @group(0) @binding(3) var<storage, read> bias: array<vec4f>;
    @group(0) @binding(4) var<uniform> size: Size;
    fn mirrored(place: i32, length: i32) -> i32 {
      let near = abs(place);
      return select(near, 2 * (length - 1) - near, near >= length);
    }
    @compute @workgroup_size(16, 8)
    fn main(@builtin(global_invocation_id) id: vec3u) {
      let column = i32(id.x);
      let row = i32(id.y);
      if (column >= size.columns || row >= size.rows) { return; }
      let group = i32(id.z) * ${each};
      ${lines((place) => `var sum${place} = bias[group + ${place}];`)}
      for (var ky = 0; ky < ${kernel}; ky++) {
        let source_row = mirrored(row * ${stride} + ky - ${border}, size.height * ${doubled}) / ${doubled};
        for (var kx = 0; kx < ${kernel}; kx++) {
          let source_column = mirrored(column * ${stride} + kx - ${border}, size.width * ${doubled}) / ${doubled};
          var source = source_row * size.width + source_column;
          var w = (ky * ${kernel} + kx) * ${inputs * quads} + group;
          for (var channel = 0; channel < ${inputs}; channel++) {
            let value = x[source];
            ${lines((place) => `sum${place} += value * weight[w + ${place}];`)}
            source += size.height * size.width;
            w += ${quads};
          }
        }
      }
      let plane = size.rows * size.columns;
      let first = group * 4;
      let at = first * plane + row * size.columns + column;
      ${places.map(store).join("\n")}
    }`;
  return { code, groups: quads / each };
}

/** Instance normalization, in place: the threads of a group share a channel. */
const normalization = (epsilon) => `
  @group(0) @binding(0) var<storage, read_write> y: array<f32>;
  @group(0) @binding(1) var<storage, read> scale: array<f32>;
  @group(0) @binding(2) var<storage, read> shift: array<f32>;
  var<workgroup> shared_sums: array<f32, ${GROUP}>;
  fn over_all(mine: f32, me: u32) -> f32 {
    shared_sums[me] = mine;
    workgroupBarrier();
    for (var half = ${GROUP / 2}u; half > 0u; half /= 2u) {
      if (me < half) { shared_sums[me] += shared_sums[me + half]; }
      workgroupBarrier();
    }
    let total = shared_sums[0];
    workgroupBarrier();
    return total;
  }
  @compute @workgroup_size(${GROUP})
  fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) me: u32) {
    let plane = arrayLength(&y) / arrayLength(&scale);
    let first = group.x * plane;
    var sum = 0.0;
    for (var i = me; i < plane; i += ${GROUP}u) { sum += y[first + i]; }
    let mean = over_all(sum, me) / f32(plane);
    var squares = 0.0;
    for (var i = me; i < plane; i += ${GROUP}u) {
      let off = y[first + i] - mean;
      squares += off * off;
    }
    let factor = scale[group.x] / sqrt(over_all(squares, me) / f32(plane) + ${epsilon});
    for (var i = me; i < plane; i += ${GROUP}u) {
      y[first + i] = (y[first + i] - mean) * factor + shift[group.x];
    }
  }`;

/** The same for every number, in place; `v` is the number, `x[i]` that of another value. */
const pointwise = (expression, other = false) => `
  @group(0) @binding(0) var<storage, read_write> y: array<f32>;
  ${other ? "@group(0) @binding(1) var<storage, read> x: array<f32>;" : ""}
  @compute @workgroup_size(${GROUP})
  fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    for (var i = id.x; i < arrayLength(&y); i += groups.x * ${GROUP}u) {
      let v = y[i];
      y[i] = ${expression};
    }
  }`;

/** 2x2 pixels of every channel become four channels. */
const shuffle = (channels) => `
  struct Size { height: i32, width: i32, rows: i32, columns: i32 }
  @group(0) @binding(0) var<storage, read_write> y: array<f32>;
  @group(0) @binding(1) var<storage, read> x: array<f32>;
  @group(0) @binding(2) var<uniform> size: Size;
  @compute @workgroup_size(16, 8)
  fn main(@builtin(global_invocation_id) id: vec3u) {
    let column = i32(id.x);
    let row = i32(id.y);
    if (column >= size.columns || row >= size.rows) { return; }
    for (var pixel = 0; pixel < 4; pixel++) {
      for (var channel = 0; channel < ${channels}; channel++) {
        let to = (pixel * ${channels} + channel) * size.rows * size.columns + row * size.columns + column;
        y[to] = x[(channel * size.height + 2 * row + pixel / 2) * size.width + 2 * column + pixel % 2];
      }
    }
  }`;

/** One network, ready to paint; all on one card share their `pipelines`, a map by program. */
export class GpuNetwork {
  constructor(device, pipelines, bytes) {
    Object.assign(this, { device, pipelines });
    Object.assign(this, readModel(bytes));
    this.kept = new Map(); // weights on the card, by name
    this.uses = new Map(); // how often each value is read
    for (const { inputs } of this.nodes) for (const name of inputs) this.uses.set(name, (this.uses.get(name) ?? 0) + 1);
  }

  release() {
    for (const buffer of this.kept.values()) buffer.destroy();
    this.kept.clear();
  }

  /** What the network makes of a (3, height, width) picture; the sides are multiples of four. */
  async run(image, height, width) {
    const { device } = this;
    for (const kind of ["validation", "out-of-memory", "internal"]) device.pushErrorScope(kind);
    const work = { encoder: device.createCommandEncoder(), buffers: [], free: new Map() };
    try {
      const painted = await this.#paint(work, image, height, width);
      const target = this.#create(work, painted.buffer.size, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
      work.encoder.copyBufferToBuffer(painted.buffer, 0, target, 0, target.size);
      device.queue.submit([work.encoder.finish()]);
      await target.mapAsync(GPUMapMode.READ);
      return new Float32Array(target.getMappedRange().slice(0));
    } finally {
      for (const buffer of work.buffers) buffer.destroy();
      const problems = await Promise.all([1, 2, 3].map(() => device.popErrorScope()));
      const problem = problems.find((each) => each);
      if (problem) throw new Error(problem.message);
    }
  }

  async #paint(work, image, height, width) {
    const first = this.#value(work, 3, height, width);
    this.device.queue.writeBuffer(first.buffer, 0, image);
    const values = new Map([["image", first]]);
    const left = new Map(this.uses);
    let last = first;
    for (const node of this.nodes) {
      const from = values.get(node.inputs[0]) ?? values.get(node.inputs[1]);
      if (!from || node.kind === "Shape") continue; // weights and sizes, which are known already
      last = await this.#step(work, node, from, values);
      values.set(node.output, last);
      for (const name of node.inputs) {
        const value = values.get(name);
        left.set(name, left.get(name) - 1);
        if (!value || left.get(name)) continue;
        values.delete(name);
        const isRead = [...values.values()].some(({ buffer }) => buffer === value.buffer);
        if (isRead) continue;
        const free = work.free.get(value.buffer.size) ?? [];
        work.free.set(value.buffer.size, [...free, value.buffer]);
      }
    }
    return last;
  }

  async #step(work, node, from, values) {
    const constants = node.inputs.map((name) => this.constants.get(name));
    const { channels, height, width } = from;
    switch (node.kind) {
      case "Pad": // done by the convolution that reads it
        return { ...from, border: Number(constants[1]?.values[2] ?? 0) };
      case "Resize": // the same
        return { ...from, doubled: 2 };
      case "Slice":
        return from;
      case "Conv":
        return this.#convolve(work, node, from, constants[1].dims);
      case "InstanceNormalization": {
        const weights = node.inputs.slice(1).map((name) => this.#weights(name));
        await this.#call(work, normalization(node.epsilon), [from.buffer, ...weights], [channels]);
        return from;
      }
      case "SpaceToDepth": {
        const to = this.#value(work, 4 * channels, height / 2, width / 2);
        const size = this.#size(work, [height, width, to.height, to.width]);
        await this.#call(work, shuffle(channels), [to.buffer, from.buffer, size], [Math.ceil(to.width / 16), Math.ceil(to.height / 8)]);
        return to;
      }
      case "Add": {
        const [one, other] = node.inputs.map((name) => values.get(name));
        if (!one || !other) break;
        await this.#each(work, pointwise("v + x[i]", true), other, [one.buffer]);
        return other;
      }
    }
    const constant = constants.find((each) => each)?.values[0];
    const expressions = {
      Add: () => `v + f32(${constant})`,
      Mul: () => `v * f32(${constant})`,
      Relu: () => "max(v, 0.0)",
      Tanh: () => "tanh(v)",
      Sigmoid: () => "1.0 / (1.0 + exp(-v))",
      Clip: () => "clamp(v, 0.0, 1.0)",
    };
    if (!expressions[node.kind]) throw new Error(`${node.kind} is not known here`);
    await this.#each(work, pointwise(expressions[node.kind]()), from);
    return from;
  }

  async #convolve(work, node, from, [outputs, inputs, kernel]) {
    const { border = 0, doubled = 1 } = from;
    const { code, groups } = convolution({ inputs, outputs, kernel, stride: node.stride, border, doubled });
    const length = (side) => Math.floor((side * doubled + 2 * border - kernel) / node.stride) + 1;
    const to = this.#value(work, outputs, length(from.height), length(from.width));
    const size = this.#size(work, [from.height, from.width, to.height, to.width]);
    const weight = this.#weights(node.inputs[1], { outputs, inputs, kernel });
    const bias = this.#weights(node.inputs[2] ?? `no bias ${outputs}`, { outputs, inputs: 1, kernel: 1 });
    const counts = [Math.ceil(to.width / 16), Math.ceil(to.height / 8), groups];
    await this.#call(work, code, [to.buffer, from.buffer, weight, bias, size], counts);
    return to;
  }

  /** Constants on the card; those of a convolution with the channels that it makes last, in fours. */
  #weights(name, shape) {
    if (this.kept.has(name)) return this.kept.get(name);
    let values = this.constants.get(name)?.values;
    if (shape) {
      const { outputs, inputs, kernel } = shape;
      const wide = 4 * Math.ceil(outputs / 4);
      const [given, area] = [values, kernel * kernel];
      values = new Float32Array(wide * inputs * area);
      for (let output = 0; given && output < outputs; output++)
        for (let input = 0; input < inputs; input++)
          for (let place = 0; place < area; place++)
            values[(place * inputs + input) * wide + output] = given[(output * inputs + input) * area + place];
    }
    const buffer = this.device.createBuffer({ size: values.byteLength, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
    this.device.queue.writeBuffer(buffer, 0, values);
    this.kept.set(name, buffer);
    return buffer;
  }

  #value(work, channels, height, width) {
    const size = BYTES * channels * height * width;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const buffer = work.free.get(size)?.pop() ?? this.#create(work, size, usage);
    return { buffer, channels, height, width };
  }

  #size(work, numbers) {
    const buffer = this.#create(work, BYTES * numbers.length, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
    this.device.queue.writeBuffer(buffer, 0, new Int32Array(numbers));
    return buffer;
  }

  #create(work, size, usage) {
    const buffer = this.device.createBuffer({ size, usage });
    work.buffers.push(buffer);
    return buffer;
  }

  #each(work, code, value, others = []) {
    const { buffer } = value;
    const groups = Math.min(MOST_GROUPS, Math.ceil(buffer.size / BYTES / GROUP));
    return this.#call(work, code, [buffer, ...others], [groups]);
  }

  async #call(work, code, buffers, counts) {
    const { device } = this;
    if (!this.pipelines.has(code)) {
      const module = device.createShaderModule({ code });
      const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint: "main" } });
      this.pipelines.set(code, pipeline);
    }
    const pipeline = this.pipelines.get(code);
    const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
    const pass = work.encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(...counts);
    pass.end();
  }
}
