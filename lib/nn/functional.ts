/** Layers without parameters. @module */

import { tf } from "../deps.ts";
import { reluMaxPool } from "../engine/kernels/max_pool_kernels.ts";
import type { Tensor, Tensor4D } from "../tensor.ts";

/** `max(x, 0)`, any shape. */
export function relu(x: Tensor): Tensor {
  return tf.relu(x);
}

/** The largest value of each window: `(N, H, W, C)` to `(N, ⌊(H − size) / stride⌋ + 1, …, C)`. */
export function maxPool2d(x: Tensor, size: number, stride: number = size): Tensor {
  return tf.maxPool(x as Tensor4D, size, stride, "valid");
}

/**
 * `relu(maxPool2d(x, …))`, which equals `maxPool2d(relu(x), …)`, in one dispatch.
 *
 * `(N, H, W, C)` to `(N, ⌊(H − size) / stride⌋ + 1, …, C)`.
 */
export function reluMaxPool2d(x: Tensor, size: number, stride: number = size): Tensor {
  return reluMaxPool(x as Tensor4D, size, stride);
}

/** The mean of each window: `(N, H, W, C)` to `(N, ⌊(H − size) / stride⌋ + 1, …, C)`. */
export function avgPool2d(x: Tensor, size: number, stride: number = size): Tensor {
  return tf.avgPool(x as Tensor4D, size, stride, "valid");
}

/** The mean over all pixels: `(N, H, W, C)` to `(N, C)`. */
export function globalAvgPool2d(x: Tensor): Tensor {
  const size = x.shape.slice(1, 3) as [height: number, width: number];
  return flatten(tf.avgPool(x as Tensor4D, size, size, "valid"));
}

/** `(N, …)` to `(N, product of the rest)`. */
export function flatten(x: Tensor): Tensor {
  return tf.reshape(x, [x.shape[0]!, -1]);
}
