/**
 * Batch normalisation with the batch's own statistics, in two dispatches, and its gradients in two.
 *
 * @module
 */

import { tf } from "../../deps.ts";
import { forgetValues } from "../backend.ts";
import { isTaped, unwritten, writtenTogether } from "../tape.ts";
import { webgpuBackend } from "../program.ts";
import type { KernelConfig, Tensor, TensorInfo } from "../../tensor.ts";
import {
  applyShader,
  type BatchForm,
  columnsOf,
  gradientShader,
  gradientSumsShader,
  momentsShader,
} from "./batch_norm_code.ts";
import { lanes } from "./lanes.ts";
import type { Activation } from "./linear.ts";
import { runInto } from "./several.ts";

const NAME = "InklingBatchNorm";

/** What batch normalisation learns, and what it keeps for evaluation; `(C)` each but the count. */
export interface BatchNormTensors {
  /** Multiplies. */
  readonly weight: Tensor;
  /** Is added. */
  readonly bias: Tensor;
  /** Updated in place. */
  readonly runningMean: Tensor;
  /** Updated in place, with the unbiased variance. */
  readonly runningVar: Tensor;
  /** One number, the batches so far: counted in place. */
  readonly batches: Tensor;
}

/** Options of {@link batchNorm}. */
export interface BatchNormAttributes {
  /** Added to the variance. */
  readonly eps: number;
  /** The new batch's share in the running statistics. */
  readonly momentum: number;
  /** What follows. */
  readonly activation: Activation;
}

/**
 * `act((x − mean) / √(variance + eps) · weight + bias)`, with mean and biased variance of each channel
 * over the whole batch; moves the running statistics towards them. Differentiable.
 *
 * Reference: Ioffe & Szegedy 2015, <https://arxiv.org/abs/1502.03167>.
 *
 * @param x `(N, H, W, C)`.
 * @param tensors Weights and running statistics.
 * @param attributes eps, momentum, activation.
 * @returns `(N, H, W, C)`.
 * @throws {RangeError} When there is no more than one value per channel.
 */
export function batchNorm(
  x: Tensor,
  tensors: BatchNormTensors,
  attributes: BatchNormAttributes,
): Tensor {
  const channels = x.shape.at(-1)!;
  if (!(x.size > channels)) {
    throw new RangeError(
      "Cannot normalise a batch: the variance needs more than one value per channel, " +
        `got a batch of shape (${x.shape.join(", ")})`,
    );
  }
  const outputs = tf.engine().runKernel(
    NAME,
    { x, ...tensors },
    { ...attributes },
  ) as unknown as Tensor[];
  return outputs[0]!;
}

/** The most slices of the first dispatch: each workgroup of the second reads them all. */
const maxSlices = () => Math.min(128, 4 * lanes());

function formOf(x: TensorInfo, { eps, activation }: BatchNormAttributes) {
  const form: BatchForm = {
    channels: x.shape.at(-1)!,
    width: lanes(),
    eps,
    relu: activation === "relu",
  };
  const pixels = tf.util.sizeFromShape([...x.shape]) / form.channels;
  const { across, together } = columnsOf(form);
  const slicing = (wanted: number) => {
    // A workgroup that has fewer than these pixels spends its time on getting started.
    const perSlice = Math.max(16 * together, Math.ceil(pixels / Math.ceil(wanted / across)));
    const slices = Math.ceil(pixels / perSlice);
    return { perSlice, slices, blocks: slices * across };
  };
  return { form, pixels, sums: slicing(maxSlices()), rest: slicing(2 * maxSlices()) };
}

/** Memory for the sums of the slices. */
const sumsOf = (slices: number, channels: number): Tensor => unwritten([slices, 2, channels]);

/** The kernel behind {@link batchNorm}: the output; and the batch's mean and `1/√(variance + eps)`. */
export const batchNormKernel: KernelConfig = {
  kernelName: NAME,
  backendName: "webgpu",
  kernelFunc: ({ inputs, attrs }) => {
    const { x, weight, bias, runningMean, runningVar, batches } = inputs as unknown as
      & { x: TensorInfo }
      & Record<keyof BatchNormTensors, TensorInfo>;
    const attributes = attrs as unknown as BatchNormAttributes;
    const { form, pixels, sums, rest } = formOf(x, attributes);
    const y = webgpuBackend().makeTensorInfo([...x.shape], "float32");
    const statistics = webgpuBackend().makeTensorInfo([2, form.channels], "float32");
    const slices = sumsOf(sums.slices, form.channels);
    runInto(momentsShader(form), [x], [slices, batches], [pixels, sums.perSlice], sums.blocks);
    runInto(
      applyShader(form, attributes.momentum),
      [x, weight, bias, slices],
      [y, statistics, runningMean, runningVar],
      [pixels, rest.perSlice, sums.slices, sums.perSlice],
      rest.blocks,
    );
    slices.dispose();
    for (const updated of [runningMean, runningVar, batches]) forgetValues(updated);
    return [y, statistics];
  },
};

/** The gradient of {@link batchNormKernel}. */
export const batchNormGradient: tf.GradConfig = {
  kernelName: NAME,
  inputsToSave: ["x", "weight", "bias"],
  outputsToSave: [false, true],
  gradFunc: (dys, saved, attrs) => {
    const [dy] = dys as Tensor[];
    const [x, weight, bias, statistics] = saved as [Tensor, Tensor, Tensor, Tensor];
    const source = { dy: dy!, x, weight, bias, statistics };
    const attributes = attrs as unknown as BatchNormAttributes;
    return { ...(isTaped() ? plainGradients : fusedGradients)(source, attributes) };
  },
};

/** What the gradients are computed from. */
type Source = Readonly<Record<"dy" | "x" | "weight" | "bias" | "statistics", Tensor>>;

/** Gradients by input, computed when they are asked for. */
type Gradients = Record<"x" | "weight" | "bias", () => Tensor>;

function plainGradients(
  { dy, x, weight, bias }: Source,
  { eps, activation }: BatchNormAttributes,
): Gradients {
  const axes = x.shape.map((_, axis) => axis).slice(0, -1);
  const parts = () => {
    const { mean, variance } = tf.moments(x, axes, true);
    const deviation = tf.sqrt(tf.add(variance, eps));
    const h = tf.div(tf.sub(x, mean), deviation);
    const g = activation === "relu" ? tf.mul(dy, tf.step(tf.add(tf.mul(h, weight), bias))) : dy;
    return { deviation, h, g };
  };
  return {
    x: () => {
      const { deviation, h, g } = parts();
      const centred = tf.sub(g, tf.mean(g, axes, true));
      const along = tf.mul(h, tf.mean(tf.mul(g, h), axes, true));
      return tf.mul(tf.sub(centred, along), tf.div(weight, deviation));
    },
    weight: () => {
      const { h, g } = parts();
      return tf.sum(tf.mul(g, h), axes);
    },
    bias: () => tf.sum(parts().g, axes),
  };
}

function fusedGradients(
  { dy, x, weight, bias, statistics }: Source,
  attributes: BatchNormAttributes,
): Gradients {
  const { form, pixels, sums, rest } = formOf(x, attributes);
  const results = {
    x: unwritten(x.shape),
    weight: unwritten(weight.shape),
    bias: unwritten(weight.shape),
  };
  return writtenTogether(results, () => {
    const slices = sumsOf(sums.slices, form.channels);
    const extra = form.relu ? [bias] : [];
    runInto(
      gradientSumsShader(form),
      [dy, x, statistics, ...(form.relu ? [weight, bias] : [])],
      [slices],
      [pixels, sums.perSlice],
      sums.blocks,
    );
    runInto(
      gradientShader(form),
      [dy, x, statistics, weight, ...extra, slices],
      [results.x, results.weight, results.bias],
      [pixels, rest.perSlice, sums.slices],
      rest.blocks,
    );
  });
}

/**
 * `act((x − runningMean) / √(runningVar + eps) · weight + bias)`, as in evaluation, differentiable.
 *
 * @param x `(N, H, W, C)`.
 * @param tensors Weights and running statistics.
 * @param attributes eps, activation.
 * @returns `(N, H, W, C)`.
 */
export function runningBatchNorm(
  x: Tensor,
  { weight, bias, runningMean, runningVar }: Omit<BatchNormTensors, "batches">,
  { eps, activation }: Omit<BatchNormAttributes, "momentum">,
): Tensor {
  const vectors = [runningMean, runningVar, bias, weight] as tf.Tensor1D[];
  const [mean, variance, offset, scale] = vectors;
  const y = tf.batchNorm(x as tf.Tensor4D, mean!, variance!, offset, scale, eps);
  return activation === "relu" ? tf.relu(y) : y;
}
