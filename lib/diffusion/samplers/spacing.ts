/** Which of a schedule's timesteps a sampler visits. @module */

import type { NoiseSchedule } from "../schedule.ts";

/**
 * How `S` of `T` timesteps are chosen:
 *
 * - `trailing`: `round(T i / S) − 1` for `i = S … 1`, evenly spaced from T − 1 down. It begins at the
 *   last timestep, where training saw the most noise (Lin et al. 2023,
 *   <https://arxiv.org/abs/2305.08891>).
 * - `leading`: `i ⌊T / S⌋` for `i = S − 1 … 0`, evenly spaced from 0 up (Song et al. 2021,
 *   <https://arxiv.org/abs/2010.02502>, where it is called linear). It begins below the last timestep.
 * - `logSNR`: evenly spaced in `λ = log(α/σ)` down to 0, each the nearest timestep (Lu et al. 2022,
 *   <https://arxiv.org/abs/2211.01095>). It begins at the last timestep where `λ ≥ −5.1`, which is about
 *   where a linear schedule ends: others have a long tail of λ with nothing to see in it.
 */
export type Spacing = "trailing" | "leading" | "logSNR";

/**
 * The timesteps that a sampler of `steps` steps visits, from the most noise to the least.
 *
 * @throws {RangeError} When there are not that many timesteps.
 */
export function selectTimesteps(
  schedule: NoiseSchedule,
  steps: number,
  spacing: Spacing,
): number[] {
  const { timesteps } = schedule;
  if (!Number.isInteger(steps) || steps < 1 || steps > timesteps) {
    throw new RangeError(
      `Cannot sample: the steps must be an integer from 1 to the schedule's ${timesteps}, got ${steps}.`,
    );
  }
  const places = Array.from({ length: steps }, (_, i) => i);
  switch (spacing) {
    case "trailing":
      return places.map((i) => Math.round(timesteps * (steps - i) / steps) - 1);
    case "leading":
      return places.map((i) => (steps - 1 - i) * Math.floor(timesteps / steps));
    case "logSNR":
      return evenInLogSnr(schedule, steps);
  }
}

/** The lowest `λ` at which to begin. */
const LAMBDA_MIN = -5.1;

function evenInLogSnr({ snr }: NoiseSchedule, steps: number): number[] {
  const lambdas = snr.map((ratio) => Math.log(ratio) / 2);
  // A schedule may have fewer timesteps than that above the bound.
  const start = Math.max(steps - 1, lambdas.findLastIndex((lambda) => lambda >= LAMBDA_MIN));
  const [first, last] = [Math.max(LAMBDA_MIN, lambdas[start]!), lambdas[0]!];
  const chosen = Array.from({ length: steps }, (_, i) => {
    const wanted = first + (last - first) * i / Math.max(1, steps - 1);
    return nearest(lambdas.subarray(0, start + 1), wanted);
  });
  // Where several want one timestep, they spread towards more noise, as far as there is room.
  for (let i = steps - 2; i >= 0; i--) chosen[i] = Math.max(chosen[i]!, chosen[i + 1]! + 1);
  return chosen.map((t, i) => Math.min(t, start - i));
}

/** The place of the value nearest to `wanted` among falling `values`. */
function nearest(values: Float64Array, wanted: number): number {
  const after = values.findIndex((value) => value <= wanted);
  if (after < 0) return values.length - 1;
  return after > 0 && values[after - 1]! - wanted < wanted - values[after]! ? after - 1 : after;
}
