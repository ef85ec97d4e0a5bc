/** What the networks of diffusion have in common. @module */

import { type Context, Module } from "../nn/module.ts";
import type { Tensor, Tensor1D, Tensor4D } from "../tensor.ts";

/**
 * A network that reads noisy images with their times, and sometimes classes.
 *
 * It has `denoise` instead of `forward`, so that the compiler asks for the times. A training step calls
 * `network.denoise(batch.x, batch.t, batch.labels, context)` on a batch of `ForwardProcess`, a sampler
 * takes `(x, t, labels) => network.denoise(x, t, labels)`.
 */
export abstract class DenoisingNetwork extends Module {
  /**
   * Predicts what the network is trained for, such as the noise in `x`.
   *
   * @param x Noisy images, `(N, H, W, C)`.
   * @param t The time of each, `(N)`, float32, from 0.
   * @param labels Class numbers, `(N)`, int32, where the network takes any.
   * @param context Training or evaluation. @default an evaluation
   * @returns The shape of `x`.
   */
  abstract denoise(x: Tensor4D, t: Tensor1D, labels?: Tensor1D, context?: Context): Tensor;

  /** Always throws a `TypeError`: images alone, without times, cannot be denoised. */
  override forward(): never {
    throw new TypeError(
      "Cannot run a denoising network on images alone: it needs their times, got none. Call denoise",
    );
  }
}
