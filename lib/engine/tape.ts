/** What gradient functions of our own need to know of tfjs's tape and memory. @module */

import { tf } from "../deps.ts";
import type { Tensor, TensorInfo } from "../tensor.ts";
import { webgpuBackend } from "./program.ts";

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

/**
 * A tensor for a kernel to write to; it has no buffer before that.
 *
 * tfjs asks a gradient function for one gradient after the other, and frees what else was made on the
 * way. What is made before it asks lives as long as the backward pass: so a kernel that computes
 * several gradients can keep the others until they are asked for.
 */
export function unwritten(shape: readonly number[]): Tensor {
  return toTensor(webgpuBackend().makeTensorInfo([...shape], "float32"));
}

/**
 * Gradients that are computed together, in the form of a gradient function's result.
 *
 * @param gradients The gradients, each {@link unwritten}.
 * @param write Computes all of them; called when the first one is asked for.
 */
export function writtenTogether<Name extends string>(
  gradients: Readonly<Record<Name, Tensor>>,
  write: () => void,
): Record<Name, () => Tensor> {
  let written = false;
  const get = (gradient: Tensor) => () => {
    if (!written) write();
    written = true;
    return gradient;
  };
  const entries = Object.entries<Tensor>(gradients).map(([name, tensor]) => [name, get(tensor)]);
  return Object.fromEntries(entries) as Record<Name, () => Tensor>;
}
