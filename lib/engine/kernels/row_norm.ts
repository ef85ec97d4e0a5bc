/**
 * Normalising rows in one dispatch, and the gradients in one or two.
 *
 * With `h = (x − mean) / √(variance + eps)` and `g = dy · w`, over the `n` values of a row:
 * `dx = (g − Σg/n − h · Σ(g·h)/n) / √(variance + eps)`, and over all pixels that share a weight
 * `dw = Σ dy·h`, `db = Σ dy`. All of these come from one dispatch, whose workgroups divide into
 * those for `dx` and those for the weights; where the pixels are so many that their sum is cut into
 * slices, another adds the slices. The variance is computed from what is left after the mean is
 * taken off.
 *
 * @module
 */

import { tf } from "../../deps.ts";
import { isTaped, unwritten } from "../tape.ts";
import { webgpuBackend } from "../program.ts";
import type { KernelConfig, Tensor, TensorInfo } from "../../tensor.ts";
import { lanes } from "./lanes.ts";
import {
  elementsOf,
  forwardShader,
  inputGradientCode,
  type RowForm,
  rowKey,
  type RowLayout,
} from "./row_norm_code.ts";
import {
  ADDERS,
  addSlicesShader,
  weightGradientBlocks,
  weightGradientCode,
} from "./row_norm_weight_code.ts";
import { runInto } from "./several.ts";

/** What is normalised, and how. */
export interface RowSizes extends RowForm {
  /** Rows of the weight: 1, or one for each sample. */
  readonly weights: number;
  /** Consecutive images, or tokens, that share a row of the weight. */
  readonly sharing: number;
}

/** Its only input is `x`. */
const PLAIN = "InklingRowNorm";
/** Its inputs are `x`, `weight` and `bias`. A tfjs gradient cannot save an input that may be absent. */
const SCALED = "InklingScaledRowNorm";

/** The largest workgroup that every device allows. */
const MAX_WIDTH = 256;
/** Pixels up to which one invocation sums a gradient of the weight. */
const MAX_SERIAL = 128;
/** Invocations with which a sum over more pixels still needs no slices. */
const ENOUGH = 4096;

/**
 * Normalises rows, differentiably.
 *
 * @param x `weights × sharing × pixels × channels` values in any shape.
 * @param weight `weights × channels` values; none where `sizes.scaling` is "none".
 * @param bias As many.
 * @param sizes Sizes.
 * @returns The shape of `x`.
 */
export function rowNorm(
  x: Tensor,
  weight: Tensor | undefined,
  bias: Tensor | undefined,
  sizes: RowSizes,
): Tensor {
  if (x.size === 0) return tf.clone(x);
  const [name, inputs] = weight && bias
    ? [SCALED, { x, weight, bias }] as const
    : [PLAIN, { x }] as const;
  const outputs = tf.engine().runKernel(name, inputs, { ...sizes }) as unknown as Tensor[];
  return outputs[0]!;
}

const rowsOf = ({ weights, sharing, groups }: RowSizes) => weights * sharing * groups;

/** `x` as `(weights, sharing, pixels, groups, channels of a group)`, and what broadcasts over it. */
function views({ weights, sharing, pixels, channels, groups }: RowSizes) {
  const perGroup = channels / groups;
  return {
    all: [weights, sharing, pixels, groups, perGroup],
    weight: [weights, 1, 1, groups, perGroup],
  };
}

/** The normalised values and their deviation, by operations that tfjs can differentiate. */
function normalized(x: Tensor, sizes: RowSizes): { h: Tensor; deviation: Tensor } {
  const values = tf.reshape(x, views(sizes).all);
  const { mean, variance } = tf.moments(values, [2, 4], true);
  const deviation = tf.sqrt(tf.add(variance, sizes.eps));
  return { h: tf.div(tf.sub(values, mean), deviation), deviation };
}

function factor(weight: Tensor, sizes: RowSizes): Tensor {
  const values = tf.reshape(weight, views(sizes).weight);
  return sizes.scaling === "one-plus" ? tf.add(values, 1) : values;
}

/**
 * How many invocations work on a row: so many that each keeps its elements in named values. That is
 * up to 16 on a software adapter, where one that waits for others costs as much as hundreds of
 * loads, and 2 on a GPU, where neighbours should read neighbouring values.
 */
function layoutOf(form: RowForm): RowLayout {
  const { perRow: elements } = elementsOf(form);
  const each = 128 / lanes();
  let perRow = 1;
  while (perRow < MAX_WIDTH && perRow * each < elements) perRow *= 2;
  return { width: Math.max(perRow, lanes()), perRow };
}

const kernel = (kernelName: string): KernelConfig => ({
  kernelName,
  backendName: "webgpu",
  kernelFunc: ({ inputs, attrs }) => {
    const { x, weight, bias } = inputs as unknown as
      & { x: TensorInfo }
      & Partial<Record<"weight" | "bias", TensorInfo>>;
    const sizes = attrs as unknown as RowSizes;
    const rows = rowsOf(sizes);
    const layout = layoutOf(sizes);
    const y = webgpuBackend().makeTensorInfo([...x.shape], "float32");
    const statistics = webgpuBackend().makeTensorInfo([rows, 2], "float32");
    const scaled = weight && bias;
    runInto(
      forwardShader(sizes, layout),
      [x, ...(scaled ? [weight, bias] : [])],
      [y, statistics],
      [rows, ...(scaled ? [sizes.sharing] : [])],
      Math.ceil(rows * layout.perRow / layout.width),
    );
    return [y, statistics];
  },
});

/** The kernel behind {@link rowNorm} without a weight: the output, and the rows' statistics. */
export const rowNormKernel: KernelConfig = kernel(PLAIN);

/** The kernel behind {@link rowNorm} with a weight and a bias. */
export const scaledRowNormKernel: KernelConfig = kernel(SCALED);

function gradients(source: Source, attributes: unknown): Gradients {
  const sizes = attributes as RowSizes;
  return isTaped() ? plainGradients(source, sizes) : fusedGradients(source, sizes);
}

/** The gradient of {@link rowNormKernel}. */
export const rowNormGradient: tf.GradConfig = {
  kernelName: PLAIN,
  inputsToSave: ["x"],
  outputsToSave: [false, true],
  gradFunc: (dys, saved, attrs) => {
    const [dy] = dys as Tensor[];
    const [x, statistics] = saved as [Tensor, Tensor];
    return { x: gradients({ dy: dy!, x, weight: undefined, statistics }, attrs).x };
  },
};

/** The gradient of {@link scaledRowNormKernel}. */
export const scaledRowNormGradient: tf.GradConfig = {
  kernelName: SCALED,
  inputsToSave: ["x", "weight"],
  outputsToSave: [false, true],
  gradFunc: (dys, saved, attrs) => {
    const [dy] = dys as Tensor[];
    const [x, weight, statistics] = saved as [Tensor, Tensor, Tensor];
    return { ...gradients({ dy: dy!, x, weight, statistics }, attrs) };
  },
};

/** What the gradients are computed from. */
interface Source {
  readonly dy: Tensor;
  readonly x: Tensor;
  readonly weight: Tensor | undefined;
  readonly statistics: Tensor;
}

/** Gradients by input, computed when they are asked for. */
type Gradients = Record<"x" | "weight" | "bias", () => Tensor>;

function plainGradients({ dy, x, weight }: Source, sizes: RowSizes): Gradients {
  const { all } = views(sizes);
  const g = tf.reshape(dy, all);
  return {
    x: () => {
      const { h, deviation } = normalized(x, sizes);
      const upstream = weight ? tf.mul(g, factor(weight, sizes)) : g;
      const meanProduct = tf.mean(tf.mul(upstream, h), [2, 4], true);
      const centred = tf.sub(upstream, tf.mean(upstream, [2, 4], true));
      return tf.reshape(tf.div(tf.sub(centred, tf.mul(h, meanProduct)), deviation), x.shape);
    },
    weight: () => tf.reshape(tf.sum(tf.mul(g, normalized(x, sizes).h), [1, 2]), weight!.shape),
    bias: () => tf.reshape(tf.sum(g, [1, 2]), weight!.shape),
  };
}

function fusedGradients(source: Source, sizes: RowSizes): Gradients {
  const { x, weight } = source;
  const dx = unwritten(x.shape);
  const results = weight && { weight: unwritten(weight.shape), bias: unwritten(weight.shape) };
  let written = false;
  const writeOnce = (input?: Tensor) => {
    if (!written) writeGradients(source, sizes, input, results);
    written = true;
  };
  return {
    x: () => {
      writeOnce(dx);
      return dx;
    },
    weight: () => {
      writeOnce();
      return results!.weight;
    },
    bias: () => {
      writeOnce();
      return results!.bias;
    },
  };
}

/** How the pixels that share a weight are cut into slices. */
function slicesOf(sizes: RowSizes) {
  const { weights } = sizes;
  const pixelsPerWeight = sizes.sharing * sizes.pixels;
  const { perPixel } = elementsOf(sizes);
  const whole = pixelsPerWeight <= MAX_SERIAL || weights * perPixel >= ENOUGH;
  // So that the sums within slices and the one over slices are about as long.
  const pixelsPerSlice = whole ? pixelsPerWeight : Math.ceil(Math.sqrt(pixelsPerWeight));
  const slicesPerWeight = Math.ceil(pixelsPerWeight / pixelsPerSlice);
  return { pixelsPerWeight, pixelsPerSlice, slicesPerWeight };
}

/** Writes `dx` and the gradients of the weights, or one of the two, in one or two dispatches. */
function writeGradients(
  { dy, x, weight, statistics }: Source,
  sizes: RowSizes,
  dx: Tensor | undefined,
  results: { readonly weight: Tensor; readonly bias: Tensor } | undefined,
): void {
  const { type, perPixel } = elementsOf(sizes);
  const layout = layoutOf(sizes);
  const rows = rowsOf(sizes);
  const s = slicesOf(sizes);
  const slices = sizes.weights * s.slicesPerWeight;
  const shape = [slices, sizes.channels];
  const sums = results && s.slicesPerWeight > 1
    ? { weight: unwritten(shape), bias: unwritten(shape) }
    : results;
  const forInput = dx ? Math.ceil(rows * layout.perRow / layout.width) : 0;
  const forWeight = results ? weightGradientBlocks(sizes, layout.width, slices) : 0;
  runInto(
    {
      key: `row_norm_grad_${rowKey(sizes, layout)}_${dx !== undefined}_${results !== undefined}`,
      inputs: {
        dy: type,
        x: type,
        statistics: "vec2<f32>",
        ...(dx && weight && { weight: type }),
      },
      outputs: {
        ...(dx && { dx: type }),
        ...(results && { dweight: type, dbias: type }),
      },
      uniforms: [
        ...(dx ? ["rows", "forInput"] : []),
        ...(dx && weight ? ["sharing"] : []),
        ...(results ? ["slices", "slicesPerWeight", "pixelsPerSlice", "pixelsPerWeight"] : []),
      ],
      lanes: layout.width,
      code: `
    ${dx ? inputGradientCode(sizes, layout) : ""}
    ${results ? weightGradientCode(sizes, layout.width) : ""}
    fn main(block : i32) {
      ${dx ? "if (block < uniforms.forInput) { inputGradient(block); return; }" : ""}
      ${results ? `weightGradient(block${dx ? " - uniforms.forInput" : ""});` : ""}
    }`,
    },
    [dy, x, statistics, ...(dx && weight ? [weight] : [])],
    [...(dx ? [dx] : []), ...(sums ? [sums.weight, sums.bias] : [])],
    [
      ...(dx ? [rows, forInput] : []),
      ...(dx && weight ? [sizes.sharing] : []),
      ...(results ? [slices, s.slicesPerWeight, s.pixelsPerSlice, s.pixelsPerWeight] : []),
    ],
    forInput + forWeight,
  );
  if (!sums || !results || sums === results) return;
  const elements = sizes.weights * perPixel;
  runInto(
    addSlicesShader(sizes),
    [sums.weight, sums.bias],
    [results.weight, results.bias],
    [elements, s.slicesPerWeight],
    Math.ceil(elements / ADDERS),
  );
}
