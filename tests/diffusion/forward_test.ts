/** The forward process against the numbers of `GpuRandom` and float64 formulas. @module */

import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { ForwardProcess, type NoisyBatch } from "../../lib/diffusion/forward.ts";
import { diffusionLoss } from "../../lib/diffusion/loss.ts";
import { minSnrWeights, type Prediction, targetOf } from "../../lib/diffusion/prediction.ts";
import {
  cosineSchedule,
  linearSchedule,
  type NoiseSchedule,
  zeroTerminalSnr,
} from "../../lib/diffusion/schedule.ts";
import { Clock } from "../../lib/engine/clock.ts";
import { suitLanes } from "../../lib/engine/kernels/lanes.ts";
import { GpuRandom } from "../../lib/engine/random.ts";
import { compileStep, eagerStep } from "../../lib/engine/step.ts";
import { updateInPlace } from "../../lib/engine/update.ts";
import type { Scalar, Tensor, Tensor1D, Tensor4D } from "../../lib/tensor.ts";
import { assertAllClose } from "../allclose.ts";
import { assert, fc } from "../deps.ts";
import { compute } from "../engine/poisoned.ts";
import { ownLanes } from "../engine/own_lanes.ts";

const SEED = 11;

/** A forward process at a step; under `compute()` all its tensors must be made there. */
function processAt(
  step: number,
  process: NoiseSchedule | "rectified-flow",
  options: Partial<ConstructorParameters<typeof ForwardProcess>[1]> = {},
): { forward: ForwardProcess; clock: Clock } {
  const clock = new Clock(step);
  return { forward: new ForwardProcess(process, { seed: SEED, clock, ...options }), clock };
}

/** Images whose values all differ. */
function imagesOf(shape: readonly number[]): Float32Array {
  return Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, (_, i) => Math.sin(i));
}

/** Numbers of a stream, as `GpuRandom` draws them. */
function stream(step: number, name: string): GpuRandom {
  return GpuRandom.named(step, SEED, "diffusion", name);
}

/** Noise of images: each from whole blocks of four numbers. */
async function noiseOf(step: number, [count, ...sides]: readonly number[]): Promise<Float32Array> {
  const values = sides.reduce((size, side) => size * side, 1);
  const padded = 4 * Math.ceil(values / 4);
  const [all] = (await compute(() => [stream(step, "noise").normal([count!, padded])])).values;
  return all!.filter((_, i) => i % padded < values);
}

async function valuesOf(draw: () => NoisyBatch) {
  let names: string[] = [];
  const { values } = await compute(() => {
    const drawn = { ...draw() };
    names = Object.keys(drawn);
    return Object.values(drawn);
  });
  return Object.fromEntries(names.map((name, i) => [name, values[i]!])) as Record<
    keyof NoisyBatch,
    Float32Array
  >;
}

async function checkDraw(
  process: NoiseSchedule | "rectified-flow",
  prediction: Prediction,
  shape: readonly [number, number, number, number],
  step: number,
): Promise<void> {
  const clean = imagesOf(shape);
  const drawn = await valuesOf(() =>
    processAt(step, process, { prediction }).forward.draw(tf.tensor4d(clean, [...shape]))
  );
  const [expectedT] = (await compute(() => [
    process === "rectified-flow"
      ? stream(step, "t").uniform([shape[0]], 0, 1000)
      : stream(step, "t").integers([shape[0]], process.timesteps),
  ])).values;
  assert.deepEqual([...drawn.t], [...expectedT!]);
  const noise = await noiseOf(step, shape);
  const values = clean.length / shape[0];
  const levels = Array.from(
    drawn.t,
    (t) =>
      process === "rectified-flow" ? { alpha: 1 - t / 1000, sigma: t / 1000 } : process.level(t),
  );
  const mix = (factors: (image: number) => readonly [number, number]) =>
    Float64Array.from(clean, (value, i) => {
      const [a, b] = factors(Math.floor(i / values));
      return a * value + b * noise[i]!;
    });
  const tolerance = { rtol: 1e-5, atol: 2e-6 };
  assertAllClose(
    drawn.x,
    mix((n) => [levels[n]!.alpha, levels[n]!.sigma]),
    tolerance,
  );
  assertAllClose(drawn.target, mix((n) => targetOf(prediction, levels[n]!)), tolerance);
  assert.deepEqual(Object.keys(drawn), ["x", "target", "t"]);
}

const SHAPES = [[5, 3, 3, 1], [1, 1, 1, 1], [9, 4, 4, 1], [3, 5, 2, 3], [2, 28, 28, 1]] as const;

Deno.test("ForwardProcess.draw() mixes by GpuRandom's timesteps and noise", async () => {
  for (const [i, shape] of SHAPES.entries()) {
    for (const prediction of ["epsilon", "v", "x0"] as const) {
      await checkDraw(cosineSchedule(100), prediction, shape, i);
    }
    await checkDraw("rectified-flow", "velocity", shape, i);
  }
  await checkDraw(zeroTerminalSnr(linearSchedule(7)), "epsilon", [40, 2, 2, 1], 3);
});

Deno.test("ForwardProcess.draw() is right in the wide workgroups of a GPU", async () => {
  await openDevice();
  try {
    suitLanes({ software: false });
    await checkDraw(cosineSchedule(100), "v", [70, 3, 3, 1], 5);
    await checkDraw("rectified-flow", "velocity", [300, 2, 2, 1], 5);
  } finally {
    await ownLanes();
  }
});

Deno.test("ForwardProcess.draw() takes two dispatches", async () => {
  await openDevice();
  const { forward } = processAt(0, linearSchedule(10), {
    minSnr: 5,
    drop: { probability: 0.5, nullClass: 3 },
  });
  const step = compileStep(() => {
    const { x } = forward.draw(tf.ones([4, 2, 2, 1]), tf.ones([4], "int32"));
    return tf.slice(tf.reshape(x, [-1]), [0], [1]).asScalar();
  });
  await step.run(2);
  // The slice and the ring of losses are two more.
  assert.equal(step.stats!.dispatches, 4);
  step.dispose();
});

Deno.test("ForwardProcess.draw() drops each label with the probability, where GpuRandom is below it", async () => {
  const count = 403;
  const classes = Int32Array.from({ length: count }, (_, i) => i % 10);
  for (const probability of [0, 0.1, 0.5, 1]) {
    const { forward } = processAt(2, linearSchedule(10), {
      drop: { probability, nullClass: 10 },
    });
    const drawn = await valuesOf(() => ({
      ...forward.draw(tf.ones([count, 1, 1, 1]), tf.tensor1d(classes, "int32")),
    }));
    const [uniform] = (await compute(() => [stream(2, "drop").uniform([count])])).values;
    const expected = classes.map((label, i) => uniform![i]! < probability ? 10 : label);
    assert.deepEqual([...drawn.labels], [...expected], `probability ${probability}`);
  }
});

Deno.test("ForwardProcess.draw() passes labels on where none are dropped", async () => {
  const { labels } = await valuesOf(() =>
    processAt(0, linearSchedule(10)).forward
      .draw(tf.ones([3, 1, 1, 1]), tf.tensor1d([4, 5, 6], "int32"))
  );
  assert.deepEqual([...labels], [4, 5, 6]);
});

Deno.test("ForwardProcess.draw() looks up min-SNR weights", async () => {
  const schedule = cosineSchedule(64);
  for (const prediction of ["epsilon", "v", "x0"] as const) {
    const { t, weight } = await valuesOf(() =>
      processAt(1, schedule, { minSnr: 3, prediction }).forward.draw(tf.ones([101, 1, 1, 1]))
    );
    const weights = minSnrWeights(schedule, prediction, 3);
    assert.deepEqual([...weight], Array.from(t, (t) => Math.fround(weights[t]!)));
  }
});

Deno.test("ForwardProcess.draw() spreads times over the whole range", async () => {
  for (const process of [linearSchedule(10), "rectified-flow"] as const) {
    const { t } = await valuesOf(() =>
      processAt(0, process).forward.draw(tf.ones([20_000, 1, 1, 1]))
    );
    const scale = process === "rectified-flow" ? 100 : 1;
    const counts = new Array<number>(10).fill(0);
    for (const time of t) counts[Math.floor(time / scale)]!++;
    // Expected 2000 each with standard deviation √(20 000 · 0.1 · 0.9) = 42.
    assert.ok(counts.every((count) => Math.abs(count - 2000) < 4.5 * 42), counts.join());
  }
});

Deno.test("ForwardProcess.draw() draws anew at each step, recorded as eager", async () => {
  const device = await openDevice();
  const run = async (compile: typeof eagerStep) => {
    const { forward, clock } = processAt(0, linearSchedule(1000), {
      minSnr: 5,
      drop: { probability: 0.3, nullClass: 10 },
    });
    const [x0, classes] = [
      tf.tensor4d(imagesOf([6, 5, 5, 1]), [6, 5, 5, 1]),
      tf.range(0, 6, 1, "int32") as Tensor1D,
    ];
    const kept = tf.variable(tf.zeros([6]));
    const step = compile(() => {
      const { x, t, target, weight, labels } = forward.draw(x0, classes);
      const sums = tf.add(tf.sum(x, [1, 2, 3]), tf.mul(tf.sum(target, [1, 2, 3]), weight!));
      updateInPlace(
        "test_keep",
        "s[i] + t[i] + 0.01 * f32(l[i])",
        kept,
        { s: sums, t, l: labels! },
        {},
      );
      clock.advance();
      return tf.sum(kept) as Scalar;
    });
    const losses = await step.run(12);
    device.check();
    const last = await kept.data();
    step.dispose();
    tf.dispose([x0, classes, kept]);
    return { losses: [...losses], last: [...last] };
  };
  const eager = await run(eagerStep);
  assert.equal(new Set(eager.losses).size, 12);
  assert.deepEqual(await run(compileStep), eager);
});

Deno.test("ForwardProcess.qSample() has one time and the step's noise", async () => {
  const schedule = linearSchedule(1000);
  const shape = [2, 3, 3, 1] as const;
  const clean = imagesOf(shape);
  const noise = await noiseOf(0, shape);
  for (const process of [schedule, "rectified-flow"] as const) {
    const { forward } = processAt(0, process);
    for (const share of [0.25, 0.5, 0.75, 1]) {
      const t = forward.timeAt(share);
      assert.equal(t, process === schedule ? 1000 * share - 1 : 1000 * share);
      const { alpha, sigma } = process === schedule
        ? schedule.level(t)
        : { alpha: 1 - share, sigma: share };
      const { values } = await compute(() => [
        processAt(0, process).forward.qSample(tf.tensor4d(clean, [...shape]), t),
      ]);
      const expected = clean.map((value, i) => alpha * value + sigma * noise[i]!);
      assertAllClose(values[0]!, expected, { rtol: 1e-5, atol: 2e-6 });
    }
    for (const t of [-1, 1001, NaN, ...(process === schedule ? [0.5, 1000] : [])]) {
      assert.throws(() => forward.qSample(tf.zeros([1, 1, 1, 1]), t), {
        name: "RangeError",
        message: /t must be/,
      });
    }
  }
  assert.equal(processAt(0, schedule).forward.timeAt(0), 0);
});

Deno.test("ForwardProcess keeps NaN in its image and takes no images", async () => {
  const draw = (images: () => Tensor4D) =>
    valuesOf(() => processAt(0, linearSchedule(10), { prediction: "v" }).forward.draw(images()));
  const drawn = await draw(() => tf.tensor4d([NaN, 1, 1, 1, 1, 1, 1, 1], [2, 2, 2, 1]));
  assert.deepEqual([...drawn.x].map(Number.isNaN), [true, ...new Array(7).fill(false)]);
  const empty = await draw(() => tf.zeros([0, 2, 2, 1]));
  assert.deepEqual([empty.x.length, empty.t.length], [0, 0]);
});

Deno.test("ForwardProcess refuses options that do not go together", async () => {
  await openDevice();
  await openDevice();
  for (
    const [process, options, message] of [
      ["rectified-flow", { prediction: "epsilon" }, /got epsilon/],
      ["rectified-flow", { minSnr: 5 }, /min-SNR 5/],
      [linearSchedule(5), { drop: { probability: 1.1, nullClass: 1 } }, /got 1.1/],
      [linearSchedule(5), { drop: { probability: NaN, nullClass: 1 } }, /got NaN/],
    ] as const
  ) {
    assert.throws(() => processAt(0, process, options), { name: "RangeError", message });
  }
});

Deno.test("diffusionLoss() is the weighted mean of the images' errors, with its gradient", async () => {
  const number = fc.float({ min: -2, max: 2, noNaN: true });
  const shape: [number, number, number, number] = [3, 2, 2, 1];
  const weights = [0.5, 2, 0];
  await fc.assert(
    fc.asyncProperty(
      fc.array(number, { minLength: 12, maxLength: 12 }),
      fc.constantFrom("mse" as const, "l1" as const),
      fc.boolean(),
      async (values, kind, weighted) => {
        const goal = values.map((_, i) => Math.fround(Math.cos(i)));
        const { values: [loss, gradient] } = await compute(() => {
          const batch = {
            target: tf.tensor(goal, shape) as Tensor4D,
            ...(weighted && { weight: tf.tensor1d(weights) }),
          };
          const lossOf = (x: Tensor) => diffusionLoss(x, batch, kind);
          const { value, grad } = tf.valueAndGrad(lossOf)(tf.tensor(values, shape));
          return [value, grad];
        });
        const weightAt = (i: number) => weighted ? weights[Math.floor(i / 4)]! : 1;
        const errors = values.map((value, i) => value - goal[i]!);
        const sum = errors.reduce(
          (sum, e, i) => sum + weightAt(i) * (kind === "mse" ? e * e : Math.abs(e)),
          0,
        );
        assertAllClose(loss!, [sum / 12], { rtol: 1e-5 });
        const slopes = errors.map((e, i) =>
          weightAt(i) * (kind === "mse" ? 2 * e : Math.sign(e)) / 12
        );
        assertAllClose(gradient!, slopes, { rtol: 1e-5 });
      },
    ),
    { numRuns: 12 },
  );
});
