import { NoiseSchedule } from "../../lib/diffusion/schedule.ts";
import { UsageError } from "../../lib/errors.ts";
import { planOf, type Process, scheduleOf, usualSteps } from "../../lib/generate/process.ts";
import { assert } from "../deps.ts";
import { flow, linear } from "./processes.ts";

function signalLeft(process: Process): number {
  const schedule = scheduleOf(process);
  assert.ok(schedule instanceof NoiseSchedule);
  return schedule.level(process.timesteps - 1).alpha;
}

Deno.test("each noise leaves the signal that it should", () => {
  // The published T = 400 ends at 0.13; 1000/T times the noise ends where 1000 steps do, at 0.0064.
  assert.ok(Math.abs(signalLeft(linear) - 0.13) < 0.005);
  assert.ok(Math.abs(signalLeft({ ...linear, noise: "scaled-linear" }) - 0.0064) < 0.001);
  assert.ok(signalLeft({ ...linear, noise: "cosine" }) < 1e-2);
  assert.equal(signalLeft({ ...linear, zeroSnr: true, prediction: "v" }), 0);
  assert.equal(scheduleOf(flow), "rectified-flow");
});

Deno.test("samplers take their usual steps, and those asked for", () => {
  assert.equal(planOf(linear).length, 20);
  assert.equal(planOf(linear, "ddpm").length, 400);
  assert.equal(planOf(linear, "ddim").length, 50);
  assert.equal(planOf(linear, "ddim", 7).length, 7);
  assert.equal(planOf({ ...linear, timesteps: 12 }).length, 12);
  assert.equal(planOf(flow).length, 19); // Heun: two evaluations a step, one in the last.
  assert.equal(planOf(flow, "euler", 5).length, 5);
  assert.equal(usualSteps("ddpm", linear), 400);
});

Deno.test("what does not go together is refused", () => {
  const refusals: [() => unknown, RegExp][] = [
    [() => planOf(linear, "ddim", 401), /knows 400 timesteps, got --steps 401/],
    [() => planOf(linear, "heun"), /takes ddpm, ddim or dpm\+\+, got --sampler heun/],
    [() => planOf(flow, "ddpm"), /a rectified flow takes euler or heun, got --sampler ddpm/],
    [
      () => scheduleOf({ ...linear, zeroSnr: true }),
      /got --prediction epsilon. Take --prediction v/,
    ],
    [() => scheduleOf({ ...flow, prediction: "v" }), /predicts velocity .* got --prediction v/],
    [() => scheduleOf({ ...flow, zeroSnr: true }), /got --zero-snr/],
    [
      () => scheduleOf({ ...linear, timesteps: 20, noise: "scaled-linear" }),
      /takes 21 timesteps or more, got 20/,
    ],
    [
      () => scheduleOf({ ...linear, timesteps: 1, zeroSnr: true, prediction: "v" }),
      /2 timesteps or more, got 1/,
    ],
  ];
  for (const [make, message] of refusals) {
    assert.throws(make, (error) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("every noise can be sampled with 21 timesteps", () => {
  for (const noise of ["linear", "scaled-linear", "cosine"] as const) {
    const plan = planOf({ ...linear, noise, timesteps: 21 }, "ddpm");
    assert.ok(plan.every(({ x0, next }) => [...x0, next.x, next.x0].every(Number.isFinite)));
  }
});
