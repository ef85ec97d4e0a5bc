/** Max pooling as tfjs knows it, and with a ReLU. @module */

import { tf } from "../../deps.ts";
import { isTaped, toTensor } from "../tape.ts";
import type { KernelConfig, Tensor, Tensor4D, TensorInfo } from "../../tensor.ts";
import { maxPool, maxPoolGrad } from "./max_pool.ts";
import { poolGradKernel, poolKernel, type Replacement } from "./pool_kernel.ts";
import { type PoolAttributes, poolInfo } from "./pool_sizes.ts";

const NAME = "InklingReluMaxPool";

/** The forward kernel. */
export const maxPoolKernel: Replacement = poolKernel((x, sizes) => maxPool(x, sizes, false));

/** The gradient's kernel. */
export const maxPoolGradKernel: Replacement = poolGradKernel((dy, input, sizes) =>
  maxPoolGrad(dy, input, sizes, false)
);

/**
 * `relu(maxPool(x))`, which is `maxPool(relu(x))`, differentiable; without padding.
 *
 * @param x `(N, H, W, C)`.
 * @param filterSize Rows and columns of the window.
 * @param strides Step of the window.
 */
export function reluMaxPool(x: Tensor4D, filterSize: number, strides: number): Tensor4D {
  const attributes = { filterSize, strides, pad: "valid" };
  if (poolInfo(x.shape, attributes as PoolAttributes) === undefined) {
    return tf.relu(tf.maxPool(x, filterSize, strides, "valid"));
  }
  return tf.engine().runKernel(NAME, { x }, attributes) as Tensor4D;
}

/** The kernel behind {@link reluMaxPool}. */
export const reluMaxPoolKernel: KernelConfig = {
  kernelName: NAME,
  backendName: "webgpu",
  kernelFunc: ({ inputs, attrs }) => {
    const { x } = inputs as { x: TensorInfo };
    return maxPool(x, poolInfo(x.shape, attrs as unknown as PoolAttributes)!, true);
  },
};

/** The gradient of {@link reluMaxPoolKernel}. */
export const reluMaxPoolGradient: tf.GradConfig = {
  kernelName: NAME,
  inputsToSave: ["x"],
  gradFunc: (dy, saved, attrs) => {
    const [x] = saved as [Tensor];
    const attributes = attrs as unknown as PoolAttributes;
    return {
      x: () => {
        // tfjs knows no gradient of a pooling's gradient.
        if (isTaped()) throw new RangeError("Cannot differentiate max pooling twice");
        return toTensor(maxPoolGrad(dy as Tensor, x, poolInfo(x.shape, attributes)!, true));
      },
    };
  },
};
