/**
 * Gradient of a convolution with respect to its filter.
 *
 * `dF[kh, kw, ci, co] = Σ_{b, oh, ow} x[b, oh·s + kh − p, ow·s + kw − p, ci] · dy[b, oh, ow, co]`
 *
 * The stock kernel gives each weight one invocation that walks over the whole batch: every value of
 * `x` and `dy` is loaded once per weight. Here an invocation keeps a block of weights in registers,
 * `rows` of one kernel row (which lie side by side in `x`) by `columns` output channels, so that one
 * loaded value serves a whole row or column of the block. Neighbouring invocations take neighbouring
 * output channels, the fast axis of `dy` and `dF`. The block's accumulators are named scalars:
 * an array that is indexed in a loop would live in memory.
 *
 * Where the weights alone give too few workgroups, the batch is split: each slice writes its own
 * partial sums and a second dispatch adds them in order. No atomics, so the bits are reproducible.
 *
 * @module
 */

import { tf } from "../../deps.ts";
import { type Program, run, webgpuBackend } from "../program.ts";
import { convInfo, type ConvSizes, geometryKey } from "./conv_sizes.ts";
import type { KernelConfig, TensorInfo } from "../../tensor.ts";

/** Invocations per workgroup: one SIMD vector of a software adapter. */
const LANES = 8;
/** Workgroups below which the batch is split. */
const ENOUGH_WORKGROUPS = 24;
const MAX_ROWS = 8;
const MAX_COLUMNS = 8;

/** Computes the filter's gradient, `(kh, kw, in, out)`, from `x` and `dy`, both `(N, H, W, C)`. */
export function conv2dBackpropFilter(
  x: TensorInfo,
  dy: TensorInfo,
  sizes: ConvSizes,
): TensorInfo {
  const { filterHeight, filterWidth, inChannels, outChannels, batchSize } = sizes;
  const shape = [filterHeight, filterWidth, inChannels, outChannels];
  const plan = planBlocks(sizes);
  const { slices } = plan;
  const inputs = [x, dy];
  // The batch is not written into the shader: the last, smaller one of an epoch shares it.
  const uniforms = [batchSize, plan.perSlice].map((n) => ({ type: "int32" as const, data: [n] }));
  if (slices === 1) return run(gradientProgram(sizes, plan, shape), inputs, uniforms);
  const partial = run(gradientProgram(sizes, plan, [slices, ...shape]), inputs, uniforms);
  const result = run(sumSlicesProgram(slices, shape), [partial]);
  webgpuBackend().disposeData(partial.dataId);
  return result;

  function planBlocks({ strideWidth }: ConvSizes): Blocks {
    // A block that stays within one kernel column needs no test inside its loops.
    const divisor = largestDivisor(inChannels, MAX_ROWS);
    const oneColumn = divisor >= 4 || divisor === inChannels && strideWidth > 1;
    const rows = oneColumn ? divisor : Math.min(MAX_ROWS, filterWidth * inChannels);
    const columns = Math.min(MAX_COLUMNS, Math.ceil(outChannels / LANES));
    const groups: [number, number] = [
      Math.ceil(outChannels / (LANES * columns)),
      filterHeight * Math.ceil(filterWidth * inChannels / rows),
    ];
    const wanted = Math.ceil(ENOUGH_WORKGROUPS / (groups[0] * groups[1]));
    const perSlice = Math.ceil(batchSize / Math.min(batchSize, wanted));
    return { rows, columns, oneColumn, groups, perSlice, slices: Math.ceil(batchSize / perSlice) };
  }
}

/** How the filter is cut into blocks, and the batch into slices. */
interface Blocks {
  /** Rows of a block: neighbouring (kw, ci) pairs of one kernel row. */
  readonly rows: number;
  /** Columns of a block: output channels per invocation, `LANES` apart. */
  readonly columns: number;
  /** Whether all rows of a block have the same kw. */
  readonly oneColumn: boolean;
  /** Workgroups over output channels and over rows. */
  readonly groups: readonly [number, number];
  /** Images per slice. */
  readonly perSlice: number;
  /** Slices of the batch. */
  readonly slices: number;
}

function largestDivisor(n: number, limit: number): number {
  for (let d = Math.min(n, limit); d > 1; d--) if (n % d === 0) return d;
  return 1;
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

function gradientProgram(s: ConvSizes, blocks: Blocks, outputShape: readonly number[]): Program {
  const { rows, columns, oneColumn, groups, slices } = blocks;
  const patch = s.filterWidth * s.inChannels; // values of one kernel row, contiguous in x
  const blocksPerRow = Math.ceil(patch / rows);
  const vector = oneColumn && rows % 4 === 0;
  const I = range(rows);
  const J = range(columns);

  // First output column whose input column `ow·s + kw − p` is not left of the image, and the first
  // whose is right of it.
  const firstColumn = (kw: string) =>
    `max(0, (${s.left} - ${kw} + ${s.strideWidth - 1}) / ${s.strideWidth})`;
  const endColumn = (kw: string) =>
    `min(${s.outWidth}, (${s.inWidth} - 1 + ${s.left} - ${kw} + ${s.strideWidth}) / ${s.strideWidth})`;

  const rowSetup = oneColumn
    ? `let kw = r0 / ${s.inChannels};
       let begin = ${firstColumn("kw")};
       let end = ${endColumn("kw")};`
    : `let begin = 0;
       let end = ${s.outWidth};
       ${
      I.map((i) =>
        `let kw${i} = min(r0 + ${i}, ${patch - 1}) / ${s.inChannels};
         let from${i} = ${firstColumn(`kw${i}`)};
         let to${i} = ${endColumn(`kw${i}`)};`
      ).join("\n")
    }`;

  const loadX = vector
    ? range(rows / 4).map((q) => `let v${q} = x[(xi >> 2u) + ${q}];`).join(" ")
    : oneColumn
    ? I.map((i) => `let x${i} = x[xi + ${i}];`).join(" ")
    : I.map((i) => `let x${i} = select(0.0, x[max(xi + ${i}, 0)], ow >= from${i} && ow < to${i});`)
      .join("\n");
  const xValue = (i: number) => vector ? `v${i >> 2}[${i & 3}]` : `x${i}`;

  const code = `
  fn main(index : i32) {
    let kh = i32(workgroupId.y) / ${blocksPerRow};
    let r0 = (i32(workgroupId.y) % ${blocksPerRow}) * ${rows};
    let first = i32(workgroupId.x) * ${LANES * columns} + i32(localId.x);
    let slice = i32(workgroupId.z);
    ${J.map((j) => `let c${j} = min(first + ${j * LANES}, ${s.outChannels - 1});`).join(" ")}
    ${rowSetup}
    let rowBegin = max(0, (${s.top} - kh + ${s.strideHeight - 1}) / ${s.strideHeight});
    let rowEnd = min(${s.outHeight},
      (${s.inHeight} - 1 + ${s.top} - kh + ${s.strideHeight}) / ${s.strideHeight});
    ${I.map((i) => J.map((j) => `var s${i}_${j} = 0.0;`).join(" ")).join("\n    ")}
    let last = min((slice + 1) * uniforms.perSlice, uniforms.batchSize);
    for (var b = slice * uniforms.perSlice; b < last; b++) {
      for (var oh = rowBegin; oh < rowEnd; oh++) {
        let ih = oh * ${s.strideHeight} + kh - ${s.top};
        var xi = ((b * ${s.inHeight} + ih) * ${s.inWidth} + begin * ${s.strideWidth} - ${s.left})
          * ${s.inChannels} + r0;
        var di = ((b * ${s.outHeight} + oh) * ${s.outWidth} + begin) * ${s.outChannels};
        for (var ow = begin; ow < end; ow++) {
          ${loadX}
          ${J.map((j) => `let d${j} = dy[di + c${j}];`).join(" ")}
          ${
    I.map((i) => J.map((j) => `s${i}_${j} = fma(${xValue(i)}, d${j}, s${i}_${j});`).join(" "))
      .join("\n          ")
  }
          xi += ${s.strideWidth * s.inChannels};
          di += ${s.outChannels};
        }
      }
    }
    let base = ((slice * ${s.filterHeight} + kh) * ${patch} + r0) * ${s.outChannels};
    ${
    J.map((j) =>
      `if (first + ${j * LANES} < ${s.outChannels}) {
      ${
        I.map((i) =>
          `${patch % rows === 0 ? "" : `if (r0 + ${i} < ${patch}) `}{ ` +
          `result[base + ${i * s.outChannels} + c${j}] = s${i}_${j}; }`
        ).join("\n      ")
      }
    }`
    ).join("\n    ")
  }
  }`;
  return {
    key: `inkling_conv2d_backprop_filter_${rows}_${columns}_${geometryKey(s)}`,
    outputShape,
    inputs: ["x", "dy"],
    components: [vector ? 4 : 1, 1],
    uniforms: "batchSize : i32, perSlice : i32,",
    workgroupSize: [LANES, 1, 1],
    dispatch: [groups[0], groups[1], slices],
    code,
  };
}

function sumSlicesProgram(slices: number, shape: readonly number[]): Program {
  return {
    key: `inkling_sum_slices_${slices}`,
    outputShape: shape,
    inputs: ["partial"],
    code: `fn main(index : i32) {
      if (index < uniforms.size) {
        var sum = 0.0;
        for (var slice = 0; slice < ${slices}; slice++) {
          sum += partial[slice * uniforms.size + index];
        }
        result[index] = sum;
      }
    }`,
  };
}

/** The kernel as tfjs knows it; `stock` computes what this one leaves alone. */
export function conv2dBackpropFilterKernel(stock: KernelConfig): KernelConfig {
  return {
    ...stock,
    kernelFunc: (args) => {
      const { x, dy } = args.inputs as { x: TensorInfo; dy: TensorInfo };
      const attrs = args.attrs as unknown as tf.Conv2DBackpropFilterAttrs;
      const info = convInfo(x.shape, attrs.filterShape, attrs);
      if (info === undefined) return stock.kernelFunc(args);
      return conv2dBackpropFilter(x, dy, info);
    },
  };
}
