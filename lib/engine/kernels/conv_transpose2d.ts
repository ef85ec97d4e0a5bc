/**
 * A transposed convolution with bias and ReLU in one dispatch, and its gradients.
 *
 * It is the input gradient of a convolution from its output to its input, so its own gradients are
 * known, too: the input's is that convolution, the filter's is the convolution's with both images in
 * each other's place. With a stride each output pixel gathers what reaches it; see `conv_axes.ts`.
 *
 * As in `conv2d_layer.ts`, the gradients of filter and bias are computed together, and the ReLU's mask
 * is applied to `dy` in a dispatch of its own.
 *
 * @module
 */

import { tf } from "../../deps.ts";
import { isTaped, toTensor, unwritten, writtenTogether } from "../tape.ts";
import type { KernelConfig, Tensor, Tensor4D, TensorInfo } from "../../tensor.ts";
import { conv2dBackpropFilterAndBias } from "./conv2d_backprop_filter.ts";
import { gatherBackward, gatherForward } from "./conv_gather.ts";
import { type ConvAttributes, convInfo, type ConvSizes } from "./conv_sizes.ts";
import { gate } from "./gate.ts";
import type { Activation } from "./linear.ts";

const NAME = "InklingConvTranspose2D";

/** Step and padding of a transposed convolution, as PyTorch's layer names them. */
export interface ConvTransposeOptions {
  /** Rows and columns from one input pixel's place in the output to the next. */
  readonly stride: number;
  /** Rows and columns that the output is smaller by on each side. */
  readonly padding: number;
  /** Rows and columns that it is larger by at its lower and right edge. */
  readonly outputPadding: number;
  /** What follows. */
  readonly activation: Activation;
}

/**
 * `act(convᵀ(x, filter) + b)`, differentiable.
 *
 * @param x `(N, H, W, in)`.
 * @param filter `(kh, kw, out, in)`.
 * @param bias `(out)`.
 * @param options Step, padding, what follows.
 * @returns `(N, (H − 1)·stride − 2·padding + kh + outputPadding, …, out)`.
 */
export function convTranspose2d(
  x: Tensor4D,
  filter: Tensor4D,
  bias: Tensor,
  options: ConvTransposeOptions,
): Tensor {
  const shape = outputShape(x.shape, filter.shape, options);
  if (shape.includes(0) || x.size === 0) {
    const y = tf.add(convTranspose2dPlain(x, filter, options), bias);
    return options.activation === "relu" ? tf.relu(y) : y;
  }
  return tf.engine().runKernel(NAME, { x, filter, bias }, { ...options }) as Tensor;
}

/** The same without bias and activation, in tfjs's operations. */
export function convTranspose2dPlain(
  x: Tensor4D,
  filter: Tensor4D,
  options: Omit<ConvTransposeOptions, "activation">,
): Tensor {
  const shape = outputShape(x.shape, filter.shape, options);
  if (shape.includes(0) || x.size === 0) return tf.zeros(shape);
  const { strides, pad } = convOf(options);
  return tf.conv2dTranspose(x, filter, shape, strides, pad);
}

function outputShape(
  [batch, height, width]: readonly number[],
  [kernelHeight, kernelWidth, channels]: readonly number[],
  { stride, padding, outputPadding }: Omit<ConvTransposeOptions, "activation">,
): [number, number, number, number] {
  const along = (size: number, kernel: number) =>
    (size - 1) * stride - 2 * padding + kernel + outputPadding;
  return [batch!, along(height!, kernelHeight!), along(width!, kernelWidth!), channels!];
}

/** The sizes of the convolution whose input gradient this is. */
function sizesOf(x: TensorInfo, filter: TensorInfo, options: ConvTransposeOptions): ConvSizes {
  return convInfo(outputShape(x.shape, filter.shape, options), filter.shape, convOf(options))!;
}

/** Attributes of that convolution; one number as padding would be that of a square filter. */
function convOf({ stride, padding }: Omit<ConvTransposeOptions, "activation">): {
  readonly strides: number;
  readonly pad: Exclude<ConvAttributes["pad"], string | number>;
  readonly dataFormat: "NHWC";
} {
  const sides: [number, number] = [padding, padding];
  return { strides: stride, pad: [[0, 0], sides, sides, [0, 0]], dataFormat: "NHWC" };
}

/** The kernel behind {@link convTranspose2d}. */
export const convTranspose2dKernel: KernelConfig = {
  kernelName: NAME,
  backendName: "webgpu",
  kernelFunc: ({ inputs, attrs }) => {
    const { x, filter, bias } = inputs as unknown as Record<"x" | "filter" | "bias", TensorInfo>;
    const options = attrs as unknown as ConvTransposeOptions;
    const relu = options.activation === "relu";
    return gatherBackward(x, filter, sizesOf(x, filter, options), { bias, relu });
  },
};

/** The gradient of {@link convTranspose2dKernel}. */
export const convTranspose2dGradient: tf.GradConfig = {
  kernelName: NAME,
  inputsToSave: ["x", "filter"],
  outputsToSave: [true],
  gradFunc: (dy, saved, attrs) => {
    const [x, filter, y] = saved as [Tensor, Tensor, Tensor];
    const options = attrs as unknown as ConvTransposeOptions;
    const d = dy as Tensor;
    const relu = options.activation === "relu";
    if (isTaped()) return plainGradients(relu ? tf.mul(d, tf.step(y)) : d, x, filter, options);
    const g = relu ? unwritten(y.shape) : d;
    if (relu) gate(d, y, g);
    const sizes = sizesOf(x, filter, options);
    const results = { filter: unwritten(filter.shape), bias: unwritten([filter.shape[2]!]) };
    return {
      x: () => toTensor(gatherForward(g, filter, sizes)),
      ...writtenTogether(
        results,
        () => conv2dBackpropFilterAndBias(g, x, sizes, results.filter, results.bias, "x"),
      ),
    };
  },
};

function plainGradients(
  g: Tensor,
  x: Tensor,
  filter: Tensor,
  options: ConvTransposeOptions,
): Record<"x" | "filter" | "bias", () => Tensor> {
  const { strides, pad } = convOf(options);
  return {
    x: () => tf.conv2d(g as Tensor4D, filter as Tensor4D, strides, pad),
    filter: () => {
      const attributes = { ...convOf(options), filterShape: filter.shape };
      return tf.engine().runKernel("Conv2DBackpropFilter", { x: g, dy: x }, attributes) as Tensor;
    },
    bias: () => tf.sum(g, [0, 1, 2]),
  };
}
