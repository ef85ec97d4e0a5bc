/** Group normalisation. @module */

import { groupNorm } from "../engine/kernels/group_norm.ts";
import { Module, Parameter } from "./module.ts";
import type { Tensor, Tensor4D } from "../tensor.ts";

/** Options of {@link GroupNorm}. */
export interface GroupNormOptions {
  /** Added to the variance. @default 1e-5 */
  readonly eps?: number;
}

/**
 * `y = (x − mean) / √(variance + eps) · weight + bias`, with mean and (biased) variance over all pixels
 * and the channels of one group of an image: `(N, H, W, C)` to the same shape.
 *
 * Reference: Wu & He 2018, <https://arxiv.org/abs/1803.08494>.
 */
export class GroupNorm extends Module {
  /** `(C)`, ones at first. */
  readonly weight: Parameter;
  /** `(C)`, zeros at first. */
  readonly bias: Parameter;
  readonly #groups: number;
  readonly #eps: number;

  /**
   * A layer that leaves normalised values as they are until it is trained.
   *
   * @param numGroups Groups of neighbouring channels.
   * @param numChannels Channels, a multiple of the groups.
   * @param options eps.
   * @throws {RangeError} When the groups do not divide the channels.
   */
  constructor(numGroups: number, numChannels: number, options: GroupNormOptions = {}) {
    super();
    const { eps = 1e-5 } = options;
    if (!(numGroups >= 1) || !Number.isInteger(numChannels / numGroups)) {
      throw new RangeError(
        `Cannot make groups of channels: their number must divide the ${numChannels} channels, ` +
          `got ${numGroups}`,
      );
    }
    this.weight = new Parameter(new Float32Array(numChannels).fill(1), [numChannels]);
    this.bias = new Parameter(new Float32Array(numChannels), [numChannels]);
    this.#groups = numGroups;
    this.#eps = eps;
  }

  /** `(N, H, W, C)` to the same shape. */
  forward(x: Tensor): Tensor {
    const { weight, bias } = this;
    return groupNorm(x as Tensor4D, weight.variable, bias.variable, this.#groups, this.#eps);
  }
}
