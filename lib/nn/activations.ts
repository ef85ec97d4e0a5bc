/** Activations that are smooth, or leak. @module */

import { activate } from "../engine/kernels/activations.ts";
import type { Tensor } from "../tensor.ts";

/**
 * `x Φ(x)` with the normal distribution Φ (Hendrycks and Gimpel 2016,
 * <https://arxiv.org/abs/1606.08415>).
 *
 * @param x Any shape.
 * @param approximate `"tanh"` for `x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2`. @default "none"
 */
export function gelu(x: Tensor, approximate: "none" | "tanh" = "none"): Tensor {
  return activate(x, approximate === "tanh" ? "gelu_tanh" : "gelu");
}

/** `x σ(x)` with the logistic function σ; any shape. */
export function silu(x: Tensor): Tensor {
  return activate(x, "silu");
}

/**
 * `x` above 0, `slope · x` below.
 *
 * @param x Any shape.
 * @param slope The factor below 0. @default 0.01
 */
export function leakyRelu(x: Tensor, slope: number = 0.01): Tensor {
  return activate(x, "leaky_relu", slope);
}
