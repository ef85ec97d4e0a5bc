/** Xavier initialisation. @module */

import type { Random } from "../random.ts";

/**
 * `fanIn · fanOut` values drawn uniformly from `±√(6 / (fanIn + fanOut))`, which keeps the variance
 * of values and gradients alike through a linear layer.
 *
 * Glorot and Bengio 2010, <https://proceedings.mlr.press/v9/glorot10a.html>.
 */
export function xavierUniform(
  fanIn: number,
  fanOut: number,
  random: Random,
): Float32Array<ArrayBuffer> {
  const bound = Math.sqrt(6 / (fanIn + fanOut));
  const values = new Float32Array(fanIn * fanOut);
  random.fillUniform(values, -bound, bound);
  return values;
}
