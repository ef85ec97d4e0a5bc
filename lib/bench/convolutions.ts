/** The CNN's two convolutions with their gradients. @module */

import { tf } from "../deps.ts";
import type { Tensor } from "../tensor.ts";
import type { Contest } from "./contest.ts";
import { operationContest } from "./operation.ts";

const BATCH = 64;
const KERNEL = 5;

function convolution(size: number, channels: number, filters: number): Contest[] {
  const name = `conv ${KERNEL}x${KERNEL} ${channels}-${filters} ${size}x${size}`;
  const x = [BATCH, size, size, channels];
  const w = [KERNEL, KERNEL, channels, filters];
  const y = [BATCH, size, size, filters];
  const flops = 2 * BATCH * size ** 2 * KERNEL ** 2 * channels * filters;
  // What tfjs's own gradient of conv2d runs.
  const attributes = { strides: 1, pad: "same", dataFormat: "NHWC" };
  return [
    operationContest({
      name: `${name} forward`,
      flops,
      shapes: [x, w],
      call: ([input, filter]) => tf.conv2d(input as tf.Tensor4D, filter as tf.Tensor4D, 1, "same"),
    }),
    operationContest({
      name: `${name} input gradient`,
      flops,
      shapes: [y, w],
      call: ([dy, filter]) =>
        tf.engine().runKernel("Conv2DBackpropInput", { dy: dy!, filter: filter! }, {
          ...attributes,
          inputShape: x,
        }) as Tensor,
    }),
    operationContest({
      name: `${name} filter gradient`,
      flops,
      shapes: [x, y],
      call: ([input, dy]) =>
        tf.engine().runKernel("Conv2DBackpropFilter", { x: input!, dy: dy! }, {
          ...attributes,
          filterShape: w,
        }) as Tensor,
    }),
  ];
}

/** Batches of 64. */
export const convolutions: readonly Contest[] = [
  ...convolution(14, 32, 64),
  ...convolution(28, 1, 32),
];
