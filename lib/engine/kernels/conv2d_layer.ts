/**
 * A convolution with bias and ReLU in one dispatch, and its gradients.
 *
 * The gradients of filter and bias are computed together. The ReLU's mask is applied to `dy` in a
 * dispatch of its own: the convolutions of the backward pass load every value of it once for each
 * place of the filter, and would load the mask as often.
 *
 * @module
 */

import { tf } from "../../deps.ts";
import { isTaped, unwritten, writtenTogether } from "../tape.ts";
import type { KernelConfig, Tensor, Tensor4D, TensorInfo } from "../../tensor.ts";
import { gatherForward } from "./conv_gather.ts";
import { conv2dBackpropFilterAndBias } from "./conv2d_backprop_filter.ts";
import { type ConvAttributes, convInfo } from "./conv_sizes.ts";
import { gate } from "./gate.ts";
import type { Activation } from "./linear.ts";

const NAME = "InklingConv2D";

interface Attributes extends ConvAttributes {
  readonly activation: Activation;
}

/**
 * `act(conv(x, filter) + b)`, differentiable.
 *
 * @param x `(N, H, W, in)`.
 * @param filter `(kh, kw, in, out)`.
 * @param bias `(out)`.
 * @param strides Step of the window.
 * @param pad Rows and columns of zeros on each side.
 * @param activation What follows. @default "linear"
 * @returns `(N, outH, outW, out)`.
 */
export function conv2dWithBias(
  x: Tensor4D,
  filter: Tensor4D,
  bias: Tensor,
  strides: number,
  pad: number,
  activation: Activation = "linear",
): Tensor {
  const attributes: Attributes = { strides, pad, dataFormat: "NHWC", activation };
  if (convInfo(x.shape, filter.shape, attributes) === undefined) {
    const y = tf.add(tf.conv2d(x, filter, strides, pad), bias);
    return activation === "relu" ? tf.relu(y) : y;
  }
  return tf.engine().runKernel(NAME, { x, filter, bias }, { ...attributes }) as Tensor;
}

/** The kernel behind {@link conv2dWithBias}. */
export const conv2dLayerKernel: KernelConfig = {
  kernelName: NAME,
  backendName: "webgpu",
  kernelFunc: ({ inputs, attrs }) => {
    const { x, filter, bias } = inputs as unknown as Record<"x" | "filter" | "bias", TensorInfo>;
    const attributes = attrs as unknown as Attributes;
    const sizes = convInfo(x.shape, filter.shape, attributes)!;
    return gatherForward(x, filter, sizes, { bias, relu: attributes.activation === "relu" });
  },
};

/** The gradient of {@link conv2dLayerKernel}. */
export const conv2dLayerGradient: tf.GradConfig = {
  kernelName: NAME,
  inputsToSave: ["x", "filter"],
  outputsToSave: [true],
  gradFunc: (dy, saved, attrs) => {
    const [x, filter, y] = saved as [Tensor, Tensor, Tensor];
    const { activation, ...attributes } = attrs as unknown as Attributes;
    const relu = activation === "relu";
    const d = dy as Tensor;
    if (isTaped()) {
      const g = relu ? tf.mul(d, tf.step(y)) : d;
      return {
        x: () => inputGradient(g, x, filter, attributes),
        filter: () => {
          const all = { ...attributes, filterShape: filter.shape };
          return tf.engine().runKernel("Conv2DBackpropFilter", { x, dy: g }, all) as Tensor;
        },
        bias: () => tf.sum(g, [0, 1, 2]),
      };
    }
    const g = relu ? unwritten(y.shape) : d;
    if (relu) gate(d, y, g);
    const results = { filter: unwritten(filter.shape), bias: unwritten([filter.shape[3]!]) };
    return {
      x: () => inputGradient(g, x, filter, attributes),
      ...writtenTogether(results, () => {
        const sizes = convInfo(x.shape, filter.shape, attributes)!;
        conv2dBackpropFilterAndBias(x, g, sizes, results.filter, results.bias);
      }),
    };
  },
};

function inputGradient(dy: Tensor, x: Tensor, filter: Tensor, attributes: ConvAttributes): Tensor {
  const all = { ...attributes, inputShape: x.shape };
  return tf.engine().runKernel("Conv2DBackpropInput", { dy, filter }, all) as Tensor;
}
