/**
 * Gradient of a convolution with respect to its filter.
 *
 * `dF[kh, kw, ci, co] = Σ_{b, oh, ow} x[b, oh·s + kh − p, ow·s + kw − p, ci] · dy[b, oh, ow, co]`
 *
 * The stock kernel gives each weight one invocation that walks over the whole batch: every value of
 * `x` and `dy` is loaded once per weight. Here an invocation keeps a block of weights in named scalars
 * (an array that is indexed in a loop would live in memory), and a loaded value serves many of them.
 * With many output channels neighbouring invocations take neighbouring channels; with few of them,
 * rows of the output.
 *
 * The work is cut into slices, each of which writes its own partial sums; a second dispatch adds them in
 * order. No atomics, so the bits are reproducible.
 *
 * @module
 */

import { tf } from "../../deps.ts";
import { type Program, run, webgpuBackend } from "../program.ts";
import { texel } from "./textures.ts";
import { BLOCK } from "./block.ts";
import { withPadding } from "./padding.ts";
import {
  codeByChannels,
  type FilterGradientCode,
  gainsFromTextures,
} from "./conv2d_backprop_filter_code.ts";
import { codeByRows } from "./conv2d_backprop_filter_rows.ts";
import { biasGradientCode } from "./conv_bias_gradient.ts";
import { convInfo, type ConvSizes, geometryKey } from "./conv_sizes.ts";
import { lanes } from "./lanes.ts";
import { runInto, type Shader } from "./several.ts";
import type { KernelConfig, TensorInfo } from "../../tensor.ts";

/** Output channels from which invocations take channels of their own. */
const MANY_CHANNELS = 32;

function codeFor(s: ConvSizes): FilterGradientCode {
  const { inChannels, outChannels } = s;
  // A texture has four channels for a lane, which leaves lanes idle where these do not come out even.
  const isEven = inChannels % 4 === 0 && outChannels % (4 * lanes()) === 0;
  const byRows = outChannels < MANY_CHANNELS || (gainsFromTextures(s) && !isEven);
  return byRows ? codeByRows(s) : codeByChannels(s);
}

/** Computes the filter's gradient, `(kh, kw, in, out)`, from `x` and `dy`, both `(N, H, W, C)`. */
export function conv2dBackpropFilter(
  x: TensorInfo,
  dy: TensorInfo,
  sizes: ConvSizes,
): TensorInfo {
  const { filterHeight, filterWidth, inChannels, outChannels, batchSize } = sizes;
  const shape = [filterHeight, filterWidth, inChannels, outChannels];
  const code = codeFor(sizes);
  const { slices } = code;
  const inputs = [x, dy];
  if (code.textures.x || code.textures.dy) {
    const sum = webgpuBackend().makeTensorInfo([outChannels], "float32");
    const result = webgpuBackend().makeTensorInfo([...shape], "float32");
    conv2dBackpropFilterAndBias(x, dy, sizes, result, sum);
    webgpuBackend().disposeData(sum.dataId);
    return result;
  }
  // The batch is not written into the shader: the last, smaller one of an epoch shares it.
  const uniforms = [batchSize, code.perSlice].map((n) => ({ type: "int32" as const, data: [n] }));
  if (slices === 1) return run(gradientProgram(sizes, code, shape), inputs, uniforms);
  const partial = run(gradientProgram(sizes, code, [slices, ...shape]), inputs, uniforms);
  const result = run(sumSlicesProgram(slices, shape), [partial]);
  webgpuBackend().disposeData(partial.dataId);
  return result;
}

/**
 * Computes the gradients of filter and bias together. The bias's is a sum over all pixels, the work of
 * a few workgroups more.
 *
 * @param x The images.
 * @param dy The gradient of the output.
 * @param sizes The sizes of both.
 * @param filter Where the filter's gradient goes, `(kh, kw, in, out)`.
 * @param bias Where the bias's goes, one value for each channel of what is summed.
 * @param summed What is summed: `dy`, or in a transposed convolution, whose output's gradient stands
 *   in the place of the images, `x`. @default "dy"
 */
export function conv2dBackpropFilterAndBias(
  x: TensorInfo,
  dy: TensorInfo,
  sizes: ConvSizes,
  filter: TensorInfo,
  bias: TensorInfo,
  summed: "x" | "dy" = "dy",
): void {
  const code = codeFor(sizes);
  const { slices } = code;
  const [channels, pixels] = summed === "dy"
    ? [sizes.outChannels, sizes.batchSize * sizes.outHeight * sizes.outWidth]
    : [sizes.inChannels, sizes.batchSize * sizes.inHeight * sizes.inWidth];
  const inVectors = summed === "x" && code.componentsX === 4;
  const read = code.textures[summed]
    ? `${texel(summed, "(at >> 2u)")}[at & 3]`
    : inVectors
    ? "x[at >> 2u][at & 3]"
    : `${summed}[at]`;
  const typeOfX = code.componentsX === 4 ? "vec4<f32>" : "f32";
  const forBias = biasGradientCode(channels, code.channels[summed], slices, read, "db");
  const shader: Shader = {
    key: `${keyOf(sizes, code)}_bias_${summed}_${slices}`,
    inputs: {
      x: code.textures.x ? "texture" : typeOfX,
      dy: code.textures.dy ? "texture" : "f32",
    },
    outputs: { dF: "f32", db: "f32" },
    uniforms: ["batchSize", "perSlice", "forFilter", "pixels", "perSum"],
    code: `
  ${code.write("dF")}
  ${forBias.code}
  fn main(block : i32) {
    let afterFilter = block - uniforms.forFilter;
    if (afterFilter < 0) { filterGradient(block); } else { biasGradient(afterFilter); }
  }`,
  };
  const perSum = Math.ceil(pixels / slices);
  const numbers = [sizes.batchSize, code.perSlice, code.workgroups, pixels, perSum];
  const blocks = code.workgroups + forBias.workgroups;
  const sum = (results: TensorInfo[]) =>
    withPadding(
      x,
      sizes.inChannels,
      code.channels.x,
      (x) =>
        withPadding(dy, sizes.outChannels, code.channels.dy, (dy) =>
          runInto(shader, [x, dy], results, numbers, blocks)),
    );
  if (slices === 1) return sum([filter, bias]);
  const partials = [filter, bias].map(({ shape }) =>
    webgpuBackend().makeTensorInfo([slices, ...shape], "float32")
  );
  sum(partials);
  const weights = tf.util.sizeFromShape(filter.shape);
  runInto(
    sumBothShader,
    partials,
    [filter, bias],
    [slices, weights, channels],
    Math.ceil((weights + channels) / SUM_LANES),
  );
  for (const { dataId } of partials) webgpuBackend().disposeData(dataId);
}

function keyOf(s: ConvSizes, { key }: FilterGradientCode): string {
  return `conv2d_backprop_filter_${lanes()}_${key}_${geometryKey(s)}`;
}

function gradientProgram(
  s: ConvSizes,
  code: FilterGradientCode,
  outputShape: readonly number[],
): Program {
  return {
    key: `inkling_${keyOf(s, code)}`,
    outputShape,
    inputs: ["x", "dy"],
    components: [code.componentsX, 1],
    uniforms: "batchSize : i32, perSlice : i32,",
    workgroupSize: [lanes(), 1, 1],
    dispatch: [code.workgroups, 1, 1],
    code: `
  ${code.write("result")}
  fn main(index : i32) { filterGradient(${BLOCK}); }`,
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
