/** Stochastic gradient descent. @module */

import type { Parameter } from "../module.ts";
import { updateInPlace } from "../../engine/update.ts";
import { Optimizer } from "./optimizer.ts";
import type { Tensor, Variable } from "../../tensor.ts";

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
  readonly #nesterov: boolean;
  readonly #weightDecay: number;

  /**
   * SGD for `parameters`, as from `model.namedParameters()`.
   *
   * @throws {RangeError} When Nesterov's momentum is asked for without a momentum.
   */
  constructor(parameters: Iterable<[string, Parameter]>, options: SGDOptions) {
    const { lr, momentum = 0, nesterov = false, weightDecay = 0 } = options;
    super(parameters, lr, momentum > 0 ? ["momentum_buffer"] : []);
    if (nesterov && !(momentum > 0)) {
      throw new RangeError(`Cannot use Nesterov's momentum: momentum must be > 0, got ${momentum}`);
    }
    this.#momentum = momentum;
    this.#nesterov = nesterov;
    this.#weightDecay = weightDecay;
  }

  /** One dispatch, or two with a momentum. */
  protected override update(
    w: Variable,
    g: Tensor,
    slot: (name: string) => Variable,
  ): void {
    const lr = this.lr;
    const decay = this.#weightDecay;
    const momentum = this.#momentum;
    if (momentum === 0) {
      updateInPlace("sgd", "result[i] - lr * (g[i] + decay * result[i])", w, { g }, { lr, decay });
      return;
    }
    const b = slot("momentum_buffer");
    updateInPlace(
      "sgd_momentum_buffer",
      "momentum * result[i] + (g[i] + decay * w[i])",
      b,
      { g, w },
      { momentum, decay },
    );
    if (this.#nesterov) {
      updateInPlace(
        "sgd_nesterov",
        "result[i] - lr * (g[i] + decay * result[i] + momentum * b[i])",
        w,
        { g, b },
        { lr, momentum, decay },
      );
    } else {
      updateInPlace("sgd_momentum", "result[i] - lr * b[i]", w, { b }, { lr });
    }
  }
}
