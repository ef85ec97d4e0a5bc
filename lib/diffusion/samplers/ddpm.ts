/** Ancestral sampling of diffusion models. @module */

import type { Prediction } from "../prediction.ts";
import type { NoiseSchedule } from "../schedule.ts";
import { evaluateAt, type SamplerPlan } from "./plan.ts";
import { selectTimesteps, type Spacing } from "./spacing.ts";

/** Options of {@link ddpm}. */
export interface DdpmOptions {
  /** What the network predicts. @default "epsilon" */
  readonly prediction?: Prediction;
  /** `σ²`: `beta`, right for data of variance 1, or `posterior`, `β̃`, for a point. @default "beta" */
  readonly variance?: "beta" | "posterior";
  /** Steps. @default all timesteps */
  readonly steps?: number;
  /** Which timesteps, where they are not all. @default "trailing" */
  readonly spacing?: Spacing;
}

/**
 * The sampler of DDPM: `x_{t−1}` is drawn around the mean of `q(x_{t−1} | x_t, x_0)`, with the predicted
 * `x_0`, and the last step adds no noise. With fewer steps than timesteps, `β` is that of the jump,
 * `1 − ᾱ_t / ᾱ_prev` (Nichol, Dhariwal 2021, <https://arxiv.org/abs/2102.09672>).
 *
 * Reference: Ho, Jain, Abbeel 2020, <https://arxiv.org/abs/2006.11239>, algorithm 2.
 *
 * @throws {RangeError} When the steps do not suit the schedule, or it leaves no signal for `epsilon`.
 */
export function ddpm(schedule: NoiseSchedule, options: DdpmOptions = {}): SamplerPlan {
  const { prediction = "epsilon", variance = "beta", spacing = "trailing" } = options;
  const times = selectTimesteps(schedule, options.steps ?? schedule.timesteps, spacing);
  return times.map((t, i) => {
    const left = schedule.alphaCumprod(t);
    const previous = schedule.alphaCumprod(times[i + 1] ?? -1);
    const beta = 1 - left / previous;
    const posterior = beta * (1 - previous) / (1 - left);
    const isLast = i === times.length - 1;
    return {
      ...evaluateAt(t, schedule.level(t), prediction),
      next: {
        x: Math.sqrt(left / previous) * (1 - previous) / (1 - left),
        x0: Math.sqrt(previous) * beta / (1 - left),
        noise: isLast ? 0 : Math.sqrt(variance === "beta" ? beta : posterior),
      },
    };
  });
}
