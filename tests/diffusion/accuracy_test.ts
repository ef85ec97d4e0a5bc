/** Samplers with a perfect network on Gaussian data: where they end, and how fast they get there. @module */

import { openDevice } from "../../lib/device.ts";
import type { Denoiser } from "../../lib/diffusion/guidance.ts";
import { Sampler } from "../../lib/diffusion/sampler.ts";
import { ddim } from "../../lib/diffusion/samplers/ddim.ts";
import { ddpm } from "../../lib/diffusion/samplers/ddpm.ts";
import { dpmSolver } from "../../lib/diffusion/samplers/dpm_solver.ts";
import type { SamplerPlan } from "../../lib/diffusion/samplers/plan.ts";
import { euler, heun } from "../../lib/diffusion/samplers/rectified_flow.ts";
import { cosineSchedule, linearSchedule, zeroTerminalSnr } from "../../lib/diffusion/schedule.ts";
import { assert } from "../deps.ts";
import { bestDenoiser, bestPrediction, bestVelocity, flowOf, MEAN, STD } from "./gaussian.ts";

async function run(denoiser: Denoiser, plan: SamplerPlan, side: number) {
  const device = await openDevice();
  const sampler = new Sampler(denoiser, plan, { shape: [4, side, side, 1], seed: 3 });
  const samples = await sampler.sample({ frames: 2 });
  sampler.dispose();
  device.check();
  return samples;
}

/** The largest distance from where the probability flow would have taken the noise. */
async function flowError(denoiser: Denoiser, plan: SamplerPlan): Promise<number> {
  const { frames: [noise, images] } = await run(denoiser, plan, 4);
  const errors = noise!.map((x, i) => Math.abs(images![i]! - flowOf(x, plan[0]!.level)));
  return Math.max(...errors);
}

// The line of 1000 timesteps, cut finer, so that steps fall on timesteps well enough.
const FINE = linearSchedule(3840, { betaStart: 1e-4 / 3.84, betaEnd: 0.02 / 3.84 });

Deno.test("samplers approach the probability flow with their order of accuracy", async (t) => {
  await openDevice();
  const epsilon = bestDenoiser(FINE, "epsilon");
  const cases: [name: string, order: number, Denoiser, (steps: number) => SamplerPlan][] = [
    ["ddim", 1, epsilon, (steps) => ddim(FINE, { steps })],
    ["dpmSolver", 2, epsilon, (steps) => dpmSolver(FINE, { steps })],
    ["euler", 1, bestVelocity, euler],
    ["heun", 2, bestVelocity, heun],
  ];
  for (const [name, order, denoiser, plan] of cases) {
    await t.step(name, async () => {
      const errors: number[] = [];
      for (const steps of [20, 40, 80]) errors.push(await flowError(denoiser, plan(steps)));
      const [coarse, middle, fine] = errors as [number, number, number];
      for (const gain of [coarse / middle, middle / fine]) {
        assert.ok(
          gain > 0.9 * 2 ** order && gain < 1.2 * 2 ** order,
          `errors ${errors.map((error) => error.toExponential(2))}`,
        );
      }
    });
  }
});

/** Mean and variance after all steps, which an affine network keeps normal, in float64. */
function expectedMoments(plan: SamplerPlan, at: (step: number) => readonly [number, number]) {
  let [mean, variance] = [0, 1];
  plan.forEach(({ x0, next }, step) => {
    const [slope, offset] = at(step);
    const onX = next.x + next.x0 * (x0[0] + x0[1] * slope);
    mean = onX * mean + next.x0 * x0[1] * offset;
    variance = onX ** 2 * variance + (next.noise ?? 0) ** 2;
  });
  return { mean, variance };
}

Deno.test("samplers with noise reach the data's mean and variance", async (t) => {
  const schedule = linearSchedule(100, { scaled: true });
  const terminal = zeroTerminalSnr(cosineSchedule(100));
  await openDevice();
  const cases = [
    ["ddpm, beta", schedule, "epsilon", ddpm(schedule)],
    ["ddpm, posterior", schedule, "epsilon", ddpm(schedule, { variance: "posterior" })],
    ["ddpm, 50 steps", schedule, "x0", ddpm(schedule, { steps: 50, prediction: "x0" })],
    ["ddpm, zero terminal SNR", terminal, "v", ddpm(terminal, { prediction: "v" })],
    ["ddim, eta 0.5", schedule, "epsilon", ddim(schedule, { eta: 0.5 })],
  ] as const;
  for (const [name, schedule, prediction, plan] of cases) {
    await t.step(name, async () => {
      const { images } = await run(bestDenoiser(schedule, prediction), plan, 64);
      const expected = expectedMoments(
        plan,
        (step) => bestPrediction(prediction, plan[step]!.level),
      );
      // The sampler itself ends this near to the data.
      assert.ok(Math.abs(expected.mean - MEAN) < 0.02, `mean ${expected.mean}`);
      assert.ok(Math.abs(expected.variance / STD ** 2 - 1) < 0.15, `variance ${expected.variance}`);
      // And what it drew is within four standard errors of what it should be.
      const count = images.length;
      const mean = images.reduce((sum, x) => sum + x, 0) / count;
      const variance = images.reduce((sum, x) => sum + (x - mean) ** 2, 0) / count;
      const error = Math.sqrt(expected.variance / count);
      assert.ok(Math.abs(mean - expected.mean) < 4 * error, `mean ${mean}`);
      assert.ok(
        Math.abs(variance / expected.variance - 1) < 4 * Math.sqrt(2 / count),
        `variance ${variance} instead of ${expected.variance}`,
      );
    });
  }
});

Deno.test("samplers begin at zero terminal SNR and end at the data", async () => {
  await openDevice();
  const schedule = zeroTerminalSnr(cosineSchedule(1000));
  const denoiser = bestDenoiser(schedule, "v");
  const options = { prediction: "v" } as const;
  assert.ok(await flowError(denoiser, ddim(schedule, { ...options, steps: 200 })) < 0.02);
  assert.ok(await flowError(denoiser, dpmSolver(schedule, { ...options, steps: 40 })) < 0.01);
  const trailing = dpmSolver(schedule, { ...options, steps: 50, spacing: "trailing" });
  assert.equal(trailing[0]!.level.alpha, 0);
  assert.ok(await flowError(denoiser, trailing) < 0.02);
});
