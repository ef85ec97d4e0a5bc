/** Stochastic gradient descent. @module */

import type { Parameter } from "../module.ts";
import { Optimizer } from "./optimizer.ts";

/** Options of {@link SGD}. */
export interface SGDOptions {
  /** Learning rate. */
  readonly lr: number;
  /** Share of the last step that the next one keeps. @default 0 */
  readonly momentum?: number;
  /** Whether to look ahead along the momentum (Sutskever et al. 2013). @default false */
  readonly nesterov?: boolean;
  /** L2 penalty, added to the gradient as `weightDecay · w`. @default 0 */
  readonly weightDecay?: number;
}

/**
 * `b ← μ b + g`, `w ← w − lr · b` with `g` the gradient plus `weightDecay · w`; with Nesterov's
 * momentum `w ← w − lr · (g + μ b)`. PyTorch's form, without dampening.
 */
export class SGD extends Optimizer {
  readonly #momentum: number;
  readonly #weightDecay: number;

  /**
   * SGD for `parameters`, as from `model.namedParameters()`.
   *
   * @throws {RangeError} When Nesterov's momentum is asked for without a momentum.
   */
  constructor(parameters: Iterable<[string, Parameter]>, options: SGDOptions) {
    const { lr, momentum = 0, nesterov = false, weightDecay = 0 } = options;
    if (nesterov && !(momentum > 0)) {
      throw new RangeError(`Cannot use Nesterov's momentum: momentum must be > 0, got ${momentum}`);
    }
    const gradient = "(g + decay * w)";
    super(parameters, lr, {
      slots: momentum > 0 ? ["momentum_buffer"] : [],
      scalars: ["lr", "momentum", "decay"],
      assignments: momentum > 0
        ? [
          ["momentum_buffer", `momentum * momentum_buffer + ${gradient}`],
          [
            "w",
            nesterov
              ? `w - lr * (${gradient} + momentum * momentum_buffer)`
              : "w - lr * momentum_buffer",
          ],
        ]
        : [["w", `w - lr * ${gradient}`]],
    });
    this.#momentum = momentum;
    this.#weightDecay = weightDecay;
  }

  /** `lr`, `momentum` and `decay`. */
  protected override scalars(_step: number, lr: number): number[] {
    return [lr, this.#momentum, this.#weightDecay];
  }
}
