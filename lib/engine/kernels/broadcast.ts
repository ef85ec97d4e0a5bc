/** The outer axes of batches that broadcast into each other, as in NumPy. @module */

import { tf } from "../../deps.ts";
import type { Tensor } from "../../tensor.ts";

/**
 * Which member of a batch with the outer axes `own` belongs to member `batch` of the result, in WGSL.
 *
 * @param own The axes before the matrix's own two.
 * @param result What they broadcast to.
 */
export function placeOf(own: readonly number[], result: readonly number[]): string {
  const axes = [...new Array<number>(result.length - own.length).fill(1), ...own];
  if (tf.util.arraysEqual(axes, [...result])) return "batch";
  const terms = axes.flatMap((size, axis) => {
    if (size === 1) return [];
    const after = (shape: readonly number[]) => tf.util.sizeFromShape(shape.slice(axis + 1));
    return [`batch / ${after(result)} % ${size} * ${after(axes)}`];
  });
  return terms.join(" + ") || "0";
}

/** Sums a gradient over the axes along which what it is of was broadcast. */
export function unbroadcast(gradient: Tensor, shape: readonly number[]): Tensor {
  const axes = tf.backend_util.getReductionAxes([...shape], gradient.shape);
  return axes.length === 0 ? gradient : tf.reshape(tf.sum(gradient, axes), [...shape]);
}
