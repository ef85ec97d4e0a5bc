/** DPM-Solver++, a fast solver of the probability flow. @module */

import type { Prediction } from "../prediction.ts";
import type { NoiseLevel, NoiseSchedule } from "../schedule.ts";
import { evaluateAt, type SamplerPlan } from "./plan.ts";
import { selectTimesteps, type Spacing } from "./spacing.ts";

/** Options of {@link dpmSolver}. */
export interface DpmSolverOptions {
  /** What the network predicts. @default "epsilon" */
  readonly prediction?: Prediction;
  /** Steps. @default 20 */
  readonly steps?: number;
  /** Which timesteps. @default "logSNR", which needs the fewest steps */
  readonly spacing?: Spacing;
}

/**
 * The sampler DPM-Solver++(2M): between two evaluations, the predicted `x_0` changes on a straight line
 * in `λ = log(α/σ)`, drawn through this prediction and the one before. Of second order in the steps.
 * The first step has no prediction before it and the last one no bound of `λ`: both are of first
 * order, and so the last one ends at the predicted `x_0`.
 *
 * Reference: Lu et al. 2022, <https://arxiv.org/abs/2211.01095>, algorithm 2.
 *
 * @throws {RangeError} When the steps do not suit the schedule, or it leaves no signal for `epsilon`.
 */
export function dpmSolver(schedule: NoiseSchedule, options: DpmSolverOptions = {}): SamplerPlan {
  const { prediction = "epsilon", steps = 20, spacing = "logSNR" } = options;
  const times = selectTimesteps(schedule, steps, spacing);
  const levels = [...times, -1].map((t) => schedule.level(t));
  return times.map((t, i) => {
    const [before, now, after] = [levels[i - 1], levels[i]!, levels[i + 1]!];
    const x = after.sigma / now.sigma;
    const x0 = after.alpha - now.alpha * x; // -α_after (exp(-h) - 1)
    const h = lambda(after) - lambda(now);
    // h / (2 h_before), 0 after a step from pure noise, where h_before is infinite.
    const bend = before && h < Infinity ? h / (2 * (lambda(now) - lambda(before))) : 0;
    return {
      ...evaluateAt(t, now, prediction),
      next: { x, x0: x0 * (1 + bend), memory: -x0 * bend },
      memory: { x: 0, x0: 1 },
    };
  });
}

function lambda({ alpha, sigma }: NoiseLevel): number {
  return Math.log(alpha / sigma);
}
