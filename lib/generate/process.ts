/**
 * How images become noise and back: what a checkpoint must say so that its network can be sampled.
 *
 * @module
 */

import { UsageError } from "../errors.ts";
import type { Prediction } from "../diffusion/prediction.ts";
import { ddim } from "../diffusion/samplers/ddim.ts";
import { ddpm } from "../diffusion/samplers/ddpm.ts";
import { dpmSolver } from "../diffusion/samplers/dpm_solver.ts";
import type { SamplerPlan } from "../diffusion/samplers/plan.ts";
import { euler, heun } from "../diffusion/samplers/rectified_flow.ts";
import {
  cosineSchedule,
  linearSchedule,
  type NoiseSchedule,
  zeroTerminalSnr,
} from "../diffusion/schedule.ts";

/** What `--noise` offers. */
export const NOISES = ["linear", "scaled-linear", "cosine", "rectified-flow"] as const;

/** What `--prediction` offers. */
export const PREDICTIONS = ["epsilon", "v", "x0"] as const;

/** What `--sampler` offers. */
export const SAMPLERS = ["ddpm", "ddim", "dpm++", "euler", "heun"] as const;

/** A sampler by name. */
export type SamplerName = typeof SAMPLERS[number];

/** A diffusion process and the network's part in it. */
export interface Process {
  /** T; of a rectified flow, which has any time, it says nothing. */
  readonly timesteps: number;
  /** How noise grows with time. */
  readonly noise: typeof NOISES[number];
  /** Whether the schedule is bent so that no signal is left at its end. */
  readonly zeroSnr: boolean;
  /** What the network predicts. */
  readonly prediction: Prediction;
  /** What pixels without and with full ink are to the network. */
  readonly range: readonly [lo: number, hi: number];
}

/**
 * The noise schedule of a process.
 *
 * @throws {UsageError} When its parts do not go together.
 */
export function scheduleOf(process: Process): NoiseSchedule | "rectified-flow" {
  const { timesteps, noise, zeroSnr, prediction } = process;
  if (noise === "rectified-flow") {
    if (!zeroSnr && prediction === "velocity") return noise;
    throw new UsageError(
      "Cannot train a rectified flow: it predicts velocity and ends in noise alone, got " +
        `${zeroSnr ? "--zero-snr" : `--prediction ${prediction}`}. Leave that out`,
    );
  }
  if (zeroSnr && prediction === "epsilon") {
    throw new UsageError(
      "Cannot train with --zero-snr: at its end the noise says nothing of the image, got " +
        "--prediction epsilon. Take --prediction v",
    );
  }
  if (zeroSnr && timesteps < 2) {
    throw new UsageError(
      `Cannot train with --zero-snr: it needs 2 timesteps or more, got ${timesteps}`,
    );
  }
  const schedule = noise === "cosine"
    ? cosineSchedule(timesteps)
    : linearOf(timesteps, noise === "scaled-linear");
  return zeroSnr ? zeroTerminalSnr(schedule) : schedule;
}

/** With as few timesteps, the scaled noise would leave nothing: its last β is 20 / T. */
const TOO_FEW_TO_SCALE = 20;

function linearOf(timesteps: number, scaled: boolean): NoiseSchedule {
  if (scaled && timesteps <= TOO_FEW_TO_SCALE) {
    throw new UsageError(
      `Cannot scale the noise: that takes ${TOO_FEW_TO_SCALE + 1} timesteps or more, got ` +
        `${timesteps}. Take --noise linear or cosine`,
    );
  }
  return linearSchedule(timesteps, { scaled });
}

/** The sampler and its steps where none are asked for. */
export function usualSampler({ noise }: Pick<Process, "noise">): SamplerName {
  return noise === "rectified-flow" ? "heun" : "dpm++";
}

/** How many steps a sampler takes where none are asked for. */
export function usualSteps(
  sampler: SamplerName,
  { timesteps }: Pick<Process, "timesteps">,
): number {
  const steps = { "ddpm": timesteps, "ddim": 50, "dpm++": 20, "euler": 50, "heun": 10 }[sampler];
  return sampler === "euler" || sampler === "heun" ? steps : Math.min(steps, timesteps);
}

/**
 * A sampler's plan for a process.
 *
 * @param process The process that the network was trained for.
 * @param sampler The sampler. @default {@link usualSampler}
 * @param steps Its steps. @default {@link usualSteps}
 * @throws {UsageError} When the sampler is for another kind of process, or the steps are too many.
 */
export function planOf(process: Process, sampler?: SamplerName, steps?: number): SamplerPlan {
  const schedule = scheduleOf(process);
  const name = sampler ?? usualSampler(process);
  const count = steps ?? usualSteps(name, process);
  const isFlow = schedule === "rectified-flow";
  if (isFlow !== (name === "euler" || name === "heun")) {
    throw new UsageError(
      `Cannot sample with ${name}: ${
        isFlow ? "a rectified flow takes euler or heun" : "this network takes ddpm, ddim or dpm++"
      }, got --sampler ${name}`,
    );
  }
  if (!isFlow && count > process.timesteps) {
    throw new UsageError(
      `Cannot sample in ${count} steps: the network knows ${process.timesteps} timesteps, ` +
        `got --steps ${count}`,
    );
  }
  if (isFlow) return name === "euler" ? euler(count) : heun(count);
  const options = { prediction: process.prediction, steps: count };
  switch (name) {
    case "ddpm":
      return ddpm(schedule, options);
    case "ddim":
      return ddim(schedule, options);
    default:
      return dpmSolver(schedule, options);
  }
}
