/** Smooth activations, each one dispatch forward and one backward. @module */

import { activate } from "../engine/kernels/activations.ts";
import type { Tensor } from "../tensor.ts";

/**
 * `x Φ(x)` with the normal distribution function `Φ`, any shape.
 *
 * Hendrycks and Gimpel 2016, <https://arxiv.org/abs/1606.08415>.
 *
 * @param x Any shape.
 * @param approximate `"tanh"` takes `(1 + tanh(√(2/π) (x + 0.044715 x³))) / 2` for `Φ`, as GPT-2 and
 *   DiT do. @default "none"
 */
export function gelu(x: Tensor, approximate: "none" | "tanh" = "none"): Tensor {
  return activate(x, { name: approximate === "tanh" ? "geluTanh" : "gelu" });
}

/** `x / (1 + exp(−x))`, any shape. Elfwing et al. 2017, <https://arxiv.org/abs/1702.03118>. */
export function silu(x: Tensor): Tensor {
  return activate(x, { name: "silu" });
}

/**
 * `x` where it is positive, `slope · x` elsewhere, any shape.
 *
 * @param x Any shape.
 * @param slope Below 0, and the derivative at 0. @default 0.01
 * @throws {RangeError} When the slope is not finite.
 */
export function leakyRelu(x: Tensor, slope: number = 0.01): Tensor {
  if (!Number.isFinite(slope)) {
    throw new RangeError(`Cannot apply a leaky ReLU: its slope must be finite, got ${slope}`);
  }
  return activate(x, { name: "leakyRelu", slope });
}

/** The hyperbolic tangent, any shape. */
export function tanh(x: Tensor): Tensor {
  return activate(x, { name: "tanh" });
}
