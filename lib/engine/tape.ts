/** Gradient functions and the tape. @module */

import { tf } from "../deps.ts";
import type { Tensor, TensorInfo } from "../tensor.ts";

/**
 * Whether operations are being recorded for a gradient just now. In a gradient function that means
 * that the gradient itself will be differentiated; what a kernel of our own computes would then be
 * a constant to the tape, and the gradient function must use tfjs's operations instead.
 */
export function isTaped(): boolean {
  return tf.engine().state.gradientDepth > 0;
}

/** A tensor, freed at the end of the current `tf.tidy`, of what a kernel computed. */
export function toTensor(info: TensorInfo): Tensor {
  return tf.engine().makeTensorFromTensorInfo(info);
}
