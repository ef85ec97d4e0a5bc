/**
 * Layer normalisation in one dispatch, and its gradients in one or two; see `row_norm.ts`.
 *
 * @module
 */

import { tf } from "../../deps.ts";
import type { Tensor } from "../../tensor.ts";
import { rowNorm } from "./row_norm.ts";

/**
 * `(x − mean) / √(variance + eps) · weight + bias`, with mean and biased variance over the last axis,
 * differentiable.
 *
 * Reference: Ba, Kiros & Hinton 2016, <https://arxiv.org/abs/1607.06450>.
 *
 * @param x `(…, D)`.
 * @param weight `(D)`. @default none: normalised values are left as they are
 * @param bias `(D)`, where there is a weight.
 * @param eps Added to the variance. @default 1e-5
 * @returns The shape of `x`.
 * @throws {RangeError} When weight and bias are not `D` values each, or only one is given.
 */
export function layerNorm(x: Tensor, weight?: Tensor, bias?: Tensor, eps = 1e-5): Tensor {
  const channels = x.shape.at(-1) ?? 0;
  if (weight?.size !== bias?.size || (weight && weight.size !== channels)) {
    throw new RangeError(
      `Cannot normalise: weight and bias must have ${channels} values each, ` +
        `got ${weight?.size ?? "none"} and ${bias?.size ?? "none"}`,
    );
  }
  return rowNorm(x, weight, bias, {
    weights: 1,
    sharing: x.size / Math.max(channels, 1),
    pixels: 1,
    channels,
    groups: 1,
    eps,
    scaling: weight ? "weight" : "none",
  });
}

/**
 * `layerNorm(x) · (1 + scale) + shift`, where every sample has a scale and a shift of its own that
 * all its tokens share (adaLN), differentiable.
 *
 * Reference: Peebles & Xie 2023, <https://arxiv.org/abs/2212.09748>, `modulate(norm(x), shift, scale)`
 * in its code.
 *
 * @param x `(N, T, D)`.
 * @param shift `(N, D)`.
 * @param scale `(N, D)`.
 * @param eps Added to the variance. @default 1e-6
 * @returns `(N, T, D)`.
 * @throws {RangeError} When the shapes do not fit.
 */
export function modulatedLayerNorm(x: Tensor, shift: Tensor, scale: Tensor, eps = 1e-6): Tensor {
  const [samples = 0, tokens = 0, channels = 0] = x.shape;
  const expected = [samples, channels];
  for (const { shape } of [shift, scale]) {
    if (x.rank !== 3 || !tf.util.arraysEqual(shape, expected)) {
      throw new RangeError(
        "Cannot modulate: x must be (N, T, D), shift and scale (N, D), " +
          `got (${x.shape}), (${shift.shape}) and (${scale.shape})`,
      );
    }
  }
  return rowNorm(x, scale, shift, {
    weights: samples,
    sharing: tokens,
    pixels: 1,
    channels,
    groups: 1,
    eps,
    scaling: "one-plus",
  });
}
