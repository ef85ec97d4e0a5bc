/**
 * PyTorch's default initialisation.
 *
 * @module
 */

import type { Random } from "../random.ts";

/**
 * `size` values drawn uniformly from `±1/√fanIn`.
 *
 * That is what PyTorch draws for the weight and the bias of a linear or convolution layer: for the
 * weight it is Kaiming's uniform initialisation with `a = √5`, whose bound
 * `√(6 / ((1 + a²) · fanIn))` comes out as `1/√fanIn`.
 *
 * Reference: He et al. 2015, <https://arxiv.org/abs/1502.01852>.
 */
export function uniformFanIn(
  size: number,
  fanIn: number,
  random: Random,
): Float32Array<ArrayBuffer> {
  const bound = 1 / Math.sqrt(fanIn);
  const values = new Float32Array(size);
  random.fillUniform(values, -bound, bound);
  return values;
}
