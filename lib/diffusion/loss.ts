/** The loss of a diffusion step. @module */

import { tf } from "../deps.ts";
import { l1Loss, mseLoss } from "../nn/loss.ts";
import type { Scalar, Tensor } from "../tensor.ts";
import type { NoisyBatch } from "./forward.ts";

/** How an error counts: squared, or by its magnitude. */
export type DiffusionLoss = "mse" | "l1";

/**
 * The mean error of a prediction over all values, each image with its weight: `(1/N) Σ w_n L_n`, where
 * `L_n` is the mean over image `n`.
 *
 * @param prediction What the network gave for `batch.x` and `batch.t`, `(N, H, W, C)`.
 * @param batch What it was to give, and the weights if there are any.
 * @param kind How an error counts. @default "mse"
 * @returns A scalar.
 */
export function diffusionLoss(
  prediction: Tensor,
  { target, weight }: Pick<NoisyBatch, "target" | "weight">,
  kind: DiffusionLoss = "mse",
): Scalar {
  if (weight === undefined) {
    return kind === "mse" ? mseLoss(prediction, target) : l1Loss(prediction, target);
  }
  const count = target.shape[0];
  const error = tf.reshape(tf.sub(prediction, target), [count, -1]);
  const perImage = tf.mean(kind === "mse" ? tf.square(error) : tf.abs(error), 1);
  return tf.mean(tf.mul(perImage, weight)) as Scalar;
}
