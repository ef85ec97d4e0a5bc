/** The kernels that take the place of stock tfjs ones. @module */

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

/** Puts this project's kernels in the place of tfjs's own of the same names. */
export function registerKernels(): void {
  for (const [name, make] of Object.entries(KERNELS)) {
    const stock = tf.getKernel(name, "webgpu");
    tf.unregisterKernel(name, "webgpu");
    tf.registerKernel(make(stock));
  }
}
