/** Which timesteps samplers visit. @module */

import { ddim } from "../../lib/diffusion/samplers/ddim.ts";
import { ddpm } from "../../lib/diffusion/samplers/ddpm.ts";
import { dpmSolver } from "../../lib/diffusion/samplers/dpm_solver.ts";
import { framesOf } from "../../lib/diffusion/samplers/plan.ts";
import { euler, heun } from "../../lib/diffusion/samplers/rectified_flow.ts";
import { selectTimesteps, type Spacing } from "../../lib/diffusion/samplers/spacing.ts";
import { cosineSchedule, linearSchedule, zeroTerminalSnr } from "../../lib/diffusion/schedule.ts";
import { assert, fc } from "../deps.ts";

const SPACINGS: Spacing[] = ["trailing", "leading", "logSNR"];

Deno.test("selectTimesteps() spaces evenly from either end", () => {
  const schedule = linearSchedule(1000);
  assert.deepEqual(selectTimesteps(schedule, 5, "trailing"), [999, 799, 599, 399, 199]);
  assert.deepEqual(selectTimesteps(schedule, 5, "leading"), [800, 600, 400, 200, 0]);
  assert.deepEqual(selectTimesteps(schedule, 3, "trailing"), [999, 666, 332]);
  assert.deepEqual(selectTimesteps(schedule, 3, "leading"), [666, 333, 0]);
  for (const spacing of SPACINGS) {
    assert.deepEqual(
      selectTimesteps(schedule, 1000, spacing),
      Array.from(
        { length: 1000 },
        (_, i) => 999 - i,
      ),
    );
  }
});

Deno.test("selectTimesteps() spaces logSNR evenly to the nearest timestep", () => {
  const schedule = linearSchedule(1000);
  const lambda = (t: number) => Math.log(schedule.snr[t]!) / 2;
  const times = selectTimesteps(schedule, 10, "logSNR");
  assert.deepEqual([times[0], times[9]], [999, 0]);
  const stride = (lambda(0) - lambda(999)) / 9;
  for (const [i, t] of times.entries()) {
    const wanted = lambda(999) + stride * i;
    const distance = Math.abs(lambda(t) - wanted);
    for (const other of [t - 1, t + 1]) {
      if (other < 0 || other > 999) continue;
      assert.ok(distance <= Math.abs(lambda(other) - wanted), `step ${i} at ${t}`);
    }
  }
  // Where a schedule has a tail without signal, it begins where some is left.
  for (const schedule of [cosineSchedule(1000), zeroTerminalSnr(linearSchedule(1000))]) {
    const [first] = selectTimesteps(schedule, 10, "logSNR");
    const [there, beyond] = [first!, first! + 1].map((t) => Math.log(schedule.snr[t]!) / 2);
    assert.ok(there! >= -5.1 && beyond! < -5.1);
  }
});

Deno.test("selectTimesteps() gives that many timesteps, each smaller than the one before", () => {
  fc.assert(fc.property(
    fc.integer({ min: 2, max: 300 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.constantFrom(...SPACINGS),
    fc.constantFrom(
      (timesteps: number) => linearSchedule(timesteps),
      cosineSchedule,
      (timesteps: number) => zeroTerminalSnr(cosineSchedule(timesteps)),
    ),
    (timesteps, share, spacing, make) => {
      const steps = Math.max(1, Math.round(share * timesteps));
      const times = selectTimesteps(make(timesteps), steps, spacing);
      assert.equal(times.length, steps);
      assert.ok(times.every(Number.isInteger));
      assert.ok(times[0]! < timesteps && times.at(-1)! >= 0);
      assert.ok(times.every((t, i) => i === 0 || t < times[i - 1]!), times.join());
    },
  ));
});

Deno.test("samplers refuse steps and options that are none", () => {
  const schedule = linearSchedule(20);
  for (const steps of [0, 21, 1.5, NaN]) {
    for (const sampler of [ddpm, ddim, dpmSolver]) {
      assert.throws(() => sampler(schedule, { steps }), {
        name: "RangeError",
        message: /from 1 to/,
      });
    }
  }
  for (const steps of [0, -1, 2.5]) {
    assert.throws(() => euler(steps), { name: "RangeError", message: /positive integer/ });
    assert.throws(() => heun(steps), RangeError);
  }
  assert.throws(() => ddim(schedule, { eta: 1.5 }), { name: "RangeError", message: /eta/ });
});

Deno.test("samplers refuse epsilon where no signal is left", () => {
  const schedule = zeroTerminalSnr(linearSchedule(20));
  const options = { steps: 5, spacing: "trailing" } as const;
  for (const sampler of [ddpm, ddim, dpmSolver]) {
    assert.throws(() => sampler(schedule, options), {
      name: "RangeError",
      message: /x must hold signal.*Predict v/,
    });
    for (const { x0, next } of sampler(schedule, { ...options, prediction: "v" })) {
      assert.ok([...x0, next.x, next.x0, next.memory ?? 0].every(Number.isFinite));
    }
  }
});

Deno.test("every plan ends at the predicted image, without noise", () => {
  const schedule = linearSchedule(50);
  for (
    const plan of [
      ddpm(schedule),
      ddim(schedule, { eta: 1 }),
      dpmSolver(schedule),
      euler(5),
      heun(5),
    ]
  ) {
    const { x, x0, memory = 0, noise = 0 } = plan.at(-1)!.next;
    assert.deepEqual([x, x0, Math.abs(memory), noise], [0, 1, 0, 0]);
  }
});

Deno.test("framesOf() looks at the beginning, the end, and evenly in between", () => {
  const plan = ddpm(linearSchedule(1000));
  assert.deepEqual(framesOf(plan, 0), []);
  assert.deepEqual(framesOf(plan, 1), [1000]);
  assert.deepEqual(framesOf(plan, 2), [0, 1000]);
  const five = framesOf(plan, 5);
  assert.equal(five.length, 5);
  [0, 250, 500, 750, 1000].forEach((place, i) => assert.ok(Math.abs(five[i]! - place) <= 1));
  assert.deepEqual(framesOf(euler(4), 5), [0, 1, 2, 3, 4]);
  // Two evaluations a step but in the last: only whole steps are shown.
  assert.deepEqual(framesOf(heun(4), 5), [0, 2, 4, 6, 7]);
  assert.deepEqual(framesOf(euler(2), 50), [0, 1, 2]);
});
