/**
 * Learning-rate schedules: functions from the step to the factor on the base learning rate.
 *
 * @module
 */

/** The factor on the base learning rate at a step, counted from 0. */
export type Schedule = (step: number) => number;

/** Always 1. */
export function constant(): Schedule {
  return () => 1;
}

/** `gamma` to the power of `⌊step / stepSize⌋`, as PyTorch's `StepLR`. */
export function stepDecay(stepSize: number, gamma: number): Schedule {
  return (step) => gamma ** Math.floor(step / stepSize);
}

/** From 1 at step 0 in a straight line to 0 at `total`. */
export function linear(total: number): Schedule {
  return (step) => Math.max(0, 1 - step / total);
}

/**
 * `(1 + cos(π · step / total)) / 2`: from 1 to 0 along half a cosine, as PyTorch's
 * `CosineAnnealingLR`.
 *
 * Reference: Loshchilov and Hutter 2017, <https://arxiv.org/abs/1608.03983>.
 */
export function cosine(total: number): Schedule {
  return (step) => (1 + Math.cos(Math.PI * Math.min(step, total) / total)) / 2;
}

/**
 * Rises in a straight line from `1/steps` to 1 over the first `steps` steps, then follows `then`,
 * whose own steps count from there.
 */
export function warmup(steps: number, then: Schedule): Schedule {
  return (step) => step < steps ? (step + 1) / steps : then(step - steps);
}
