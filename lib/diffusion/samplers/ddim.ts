/** Denoising diffusion implicit models. @module */

import type { Prediction } from "../prediction.ts";
import type { NoiseSchedule } from "../schedule.ts";
import { evaluateAt, type SamplerPlan } from "./plan.ts";
import { selectTimesteps, type Spacing } from "./spacing.ts";

/** Options of {@link ddim}. */
export interface DdimOptions {
  /** What the network predicts. @default "epsilon" */
  readonly prediction?: Prediction;
  /** Steps. @default 50 */
  readonly steps?: number;
  /** `η`: 0 adds no noise, 1 as much as DDPM with `β̃`. @default 0 */
  readonly eta?: number;
  /** Which timesteps. @default "trailing" */
  readonly spacing?: Spacing;
}

/**
 * The sampler of DDIM: `x_prev = √ᾱ_prev x_0 + √(1 − ᾱ_prev − σ²) ε + σ z`, with `σ = η √β̃` of the jump,
 * and `ε` that of `x` and the predicted `x_0`, after clamping where that is asked for. Of first order
 * in the steps with `η = 0`.
 *
 * Reference: Song, Meng, Ermon 2021, <https://arxiv.org/abs/2010.02502>, equations 12 and 16.
 *
 * @throws {RangeError} When `η` is out of range, the steps do not suit the schedule, or it leaves no
 *   signal for `epsilon`.
 */
export function ddim(schedule: NoiseSchedule, options: DdimOptions = {}): SamplerPlan {
  const { prediction = "epsilon", steps = 50, eta = 0, spacing = "trailing" } = options;
  if (!(eta >= 0 && eta <= 1)) {
    throw new RangeError(`Cannot sample with DDIM: eta must be in [0, 1], got ${eta}.`);
  }
  const times = selectTimesteps(schedule, steps, spacing);
  return times.map((t, i) => {
    const { alpha, sigma } = schedule.level(t);
    const left = schedule.alphaCumprod(t);
    const previous = schedule.alphaCumprod(times[i + 1] ?? -1);
    const variance = eta ** 2 * (1 - previous) / (1 - left) * (1 - left / previous);
    const direction = Math.sqrt(Math.max(0, 1 - previous - variance)) / sigma;
    return {
      ...evaluateAt(t, { alpha, sigma }, prediction),
      next: {
        x: direction,
        x0: Math.sqrt(previous) - direction * alpha,
        noise: Math.sqrt(variance),
      },
    };
  });
}
