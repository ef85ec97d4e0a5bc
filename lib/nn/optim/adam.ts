/** Adam and AdamW. @module */

import type { Parameter } from "../module.ts";
import { Optimizer } from "./optimizer.ts";

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
    const gradient = "(g + l2 * w)";
    super(parameters, lr, {
      slots: ["exp_avg", "exp_avg_sq"],
      scalars: ["rate1", "beta2", "rate2", "l2", "keep", "rate", "scale", "eps"],
      assignments: [
        ["exp_avg", `exp_avg + rate1 * (${gradient} - exp_avg)`],
        ["exp_avg_sq", `beta2 * exp_avg_sq + rate2 * ${gradient} * ${gradient}`],
        ["w", "w * keep - rate * exp_avg / (sqrt(exp_avg_sq) * scale + eps)"],
      ],
    });
    this.#betas = betas;
    this.#eps = eps;
    this.#weightDecay = weightDecay;
  }

  /** The rates of the means, the decay, and the step size with its bias corrections. */
  protected override scalars(step: number, lr: number): number[] {
    const [beta1, beta2] = this.#betas;
    const decay = this.#weightDecay;
    // 1 − βᵗ is taken in float64 here: for small t it loses half its digits in float32.
    return [
      1 - beta1,
      beta2,
      1 - beta2,
      this.decoupled ? 0 : decay,
      this.decoupled ? 1 - lr * decay : 1,
      lr / (1 - beta1 ** step),
      1 / Math.sqrt(1 - beta2 ** step),
      this.#eps,
    ];
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
