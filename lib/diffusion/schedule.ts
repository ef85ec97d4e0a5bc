/**
 * Noise schedules: how much of an image is left at each timestep, in float64 on the CPU.
 *
 * The forward process is `x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε` with `ᾱ_t = Π (1 − β_s)`, `s ≤ t`. Timesteps
 * are counted from 0 to T − 1, so that timestep `t` here is `t + 1` in the papers, and `ᾱ_{−1} = 1` is
 * the image itself.
 *
 * @module
 */

/** The shares of image and noise in `x = α x_0 + σ ε`. */
export interface NoiseLevel {
  /** Of the image. */
  readonly alpha: number;
  /** Of the noise. */
  readonly sigma: number;
}

/**
 * A discrete noise schedule and what follows from it.
 *
 * Reference: Ho, Jain, Abbeel 2020, <https://arxiv.org/abs/2006.11239>.
 *
 * @example Signal that is left at the end
 * ```ts
 * import { linearSchedule } from "./schedule.ts";
 * import assert from "node:assert/strict";
 *
 * const { alphasCumprod } = linearSchedule(1000);
 * assert.ok(Math.abs(alphasCumprod.at(-1)! - 4.036e-5) < 1e-8);
 * ```
 */
export class NoiseSchedule {
  /** `β_t`, the variance that timestep `t` adds. */
  readonly betas: Float64Array;
  /** `ᾱ_t`. */
  readonly alphasCumprod: Float64Array;
  /** `β̃_t = β_t (1 − ᾱ_{t−1}) / (1 − ᾱ_t)`, the variance of `x_{t−1}` given `x_t` and `x_0`. */
  readonly posteriorVariance: Float64Array;
  /** Signal to noise, `ᾱ_t / (1 − ᾱ_t)`. */
  readonly snr: Float64Array;

  /**
   * The schedule of given variances.
   *
   * @param betas Each above 0 and below 1; the last one may be 1, and then no signal is left.
   * @throws {RangeError} When there is none, or one is out of range.
   */
  constructor(betas: ArrayLike<number>) {
    this.betas = Float64Array.from(betas);
    const last = this.betas.length - 1;
    const odd = this.betas.findIndex((beta, t) =>
      !(beta > 0 && (beta < 1 || t === last && beta === 1))
    );
    if (last < 0 || odd >= 0) {
      throw new RangeError(
        `Cannot make a noise schedule: every beta must be in (0, 1), got ` +
          `${last < 0 ? "none" : `${this.betas[odd]} at timestep ${odd}`}. Choose smaller ones.`,
      );
    }
    let left = 1;
    this.alphasCumprod = this.betas.map((beta) => left *= 1 - beta);
    this.posteriorVariance = this.betas.map((beta, t) =>
      beta * (1 - this.alphaCumprod(t - 1)) / (1 - this.alphaCumprod(t))
    );
    this.snr = this.alphasCumprod.map((left) => left / (1 - left));
  }

  /** T, how many timesteps there are. */
  get timesteps(): number {
    return this.betas.length;
  }

  /** `ᾱ_t`, and 1 at timestep −1. */
  alphaCumprod(t: number): number {
    return t < 0 ? 1 : this.alphasCumprod[t]!;
  }

  /** `√ᾱ_t` and `√(1 − ᾱ_t)`; 1 and 0 at timestep −1. */
  level(t: number): NoiseLevel {
    const left = this.alphaCumprod(t);
    return { alpha: Math.sqrt(left), sigma: Math.sqrt(1 - left) };
  }
}

/** Options of {@link linearSchedule}. */
export interface LinearScheduleOptions {
  /** `β` at timestep 0. @default 1e-4 */
  readonly betaStart?: number;
  /** `β` at timestep T − 1. @default 0.02 */
  readonly betaEnd?: number;
  /**
   * Multiplies every `β` by `1000 / T`, so that as little signal is left at the end as with 1000
   * timesteps: with T = 400 and the defaults, `√ᾱ` would end at 0.13. @default false
   */
  readonly scaled?: boolean;
}

/**
 * `β` on a straight line.
 *
 * Reference: Ho, Jain, Abbeel 2020, <https://arxiv.org/abs/2006.11239>, section 4.
 *
 * @param timesteps T, at least 1.
 * @throws {RangeError} When a `β` is out of range, or T is no positive integer.
 */
export function linearSchedule(
  timesteps: number,
  options: LinearScheduleOptions = {},
): NoiseSchedule {
  const { betaStart = 1e-4, betaEnd = 0.02, scaled = false } = options;
  const factor = scaled ? 1000 / timesteps : 1;
  const step = (betaEnd - betaStart) / Math.max(1, timesteps - 1);
  return scheduleOf(timesteps, (t) => factor * (betaStart + step * t));
}

/** The largest `β` of {@link cosineSchedule}: without a limit the last one would be 1. */
const LARGEST_BETA = 0.999;

/**
 * `ᾱ_t = f(t + 1) / f(0)` with `f(t) = cos²(π/2 · (t/T + s) / (1 + s))`, and no `β` above 0.999.
 *
 * Reference: Nichol, Dhariwal 2021, <https://arxiv.org/abs/2102.09672>, section 3.2.
 *
 * @param timesteps T, at least 1.
 * @param offset `s`, which keeps the first `β` from being too small. @default 0.008
 * @throws {RangeError} When T is no positive integer.
 */
export function cosineSchedule(timesteps: number, offset: number = 0.008): NoiseSchedule {
  const f = (t: number) => Math.cos(Math.PI / 2 * (t / timesteps + offset) / (1 + offset)) ** 2;
  return scheduleOf(timesteps, (t) => Math.min(LARGEST_BETA, 1 - f(t + 1) / f(t)));
}

/**
 * The schedule with `√ᾱ` shifted and scaled so that nothing is left at the end, `ᾱ_{T−1} = 0`, while
 * `ᾱ_0` stays. There `ε` says nothing about `x_0`: predict `v` or `x_0`.
 *
 * Reference: Lin, Liu, Li, Yang 2023, <https://arxiv.org/abs/2305.08891>, algorithm 1.
 *
 * @param schedule At least 2 timesteps.
 * @throws {RangeError} When it has fewer.
 */
export function zeroTerminalSnr(schedule: NoiseSchedule): NoiseSchedule {
  const { timesteps } = schedule;
  if (timesteps < 2) {
    throw new RangeError(
      `Cannot rescale the noise schedule: it must have 2 timesteps or more, got ${timesteps}.`,
    );
  }
  const roots = schedule.alphasCumprod.map(Math.sqrt);
  const first = roots[0]!;
  const last = roots.at(-1)!;
  const left = roots.map((root) => ((root - last) * (first / (first - last))) ** 2);
  return new NoiseSchedule(left.map((now, t) => 1 - now / (left[t - 1] ?? 1)));
}

function scheduleOf(timesteps: number, beta: (t: number) => number): NoiseSchedule {
  if (!Number.isInteger(timesteps) || timesteps < 1) {
    throw new RangeError(
      `Cannot make a noise schedule: timesteps must be a positive integer, got ${timesteps}.`,
    );
  }
  return new NoiseSchedule(Float64Array.from({ length: timesteps }, (_, t) => beta(t)));
}
