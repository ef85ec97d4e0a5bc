/** Adam and AdamW. @module */

import type { Parameter } from "../module.ts";
import { updateInPlace } from "../../engine/update.ts";
import { Optimizer } from "./optimizer.ts";
import type { Tensor, Variable } from "../../tensor.ts";

/** Options of {@link Adam} and {@link AdamW}. */
export interface AdamOptions {
  /** Learning rate. */
  readonly lr: number;
  /** Decay rates of the means of the gradient and of its square. @default [0.9, 0.999] */
  readonly betas?: readonly [number, number];
  /** Added to the denominator. @default 1e-8 */
  readonly eps?: number;
  /** L2 penalty (Adam, default 0) or decoupled decay (AdamW, default 0.01). */
  readonly weightDecay?: number;
}

/**
 * `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`,
 * `w ← w − lr / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + eps)`.
 *
 * Reference: Kingma and Ba 2015, <https://arxiv.org/abs/1412.6980>.
 */
export class Adam extends Optimizer {
  readonly #betas: readonly [number, number];
  readonly #eps: number;
  readonly #weightDecay: number;
  /** Whether the decay is applied to the weight itself instead of its gradient. */
  protected readonly decoupled: boolean = false;

  /** Adam for `parameters`, as from `model.namedParameters()`. */
  constructor(parameters: Iterable<[string, Parameter]>, options: AdamOptions) {
    const { lr, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0 } = options;
    super(parameters, lr, ["exp_avg", "exp_avg_sq"]);
    this.#betas = betas;
    this.#eps = eps;
    this.#weightDecay = weightDecay;
  }

  /** Three dispatches: both means, then the weight. */
  protected override update(
    w: Variable,
    g: Tensor,
    slot: (name: string) => Variable,
  ): void {
    const [beta1, beta2] = this.#betas;
    const m = slot("exp_avg");
    const v = slot("exp_avg_sq");
    const l2 = this.decoupled ? 0 : this.#weightDecay;
    updateInPlace(
      "adam_exp_avg",
      "result[i] + rate * (g[i] + l2 * w[i] - result[i])",
      m,
      { g, w },
      { rate: 1 - beta1, l2 },
    );
    updateInPlace(
      "adam_exp_avg_sq",
      "beta * result[i] + rate * (g[i] + l2 * w[i]) * (g[i] + l2 * w[i])",
      v,
      { g, w },
      { beta: beta2, rate: 1 - beta2, l2 },
    );
    // 1 − βᵗ is taken in float64 here: for small t it loses half its digits in float32.
    updateInPlace(
      "adam",
      "result[i] * keep - rate * m[i] / (sqrt(v[i]) * scale + eps)",
      w,
      { m, v },
      {
        keep: this.decoupled ? 1 - this.lr * this.#weightDecay : 1,
        rate: this.lr / (1 - beta1 ** this.steps),
        scale: 1 / Math.sqrt(1 - beta2 ** this.steps),
        eps: this.#eps,
      },
    );
  }
}

/**
 * Adam whose weight decay acts on the weight directly, `w ← (1 − lr · weightDecay) w`, before the
 * step.
 *
 * Reference: Loshchilov and Hutter 2019, <https://arxiv.org/abs/1711.05101>.
 */
export class AdamW extends Adam {
  /** Always `true`. */
  protected override readonly decoupled: boolean = true;

  /** AdamW for `parameters`, as from `model.namedParameters()`. */
  constructor(parameters: Iterable<[string, Parameter]>, options: AdamOptions) {
    super(parameters, { weightDecay: 0.01, ...options });
  }
}
