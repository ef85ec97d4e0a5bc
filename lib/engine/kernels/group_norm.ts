/** Group normalisation of images, in one dispatch; its gradients in two. See `row_norm.ts`. @module */

import type { Tensor, Tensor4D } from "../../tensor.ts";
import { rowNorm } from "./row_norm.ts";

/**
 * `(x − mean) / √(variance + eps) · weight + bias`, with mean and biased variance over all pixels and
 * the channels of one group of an image, differentiable.
 *
 * Reference: Wu & He 2018, <https://arxiv.org/abs/1803.08494>.
 *
 * @param x `(N, H, W, C)`.
 * @param weight `(C)`.
 * @param bias `(C)`.
 * @param groups Groups of neighbouring channels; it divides `C`.
 * @param eps Added to the variance. @default 1e-5
 * @returns `(N, H, W, C)`.
 * @throws {RangeError} When `groups` does not divide `C`, or weight and bias are not `C` values each.
 */
export function groupNorm(
  x: Tensor4D,
  weight: Tensor,
  bias: Tensor,
  groups: number,
  eps = 1e-5,
): Tensor4D {
  const [images, height, width, channels] = x.shape;
  if (!Number.isInteger(channels / groups) || groups < 1) {
    throw new RangeError(
      `Cannot normalise groups: their number must divide the ${channels} channels, got ${groups}`,
    );
  }
  if (weight.size !== channels || bias.size !== channels) {
    throw new RangeError(
      `Cannot normalise groups: weight and bias must have ${channels} values each, ` +
        `got ${weight.size} and ${bias.size}`,
    );
  }
  return rowNorm(x, weight, bias, {
    weights: 1,
    sharing: images,
    pixels: height * width,
    channels,
    groups,
    eps,
    scaling: "weight",
  }) as Tensor4D;
}
