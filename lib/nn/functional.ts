/** Layers without parameters. @module */

import { tf } from "../deps.ts";

/** `max(x, 0)`, any shape. */
export function relu(x: tf.Tensor): tf.Tensor {
  return tf.relu(x);
}

/** The largest value of each window: `(N, H, W, C)` to `(N, ⌊(H − size) / stride⌋ + 1, …, C)`. */
export function maxPool2d(x: tf.Tensor, size: number, stride: number = size): tf.Tensor {
  return tf.maxPool(x as tf.Tensor4D, size, stride, "valid");
}

/** The mean of each window: `(N, H, W, C)` to `(N, ⌊(H − size) / stride⌋ + 1, …, C)`. */
export function avgPool2d(x: tf.Tensor, size: number, stride: number = size): tf.Tensor {
  return tf.avgPool(x as tf.Tensor4D, size, stride, "valid");
}

/** `(N, …)` to `(N, product of the rest)`. */
export function flatten(x: tf.Tensor): tf.Tensor {
  return tf.reshape(x, [x.shape[0]!, -1]);
}
