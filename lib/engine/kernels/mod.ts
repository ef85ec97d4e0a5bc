/** The kernels that take the place of stock tfjs ones, and the way back. @module */

import { tf } from "../../deps.ts";
import { conv2dBackpropInputKernel, conv2dKernel } from "./conv2d.ts";
import { conv2dBackpropFilterKernel } from "./conv2d_backprop_filter.ts";
import { matMulKernel } from "./mat_mul.ts";
import type { KernelConfig } from "../../tensor.ts";

/** Makes a kernel that may hand over to the stock kernel whose place it takes. */
export type KernelMaker = (stock: KernelConfig) => KernelConfig;

const KERNELS: Readonly<Record<string, KernelMaker>> = {
  BatchMatMul: matMulKernel,
  Conv2D: conv2dKernel,
  Conv2DBackpropFilter: conv2dBackpropFilterKernel,
  Conv2DBackpropInput: conv2dBackpropInputKernel,
};

/** tfjs's own kernels while ours are in their place. */
const replaced = new Map<string, KernelConfig>();

/**
 * Puts this project's kernels in the place of tfjs's own of the same names. Does nothing when they
 * are there already.
 */
export function registerKernels(): void {
  if (replaced.size > 0) return;
  for (const [name, make] of Object.entries(KERNELS)) {
    const stock = tf.getKernel(name, "webgpu");
    replaced.set(name, stock);
    replace(make(stock));
  }
}

/** Puts tfjs's own kernels back, to measure ours against. Does nothing when they are in place. */
export function useStockKernels(): void {
  for (const stock of replaced.values()) replace(stock);
  replaced.clear();
}

function replace(kernel: KernelConfig): void {
  tf.unregisterKernel(kernel.kernelName, kernel.backendName);
  tf.registerKernel(kernel);
}
