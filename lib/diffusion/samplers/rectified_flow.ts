/** Samplers of rectified flows, by the methods of Euler and Heun. @module */

import { FLOW_TIME_SCALE } from "../forward.ts";
import { evaluateAt, type Evaluation, type SamplerPlan } from "./plan.ts";

/**
 * Follows the velocity from noise at time 1 to the image at time 0 in equal steps of Euler's method, of
 * first order; a network whose flow is straight needs few.
 *
 * Reference: Liu, Gong, Liu 2022, <https://arxiv.org/abs/2209.03003>.
 *
 * @param steps Steps, each one evaluation. @default 50
 * @throws {RangeError} When `steps` is no positive integer.
 */
export function euler(steps: number = 50): SamplerPlan {
  return timesOf(steps).map(([time, after]) => eulerStep(time, after));
}

/**
 * Follows the velocity by Heun's method, of second order: from each point a step of Euler's method, and
 * then the same step again with the mean of the velocities at both ends. The last step is Euler's
 * (Karras et al. 2022, <https://arxiv.org/abs/2206.00364>, algorithm 1).
 *
 * @param steps Steps, in `2 steps − 1` evaluations. @default 10
 * @throws {RangeError} When `steps` is no positive integer.
 */
export function heun(steps: number = 10): SamplerPlan {
  return timesOf(steps).flatMap(([time, after]) => {
    const predictor = eulerStep(time, after);
    if (after === 0) return [predictor];
    // The velocity is (x - x0) / time. Half of the step taken with it waits in the memory.
    const half = (after - time) / 2;
    return [
      { ...predictor, memory: { x: 1 + half / time, x0: -half / time } },
      { ...flowAt(after), next: { x: half / after, x0: -half / after, memory: 1 } },
    ];
  });
}

function eulerStep(time: number, after: number): Evaluation {
  return { ...flowAt(time), next: { x: after / time, x0: 1 - after / time } };
}

function flowAt(time: number): Pick<Evaluation, "t" | "level" | "x0"> {
  return evaluateAt(FLOW_TIME_SCALE * time, { alpha: 1 - time, sigma: time }, "velocity");
}

/** The ends of each step. */
function timesOf(steps: number): [time: number, after: number][] {
  if (!Number.isInteger(steps) || steps < 1) {
    throw new RangeError(
      `Cannot sample: the steps must be a positive integer, got ${steps}.`,
    );
  }
  return Array.from({ length: steps }, (_, i) => [1 - i / steps, (steps - 1 - i) / steps]);
}
