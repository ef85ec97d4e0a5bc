/** Samplers against the papers' own formulas in float64, with the same noise. @module */

import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import type { Denoiser } from "../../lib/diffusion/guidance.ts";
import { Sampler, type SampleRequest, type SamplerOptions } from "../../lib/diffusion/sampler.ts";
import { ddim } from "../../lib/diffusion/samplers/ddim.ts";
import { ddpm } from "../../lib/diffusion/samplers/ddpm.ts";
import { dpmSolver } from "../../lib/diffusion/samplers/dpm_solver.ts";
import type { SamplerPlan } from "../../lib/diffusion/samplers/plan.ts";
import { euler, heun } from "../../lib/diffusion/samplers/rectified_flow.ts";
import { cosineSchedule, linearSchedule } from "../../lib/diffusion/schedule.ts";
import { writeValues } from "../../lib/engine/backend.ts";
import { suitLanes } from "../../lib/engine/kernels/lanes.ts";
import { GpuRandom } from "../../lib/engine/random.ts";
import type { Tensor } from "../../lib/tensor.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";
import { ownLanes } from "../engine/own_lanes.ts";

const SEED = 5;
const SHAPE = [3, 3, 3, 1] as const;

/** A network of no meaning that depends on the value and its time, and the same on the GPU. */
const answer = (x: number, t: number) => 0.9 * Math.sin(1.3 * x + 0.002 * t);
const network: Denoiser = (x, t) => {
  const phase = tf.add(tf.mul(x, 1.3), tf.mul(t.reshape([-1, 1, 1, 1]), 0.002));
  return tf.mul(tf.sin(phase), 0.9);
};

async function sample(
  plan: SamplerPlan,
  options: Partial<SamplerOptions> = {},
  request: SampleRequest = {},
  denoiser: Denoiser = network,
) {
  const device = await openDevice();
  const sampler = new Sampler(denoiser, plan, { shape: SHAPE, seed: SEED, ...options });
  const samples = await sampler.sample(request);
  device.check();
  sampler.dispose();
  return samples;
}

/** The noise before evaluation `step`, and at the beginning for −1; each image has whole blocks. */
async function noiseAt(step: number): Promise<Float32Array> {
  const all = tf.tidy(() =>
    tf.slice(GpuRandom.named(step + 1, SEED, "sample").normal([3, 12]), [0, 0], [3, 9])
  );
  const values = await all.data() as Float32Array;
  all.dispose();
  return values;
}

/** Follows `step` for every value from the noise at the beginning; `z` is the noise of the step. */
async function follow(
  steps: number,
  step: (x: number, z: number, i: number, value: number) => number,
): Promise<number[]> {
  let x = Array.from(await noiseAt(-1));
  for (let i = 0; i < steps; i++) {
    const z = await noiseAt(i);
    x = x.map((value, k) => step(value, z[k]!, i, k));
  }
  return x;
}

const TOLERANCE = { rtol: 2e-4, atol: 2e-5 };
const schedule = linearSchedule(40, { scaled: true });
const left = (t: number) => t < 0 ? 1 : schedule.alphasCumprod[t]!;

Deno.test("ddpm() is algorithm 2 of the paper, with either variance", async () => {
  await openDevice();
  const { betas, posteriorVariance } = schedule;
  for (const variance of ["beta", "posterior"] as const) {
    const expected = await follow(40, (x, z, i) => {
      const t = 39 - i;
      const mean = (x - betas[t]! / Math.sqrt(1 - left(t)) * answer(x, t)) /
        Math.sqrt(1 - betas[t]!);
      if (t === 0) return mean;
      return mean + Math.sqrt(variance === "beta" ? betas[t]! : posteriorVariance[t]!) * z;
    });
    assertAllClose((await sample(ddpm(schedule, { variance }))).images, expected, TOLERANCE);
  }
});

Deno.test("ddim() is equation 12 of the paper", async () => {
  await openDevice();
  for (const eta of [0, 0.3, 1]) {
    for (const [spacing, stride, first] of [["trailing", 4, 39], ["leading", 4, 36]] as const) {
      const expected = await follow(10, (x, z, i) => {
        const t = first - stride * i;
        const [a, b] = [left(t), left(i === 9 ? -1 : t - stride)];
        const sigma = eta * Math.sqrt((1 - b) / (1 - a)) * Math.sqrt(1 - a / b);
        const epsilon = answer(x, t);
        return Math.sqrt(b) * (x - Math.sqrt(1 - a) * epsilon) / Math.sqrt(a) +
          Math.sqrt(1 - b - sigma ** 2) * epsilon + sigma * z;
      });
      const { images } = await sample(ddim(schedule, { steps: 10, eta, spacing }));
      assertAllClose(images, expected, TOLERANCE);
    }
  }
});

Deno.test("ddim() with eta 1 and all steps is ddpm() with the posterior variance", async () => {
  const { images } = await sample(ddim(schedule, { steps: 40, eta: 1 }));
  const ancestral = await sample(ddpm(schedule, { variance: "posterior" }));
  assertAllClose(images, ancestral.images, { rtol: 1e-4, atol: 1e-5 });
});

Deno.test("dpmSolver() is algorithm 2 of the paper", async () => {
  await openDevice();
  const plan = dpmSolver(schedule, { steps: 8, prediction: "v" });
  const times = [...plan.map(({ t }) => t), -1];
  const lambda = (t: number) => Math.log(left(t) / (1 - left(t))) / 2;
  const before: number[] = [];
  const expected = await follow(8, (x, _, i, k) => {
    const [s, t] = [times[i]!, times[i + 1]!];
    const x0 = Math.sqrt(left(s)) * x - Math.sqrt(1 - left(s)) * answer(x, s);
    const h = lambda(t) - lambda(s);
    let D = x0;
    if (i > 0 && i < 7) {
      const r = (lambda(s) - lambda(times[i - 1]!)) / h;
      D = (1 + 1 / (2 * r)) * x0 - 1 / (2 * r) * before[k]!;
    }
    before[k] = x0;
    return Math.sqrt((1 - left(t)) / (1 - left(s))) * x - Math.sqrt(left(t)) * Math.expm1(-h) * D;
  });
  assertAllClose((await sample(plan)).images, expected, TOLERANCE);
});

Deno.test("euler() and heun() follow the velocity", async () => {
  await openDevice();
  const velocity = (x: number, time: number) => answer(x, 1000 * time);
  const h = -1 / 6;
  const byEuler = await follow(6, (x, _, i) => x + h * velocity(x, 1 + h * i));
  assertAllClose((await sample(euler(6))).images, byEuler, TOLERANCE);
  const byHeun = await follow(6, (x, _, i) => {
    const time = 1 + h * i;
    const there = x + h * velocity(x, time);
    if (i === 5) return there;
    return x + h / 2 * (velocity(x, time) + velocity(there, time + h));
  });
  assertAllClose((await sample(heun(6))).images, byHeun, TOLERANCE);
});

const PLANS: Record<string, SamplerPlan> = {
  ddpm: ddpm(schedule),
  ddim: ddim(schedule, { steps: 8 }),
  dpmSolver: dpmSolver(schedule, { steps: 8 }),
  heun: heun(5),
};

Deno.test("a replayed sampler gives the bits of an eager one", async () => {
  for (const [name, plan] of Object.entries(PLANS)) {
    const eager = await sample(plan, { eager: true });
    const replayed = await sample(plan);
    assert.deepEqual(replayed.images, eager.images, name);
    const otherSeed = await sample(plan, { seed: SEED + 1 });
    assert.notDeepEqual(otherSeed.images, eager.images, name);
  }
});

Deno.test("an image does not depend on its place in a batch or on what was sampled before", async () => {
  const device = await openDevice();
  for (const shape of [[6, 3, 3, 1], [6, 2, 4, 1]] as const) {
    const [, height, width] = shape;
    for (const [name, plan] of Object.entries(PLANS)) {
      const whole = await sample(plan, { shape }, { first: 10 });
      const size = whole.images.length / 6;
      const half = new Sampler(network, plan, { shape: [2, height, width, 1], seed: SEED });
      for (const first of [14, 10, 12, 10]) {
        const { images } = await half.sample({ first });
        const expected = whole.images.subarray((first - 10) * size, (first - 8) * size);
        assert.deepEqual(images, expected, `${name}, images from ${first} on`);
      }
      half.dispose();
    }
  }
  device.check();
});

Deno.test("samplers give the same in the wide workgroups of a GPU", async () => {
  await openDevice();
  const shape = [41, 3, 3, 1] as const;
  for (const plan of [PLANS.ddpm!, PLANS.dpmSolver!]) {
    const narrow = await sample(plan, { shape });
    suitLanes({ software: false });
    try {
      assert.deepEqual((await sample(plan, { shape })).images, narrow.images);
    } finally {
      await ownLanes();
    }
  }
});

Deno.test("a sampler submits once per evaluation and creates nothing when it runs again", async () => {
  const { gpu } = await openDevice();
  const plan = ddpm(schedule);
  const sampler = new Sampler(network, plan, { shape: [2, 4, 4, 1], seed: 1 });
  await sampler.sample();
  const tensors = tf.memory().numTensors;
  const counts = { submit: 0, createBindGroup: 0, createComputePipeline: 0 };
  const restore = Object.keys(counts).map((name) => {
    const target = name === "submit" ? gpu.queue : gpu;
    const original = Reflect.get(target, name) as (...args: unknown[]) => unknown;
    Reflect.set(target, name, (...args: unknown[]) => {
      counts[name as keyof typeof counts]++;
      return original.apply(target, args);
    });
    return () => Reflect.set(target, name, original);
  });
  await sampler.sample({ first: 2 });
  restore.forEach((put) => put());
  // Beside the evaluations: the noise at the beginning, and the two reads at the end.
  assert.ok(counts.submit <= plan.length + 4, `${counts.submit} submits`);
  assert.equal(counts.createComputePipeline, 0);
  assert.ok(counts.createBindGroup <= 1, "the noise at the beginning is not recorded");
  assert.equal(tf.memory().numTensors, tensors);
  sampler.dispose();
});

Deno.test("frames are evenly spaced in time, from the noise to the image", async () => {
  const { images, frames } = await sample(PLANS.ddpm!, {}, { frames: 5 });
  assert.equal(frames.length, 5);
  assert.deepEqual(frames[4], images);
  assert.deepEqual(frames[0], await noiseAt(-1));
  const { images: unwatched, frames: none } = await sample(PLANS.ddpm!);
  assert.deepEqual(unwatched, images, "looking changes nothing");
  assert.deepEqual(none, []);
  const few = await sample(heun(2), {}, { frames: 100 });
  assert.equal(few.frames.length, 3, "Heun's half steps are not shown");
});

Deno.test("clamping applies to the predicted image and not to x", async () => {
  const grey = (value: number): Denoiser => (x) => tf.fill(x.shape, value);
  const plan = ddim(schedule, { steps: 4, prediction: "x0" });
  for (const [value, expected] of [[5, 0.5], [-5, -0.25], [0.125, 0.125]] as const) {
    const { images } = await sample(plan, { clamp: [-0.25, 0.5] }, {}, grey(value));
    assertAllClose(images, images.map(() => expected), { rtol: 1e-6 });
  }
  const { frames } = await sample(plan, { clamp: [-0.25, 0.5] }, { frames: 5 }, grey(5));
  const { alpha, sigma } = schedule.level(plan[1]!.t);
  const noise = await noiseAt(-1);
  const start = schedule.level(plan[0]!.t);
  const expected = noise.map((x) => alpha * 0.5 + sigma * (x - start.alpha * 0.5) / start.sigma);
  assert.ok(expected.some((x) => Math.abs(x) > 0.5));
  assertAllClose(frames[1]!, expected, { atol: 1e-5 });
});

Deno.test("a NaN of the network stays NaN, clamped or not", async () => {
  const broken: Denoiser = (x) => tf.where(tf.greater(x, 0), tf.fill(x.shape, NaN), x) as Tensor;
  for (const options of [{}, { clamp: [-1, 1] as const }]) {
    const { images } = await sample(ddim(schedule, { steps: 1 }), options, {}, broken);
    const noise = await noiseAt(-1);
    assert.deepEqual([...images].map(Number.isNaN), [...noise].map((x) => x > 0));
  }
});

Deno.test("samplers begin anew after a run that ended in NaN", async () => {
  const device = await openDevice();
  const plan = dpmSolver(cosineSchedule(50), { steps: 5, prediction: "v" });
  const scale = tf.variable(tf.scalar(NaN));
  const sampler = new Sampler((x) => tf.mul(x, scale), plan, { shape: SHAPE, seed: SEED });
  assert.ok((await sampler.sample()).images.every(Number.isNaN));
  writeValues(scale, Float32Array.of(1));
  const { images } = await sampler.sample();
  assert.ok(images.every(Number.isFinite));
  assert.deepEqual((await sample(plan, {}, {}, (x) => tf.mul(x, 1))).images, images);
  sampler.dispose();
  scale.dispose();
  device.check();
});

Deno.test("samplers begin anew after a run that its listener stopped", async () => {
  await openDevice();
  const plan = PLANS.ddpm!;
  const sampler = new Sampler(network, plan, { shape: SHAPE, seed: SEED });
  const onProgress = (done: number) => {
    if (done > 5) throw new Error("enough");
  };
  await assert.rejects(sampler.sample({ onProgress }), /^Error: enough$/);
  assert.deepEqual((await sampler.sample()).images, (await sample(plan)).images);
  sampler.dispose();
});

Deno.test("a sampler refuses a network whose answer has another size", async () => {
  const wrong: Denoiser = (x) => tf.sum(x, 3);
  await assert.rejects(
    () => sample(PLANS.ddim!, { shape: [1, 2, 2, 3] }, {}, wrong),
    { name: "RangeError", message: /one value for each of \(1, 2, 2, 3\), got \(1, 2, 2\)/ },
  );
});
