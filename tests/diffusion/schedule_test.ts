/** Noise schedules against PyTorch's float64 numbers and against closed forms. @module */

import {
  convertPrediction,
  minSnrWeights,
  type Prediction,
  targetOf,
} from "../../lib/diffusion/prediction.ts";
import {
  cosineSchedule,
  linearSchedule,
  NoiseSchedule,
  zeroTerminalSnr,
} from "../../lib/diffusion/schedule.ts";
import { assertAllClose } from "../allclose.ts";
import { assert, fc } from "../deps.ts";
import fixture from "../fixtures/diffusion.json" with { type: "json" };

const SCHEDULES: Record<string, (timesteps: number) => NoiseSchedule> = {
  "linear": (timesteps) => linearSchedule(timesteps),
  "scaled": (timesteps) => linearSchedule(timesteps, { scaled: true }),
  "cosine": (timesteps) => cosineSchedule(timesteps),
  "linear, zero terminal": (timesteps) => zeroTerminalSnr(linearSchedule(timesteps)),
  "cosine, zero terminal": (timesteps) => zeroTerminalSnr(cosineSchedule(timesteps)),
};

const PREDICTIONS: Prediction[] = ["epsilon", "v", "x0", "velocity"];

Deno.test("schedules and min-SNR weights agree with PyTorch's in float64", async (t) => {
  for (const expected of fixture.schedules) {
    await t.step(`${expected.name}, ${expected.timesteps} timesteps`, () => {
      const schedule = SCHEDULES[expected.name]!(expected.timesteps);
      const check = (actual: Float64Array, values: number[]) => {
        assert.equal(actual.length, expected.timesteps);
        assertAllClose(expected.at.map((t) => actual[t]!), values, { rtol: 1e-10, atol: 1e-15 });
      };
      check(schedule.betas, expected.betas);
      check(schedule.alphasCumprod, expected.alphasCumprod);
      check(schedule.posteriorVariance, expected.posteriorVariance);
      check(schedule.snr, expected.snr);
      for (const prediction of ["epsilon", "v", "x0"] as const) {
        check(minSnrWeights(schedule, prediction, fixture.gamma), expected.minSnr[prediction]);
      }
    });
  }
});

Deno.test("linearSchedule() has beta on a line, scaled by 1000/T where asked for", () => {
  const { betas } = linearSchedule(5, { betaStart: 0.1, betaEnd: 0.5 });
  assertAllClose(betas, [0.1, 0.2, 0.3, 0.4, 0.5], { rtol: 1e-15 });
  assertAllClose(linearSchedule(1, { betaStart: 0.1 }).betas, [0.1], { rtol: 1e-15 });
  const left = (schedule: NoiseSchedule) => schedule.level(schedule.timesteps - 1).alpha;
  assert.equal(left(linearSchedule(400)).toFixed(2), "0.13");
  assert.ok(
    Math.abs(left(linearSchedule(400, { scaled: true })) / left(linearSchedule(1000)) - 1) < 0.12,
  );
});

Deno.test("cosineSchedule() follows the squared cosine until beta reaches 0.999", () => {
  const T = 100;
  const { alphasCumprod, betas } = cosineSchedule(T);
  const f = (t: number) => Math.cos((t / T + 0.008) / 1.008 * Math.PI / 2) ** 2;
  for (let t = 0; t < T - 1; t++) {
    assert.ok(Math.abs(alphasCumprod[t]! - f(t + 1) / f(0)) < 1e-14, `timestep ${t}`);
  }
  assert.equal(betas[T - 1], 0.999);
});

Deno.test("zeroTerminalSnr() leaves exactly nothing at the end and the beginning as it was", () => {
  for (const schedule of [linearSchedule(1000), cosineSchedule(400), linearSchedule(2)]) {
    const rescaled = zeroTerminalSnr(schedule);
    assert.equal(rescaled.alphasCumprod.at(-1), 0);
    assert.equal(rescaled.snr.at(-1), 0);
    assert.deepEqual(rescaled.level(rescaled.timesteps - 1), { alpha: 0, sigma: 1 });
    assertAllClose([rescaled.alphasCumprod[0]!], [schedule.alphasCumprod[0]!], { rtol: 1e-14 });
    // Where nothing is left, epsilon keeps the limit of its weight.
    assert.equal(minSnrWeights(rescaled, "epsilon").at(-1), 1);
    assert.equal(minSnrWeights(rescaled, "v").at(-1), 0);
    assert.equal(minSnrWeights(rescaled, "velocity").at(-1), 0);
  }
  assert.throws(() => zeroTerminalSnr(linearSchedule(1)), RangeError);
});

Deno.test("minSnrWeights() gives every prediction the loss of x0 weighted with min(SNR, gamma)", () => {
  const schedule = cosineSchedule(50);
  for (const gamma of [1, 5, 20]) {
    for (const prediction of PREDICTIONS) {
      const weights = minSnrWeights(schedule, prediction, gamma);
      weights.forEach((weight, t) => {
        // An error of 1 in the prediction is an error of `factor` in x0.
        const [, factor] = convertPrediction(prediction, "x0", schedule.level(t));
        const expected = Math.min(schedule.snr[t]!, gamma) * factor ** 2;
        assert.ok(Math.abs(weight / expected - 1) < 1e-9, `${prediction} at ${t}`);
      });
    }
  }
});

Deno.test("a schedule refuses variances that are none, naming the first", () => {
  for (
    const [betas, message] of [
      [[], /got none/],
      [[0.1, 0, 0.2], /got 0 at timestep 1/],
      [[0.1, 1, 0.2], /got 1 at timestep 1/],
      [[0.1, 1.5], /got 1.5 at timestep 1/],
      [[NaN], /got NaN at timestep 0/],
    ] as const
  ) {
    assert.throws(() => new NoiseSchedule(betas), { name: "RangeError", message });
  }
  // 10 timesteps of the default line, scaled by 100, would end at 2.
  assert.throws(() => linearSchedule(10, { scaled: true }), RangeError);
  for (const timesteps of [0, -1, 1.5, NaN]) {
    assert.throws(() => linearSchedule(timesteps), { name: "RangeError", message: /timesteps/ });
    assert.throws(() => cosineSchedule(timesteps), RangeError);
  }
});

Deno.test("convertPrediction() turns every prediction into every other", () => {
  const number = fc.double({ min: -3, max: 3, noNaN: true });
  fc.assert(fc.property(
    fc.constantFrom(...PREDICTIONS),
    fc.constantFrom(...PREDICTIONS),
    fc.double({ min: 0.05, max: 1.5, noNaN: true }),
    number,
    number,
    (from, to, angle, x0, epsilon) => {
      const level = { alpha: Math.cos(angle), sigma: Math.sin(angle) };
      const x = level.alpha * x0 + level.sigma * epsilon;
      const value = (prediction: Prediction) => {
        const [c, d] = targetOf(prediction, level);
        return c * x0 + d * epsilon;
      };
      const [onX, onFrom] = convertPrediction(from, to, level);
      assert.ok(Math.abs(onX * x + onFrom * value(from) - value(to)) < 1e-10);
    },
  ));
});

Deno.test("convertPrediction() refuses what does not follow", () => {
  const noise = { alpha: 0, sigma: 1 };
  assert.throws(() => convertPrediction("epsilon", "x0", noise), {
    name: "RangeError",
    message: /x must hold signal/,
  });
  assert.throws(() => convertPrediction("x0", "epsilon", { alpha: 1, sigma: 0 }), {
    name: "RangeError",
    message: /x must hold noise/,
  });
  // x0 from v at the end is -v.
  assert.deepEqual(convertPrediction("v", "x0", noise), [0, -1]);
  assert.deepEqual(convertPrediction("epsilon", "epsilon", noise), [0, 1]);
});
