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
import { BLOCK } from "./block.ts";
import {
  type Blocks,
  filterGradient,
  planBlocks,
  readsVectors,
} from "./conv2d_backprop_filter_code.ts";
import { convInfo, type ConvSizes, geometryKey } from "./conv_sizes.ts";
import { lanes } from "./lanes.ts";
import { runInto, type Shader } from "./several.ts";
import type { KernelConfig, TensorInfo } from "../../tensor.ts";

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
}

/**
 * Computes the gradients of filter and bias together. The bias's, `dy` summed over all pixels, is
 * the work of a few workgroups more.
 *
 * @param x The images.
 * @param dy The gradient of the output.
 * @param sizes The sizes of both.
 * @param filter Where the filter's gradient goes, `(kh, kw, in, out)`.
 * @param bias Where the bias's goes, `(out)`.
 */
export function conv2dBackpropFilterAndBias(
  x: TensorInfo,
  dy: TensorInfo,
  sizes: ConvSizes,
  filter: TensorInfo,
  bias: TensorInfo,
): void {
  const plan = planBlocks(sizes);
  const { slices } = plan;
  const shader = bothShader(sizes, plan);
  const numbers = [sizes.batchSize, plan.perSlice];
  const forFilter = plan.groups[0] * plan.groups[1];
  const blocks = (forFilter + Math.ceil(sizes.outChannels / lanes())) * slices;
  if (slices === 1) return runInto(shader, [x, dy], [filter, bias], numbers, blocks);
  const partials = [filter, bias].map(({ shape }) =>
    webgpuBackend().makeTensorInfo([slices, ...shape], "float32")
  );
  runInto(shader, [x, dy], partials, numbers, blocks);
  const values = tf.util.sizeFromShape(filter.shape) + sizes.outChannels;
  runInto(
    sumBothShader,
    partials,
    [filter, bias],
    [slices, values - sizes.outChannels, sizes.outChannels],
    Math.ceil(values / SUM_LANES),
  );
  for (const { dataId } of partials) webgpuBackend().disposeData(dataId);
}

function keyOf(s: ConvSizes, { rows, columns }: Blocks): string {
  return `conv2d_backprop_filter_${rows}_${columns}_${geometryKey(s)}`;
}

function gradientProgram(s: ConvSizes, blocks: Blocks, outputShape: readonly number[]): Program {
  const { groups, slices } = blocks;
  return {
    key: `inkling_${keyOf(s, blocks)}`,
    outputShape,
    inputs: ["x", "dy"],
    components: [readsVectors(blocks) ? 4 : 1, 1],
    uniforms: "batchSize : i32, perSlice : i32,",
    workgroupSize: [lanes(), 1, 1],
    dispatch: [groups[0] * groups[1] * slices, 1, 1],
    code: `
  ${filterGradient(s, blocks, "result")}
  fn main(index : i32) { filterGradient(${BLOCK}); }`,
  };
}

function bothShader(s: ConvSizes, blocks: Blocks): Shader {
  const forBias = Math.ceil(s.outChannels / lanes());
  const pixels = s.outHeight * s.outWidth;
  return {
    key: `${keyOf(s, blocks)}_bias`,
    inputs: { x: readsVectors(blocks) ? "vec4<f32>" : "f32", dy: "f32" },
    outputs: { dF: "f32", db: "f32" },
    uniforms: ["batchSize", "perSlice"],
    code: `
  ${filterGradient(s, blocks, "dF")}
  fn biasGradient(block : i32) {
    let channel = block % ${forBias} * ${lanes()} + i32(localId.x);
    if (channel >= ${s.outChannels}) { return; }
    let slice = block / ${forBias};
    let last = min((slice + 1) * uniforms.perSlice, uniforms.batchSize) * ${pixels};
    var sum = 0.0;
    for (var pixel = slice * uniforms.perSlice * ${pixels}; pixel < last; pixel++) {
      sum += dy[pixel * ${s.outChannels} + channel];
    }
    db[slice * ${s.outChannels} + channel] = sum;
  }
  fn main(block : i32) {
    let slices = (uniforms.batchSize + uniforms.perSlice - 1) / uniforms.perSlice;
    let afterFilter = block - slices * ${blocks.groups[0] * blocks.groups[1]};
    if (afterFilter < 0) { filterGradient(block); } else { biasGradient(afterFilter); }
  }`,
  };
}

/** Invocations per workgroup of {@link sumBothShader}. */
const SUM_LANES = 64;

/** Adds up the slices of the gradients of filter and bias. */
const sumBothShader: Shader = {
  key: "sum_slices_of_both",
  inputs: { partialF: "f32", partialB: "f32" },
  outputs: { dF: "f32", db: "f32" },
  uniforms: ["slices", "weights", "channels"],
  lanes: SUM_LANES,
  code: `
  fn main(block : i32) {
    let index = block * ${SUM_LANES} + i32(localId.x);
    let channel = index - uniforms.weights;
    var sum = 0.0;
    if (channel < 0) {
      for (var slice = 0; slice < uniforms.slices; slice++) {
        sum += partialF[slice * uniforms.weights + index];
      }
      dF[index] = sum;
    } else if (channel < uniforms.channels) {
      for (var slice = 0; slice < uniforms.slices; slice++) {
        sum += partialB[slice * uniforms.channels + channel];
      }
      db[channel] = sum;
    }
  }`,
};

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
