/** The CNN's two convolutions with their gradients. @module */

import { tf } from "../deps.ts";
import type { Tensor } from "../tensor.ts";
import type { Contest } from "./contest.ts";
import { type Operation, operationContest } from "./operation.ts";
import { BATCH_SIZE } from "./workload.ts";

/** Rows and columns of the filters. */
export const KERNEL = 5;

/** A convolution of square images and its two gradients; batches of 64. */
export function convolution(
  size: number,
  channels: number,
  filters: number,
): readonly [forward: Operation, input: Operation, filter: Operation] {
  const name = `conv ${KERNEL}x${KERNEL} ${channels}-${filters} ${size}x${size}`;
  const x = [BATCH_SIZE, size, size, channels];
  const w = [KERNEL, KERNEL, channels, filters];
  const y = [BATCH_SIZE, size, size, filters];
  const flops = 2 * BATCH_SIZE * size ** 2 * KERNEL ** 2 * channels * filters;
  // What tfjs's own gradient of conv2d runs.
  const attributes = { strides: 1, pad: "same", dataFormat: "NHWC" };
  return [
    {
      name: `${name} forward`,
      flops,
      shapes: [x, w],
      call: ([input, filter]) => tf.conv2d(input as tf.Tensor4D, filter as tf.Tensor4D, 1, "same"),
    },
    {
      name: `${name} input gradient`,
      flops,
      shapes: [y, w],
      call: ([dy, filter]) =>
        tf.engine().runKernel("Conv2DBackpropInput", { dy: dy!, filter: filter! }, {
          ...attributes,
          inputShape: x,
        }) as Tensor,
    },
    {
      name: `${name} filter gradient`,
      flops,
      shapes: [x, y],
      call: ([input, dy]) =>
        tf.engine().runKernel("Conv2DBackpropFilter", { x: input!, dy: dy! }, {
          ...attributes,
          filterShape: w,
        }) as Tensor,
    },
  ];
}

/** Batches of 64. */
export const convolutions: readonly Contest[] = [
  ...convolution(14, 32, 64),
  ...convolution(28, 1, 32),
].map(operationContest);
