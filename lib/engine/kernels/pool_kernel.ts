/** Poolings as tfjs knows them, whatever they make of a window. @module */

import type { KernelConfig, TensorInfo } from "../../tensor.ts";
import { type PoolAttributes, poolInfo, type PoolSizes } from "./pool_sizes.ts";

/** Makes a kernel from a stock one, which computes what this one leaves alone. */
export type Replacement = (stock: KernelConfig) => KernelConfig;

/** The forward kernel of a pooling. */
export function poolKernel(pool: (x: TensorInfo, sizes: PoolSizes) => TensorInfo): Replacement {
  return (stock) => ({
    ...stock,
    kernelFunc: (args) => {
      const { x } = args.inputs as { x: TensorInfo };
      const sizes = poolInfo(x.shape, args.attrs as unknown as PoolAttributes);
      if (sizes === undefined || x.dtype !== "float32") return stock.kernelFunc(args);
      return pool(x, sizes);
    },
  });
}

/** The kernel of a pooling's gradient. */
export function poolGradKernel(
  grad: (dy: TensorInfo, input: TensorInfo, sizes: PoolSizes) => TensorInfo,
): Replacement {
  return (stock) => ({
    ...stock,
    kernelFunc: (args) => {
      const { dy, input } = args.inputs as { dy: TensorInfo; input: TensorInfo };
      const sizes = poolInfo(input.shape, args.attrs as unknown as PoolAttributes);
      if (sizes === undefined || input.dtype !== "float32") return stock.kernelFunc(args);
      return grad(dy, input, sizes);
    },
  });
}
