/**
 * The code of batch normalisation: sums over all pixels of a batch, and what is done with them.
 *
 * Both passes are two dispatches of the same build. The first cuts the pixels into slices; each
 * workgroup sums one slice. In the second each workgroup adds up the slices' sums for its channels,
 * all of them alike, and then works through a slice of the pixels. So nothing waits for a dispatch
 * that would only add up.
 *
 * An invocation works on one element of the channels, on every so many-th pixel of the slice where
 * the channels are fewer than the invocations.
 *
 * @module
 */

import type { Shader } from "./several.ts";

/** What is written into the code. */
export interface BatchForm {
  /** Channels. */
  readonly channels: number;
  /** Invocations of a workgroup. */
  readonly width: number;
  /** Added to the variance. */
  readonly eps: number;
  /** Whether what is below 0 becomes 0 afterwards. */
  readonly relu: boolean;
}

/** How a shader sees its tensors: four channels together where their number allows it. */
export function columnsOf({ channels, width }: Pick<BatchForm, "channels" | "width">) {
  const components = channels % 4 === 0 ? 4 : 1;
  const columns = channels / components;
  return {
    type: components === 4 ? "vec4<f32>" : "f32",
    /** Elements of a pixel. */
    columns,
    /** Workgroups side by side that take one slice. */
    across: Math.ceil(columns / width),
    /** Pixels that a workgroup works on at a time. */
    together: Math.max(1, Math.floor(width / columns)),
  } as const;
}

/** Sets `column`, `part` and `slice`, and the slice's pixels `begin` to `end`. */
function begin(form: BatchForm): string {
  const { columns, across, together } = columnsOf(form);
  return `
      let lane = i32(localId.x);
      ${
    together === 1
      ? `let column = block % ${across} * ${form.width} + lane;
      let part = 0;
      let exists = column < ${columns};`
      : `let column = lane % ${columns};
      let part = lane / ${columns};
      let exists = part < ${together};`
  }
      let slice = block / ${across};
      let begin = slice * uniforms.perSlice;
      let end = min(begin + uniforms.perSlice, uniforms.pixels);`;
}

/** A loop over the pixels of an invocation, with `at` for where it is. */
function eachPixel(form: BatchForm, code: string): string {
  const { columns, together } = columnsOf(form);
  return `for (var pixel = begin + part; pixel < end; pixel += ${together}) {
        let at = pixel * ${columns} + column;
        ${code}
      }`;
}

/**
 * Hands `first` and `second` of the invocations that share a column to the first of them, which runs
 * `merge` for each of the others, with `other`, `otherFirst` and `otherSecond`.
 */
function gather(form: BatchForm, merge: string): string {
  const { columns, together } = columnsOf(form);
  if (together === 1) return "if (!exists) { return; }";
  return `firsts[lane] = first;
      seconds[lane] = second;
      workgroupBarrier();
      if (part > 0) { return; }
      for (var other = 1; other < ${together}; other++) {
        let otherFirst = firsts[other * ${columns} + column];
        let otherSecond = seconds[other * ${columns} + column];
        ${merge}
      }`;
}

function shared(form: BatchForm): string {
  const { type, together } = columnsOf(form);
  if (together === 1) return "";
  return `var<workgroup> firsts : array<${type}, ${form.width}>;
    var<workgroup> seconds : array<${type}, ${form.width}>;`;
}

const keyOf = ({ channels, width, eps, relu }: BatchForm) => `${channels}_${width}_${eps}_${relu}`;

/**
 * Mean and sum of squared deviations of each slice, by Welford's method, whose parts are merged by
 * Chan's; and counts the batch.
 */
export function momentsShader(form: BatchForm): Shader {
  const { type, columns, together } = columnsOf(form);
  return {
    key: `batch_norm_moments_${form.channels}_${form.width}`,
    inputs: { x: type },
    outputs: { slices: type, batches: "f32" },
    uniforms: ["pixels", "perSlice"],
    lanes: form.width,
    code: `
    ${shared(form)}
    fn main(block : i32) {
      ${begin(form)}
      if (block == 0 && lane == 0) { batches[0] += 1.0; }
      var count = 0.0;
      var first = ${type}(0.0);
      var second = ${type}(0.0);
      if (exists) {
        ${
      eachPixel(
        form,
        `let v = x[at];
        count += 1.0;
        let deviation = v - first;
        first += deviation * (1.0 / count);
        second += deviation * (v - first);`,
      )
    }
      }
      ${
      gather(
        form,
        `let otherCount = f32(max(0, end - begin - other + ${together - 1}) / ${together});
        if (otherCount > 0.0) {
          let both = count + otherCount;
          let deviation = otherFirst - first;
          first += deviation * (otherCount / both);
          second += otherSecond + deviation * deviation * (count * otherCount / both);
          count = both;
        }`,
      )
    }
      slices[slice * ${2 * columns} + column] = first;
      slices[slice * ${2 * columns} + ${columns} + column] = second;
    }`,
  };
}

/** Where the forward pass leaves mean and `1/√(variance + eps)`, and the two of them, in WGSL. */
const READ = (columns: number) =>
  `let mean = statistics[column];
      let rstd = statistics[${columns} + column];`;

/** `y` from the moments of the slices; the batch's statistics, and the running ones. */
export function applyShader(form: BatchForm, momentum: number): Shader {
  const { type, columns } = columnsOf(form);
  const store = form.relu
    ? `let v = (x[at] - mean) * scale + shift;
        y[at] = select(v, ${type}(0.0), v < ${type}(0.0));`
    : "y[at] = (x[at] - mean) * scale + shift;";
  return {
    key: `batch_norm_apply_${keyOf(form)}_${momentum}`,
    inputs: { x: type, weight: type, bias: type, slices: type },
    outputs: { y: type, statistics: type, runningMean: type, runningVar: type },
    uniforms: ["pixels", "perSlice", "momentsSlices", "perMomentsSlice"],
    lanes: form.width,
    code: `
    fn pixelsIn(slice : i32) -> f32 {
      return f32(min(uniforms.perMomentsSlice, uniforms.pixels - slice * uniforms.perMomentsSlice));
    }
    fn main(block : i32) {
      ${begin(form)}
      if (!exists) { return; }
      let count = f32(uniforms.pixels);
      var mean = ${type}(0.0);
      for (var k = 0; k < uniforms.momentsSlices; k++) {
        mean += slices[k * ${2 * columns} + column] * (pixelsIn(k) / count);
      }
      var squares = ${type}(0.0);
      for (var k = 0; k < uniforms.momentsSlices; k++) {
        let at = k * ${2 * columns} + column;
        let deviation = slices[at] - mean;
        squares += slices[at + ${columns}] + deviation * deviation * pixelsIn(k);
      }
      let rstd = 1.0 / sqrt(squares / count + ${form.eps});
      if (slice == 0 && part == 0) {
        statistics[column] = mean;
        statistics[${columns} + column] = rstd;
        runningMean[column] = ${1 - momentum} * runningMean[column] + ${momentum} * mean;
        runningVar[column] = ${1 - momentum} * runningVar[column] +
          ${momentum} * (squares / (count - 1.0));
      }
      let scale = rstd * weight[column];
      let shift = bias[column];
      ${eachPixel(form, store)}
    }`,
  };
}

/** `dy` behind the ReLU, as `g`. The output is computed again: that is cheaper than to load it. */
function upstream(form: BatchForm): string {
  const { type } = columnsOf(form);
  return form.relu
    ? `let g = select(dy[at], ${type}(0.0),
          (x[at] - mean) * (rstd * weight[column]) + bias[column] <= ${type}(0.0));`
    : "let g = dy[at];";
}

/** `Σ dy` and `Σ dy · h` of each slice, where `h` is what the weight multiplies. */
export function gradientSumsShader(form: BatchForm): Shader {
  const { type, columns } = columnsOf(form);
  return {
    key: `batch_norm_grad_sums_${keyOf(form)}`,
    inputs: {
      dy: type,
      x: type,
      statistics: type,
      ...(form.relu && { weight: type, bias: type }),
    },
    outputs: { slices: type },
    uniforms: ["pixels", "perSlice"],
    lanes: form.width,
    code: `
    ${shared(form)}
    fn main(block : i32) {
      ${begin(form)}
      var first = ${type}(0.0);
      var second = ${type}(0.0);
      if (exists) {
        ${READ(columns)}
        ${eachPixel(form, `${upstream(form)} first += g; second += g * ((x[at] - mean) * rstd);`)}
      }
      ${gather(form, "first += otherFirst; second += otherSecond;")}
      slices[slice * ${2 * columns} + column] = first;
      slices[slice * ${2 * columns} + ${columns} + column] = second;
    }`,
  };
}

/** `dx = w / σ · (dy − Σdy/n − h · Σ(dy·h)/n)`, and the gradients of weight and bias, those sums. */
export function gradientShader(form: BatchForm): Shader {
  const { type, columns } = columnsOf(form);
  return {
    key: `batch_norm_grad_${keyOf(form)}`,
    inputs: {
      dy: type,
      x: type,
      statistics: type,
      weight: type,
      ...(form.relu && { bias: type }),
      slices: type,
    },
    outputs: { dx: type, dweight: type, dbias: type },
    uniforms: ["pixels", "perSlice", "sumsSlices"],
    lanes: form.width,
    code: `
    fn main(block : i32) {
      ${begin(form)}
      if (!exists) { return; }
      var sum = ${type}(0.0);
      var product = ${type}(0.0);
      for (var k = 0; k < uniforms.sumsSlices; k++) {
        sum += slices[k * ${2 * columns} + column];
        product += slices[k * ${2 * columns} + ${columns} + column];
      }
      if (slice == 0 && part == 0) {
        dbias[column] = sum;
        dweight[column] = product;
      }
      ${READ(columns)}
      let scale = rstd * weight[column];
      let count = f32(uniforms.pixels);
      let meanGradient = sum / count;
      let meanProduct = product / count;
      ${
      eachPixel(
        form,
        `${upstream(form)}
        dx[at] = (g - meanGradient - (x[at] - mean) * rstd * meanProduct) * scale;`,
      )
    }
    }`,
  };
}
