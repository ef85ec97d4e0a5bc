/** The kernels that take the place of stock tfjs ones. @module */

import { tf } from "../../deps.ts";
import { conv2dBackpropFilterKernel } from "./conv2d_backprop_filter.ts";

const KERNELS = [conv2dBackpropFilterKernel];

/** Puts this project's kernels in the place of tfjs's own of the same names. */
export function registerKernels(): void {
  for (const kernel of KERNELS) {
    tf.unregisterKernel(kernel.kernelName, kernel.backendName);
    tf.registerKernel(kernel);
  }
}
