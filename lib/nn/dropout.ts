/** Dropout. @module */

import { type Context, Module } from "./module.ts";
import type { Tensor } from "../tensor.ts";

/**
 * Sets each value to zero with probability `p` while training and scales the rest by `1 / (1 − p)`;
 * does nothing in evaluation.
 *
 * Reference: Srivastava et al. 2014, <https://jmlr.org/papers/v15/srivastava14a.html>.
 */
export class Dropout extends Module {
  readonly #p: number;

  /**
   * Dropout with probability `p`.
   *
   * @param p Probability of a zero, `0 ≤ p < 1`.
   * @throws {RangeError} When `p` is outside that range.
   */
  constructor(p: number) {
    super();
    if (!(p >= 0 && p < 1)) throw new RangeError(`Cannot drop out: p must be in [0, 1), got ${p}`);
    this.#p = p;
  }

  /** Any shape; a training pass takes one random stream of `context`. */
  forward(x: Tensor, context: Context): Tensor {
    if (!context.training || this.#p === 0) return x;
    return context.stream().dropout(x, this.#p);
  }
}
