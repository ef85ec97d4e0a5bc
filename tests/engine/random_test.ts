/** Philox on the GPU against its published vectors and the CPU's, and what is drawn with it. @module */

import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { Clock } from "../../lib/engine/clock.ts";
import { PHILOX } from "../../lib/engine/philox.ts";
import { run } from "../../lib/engine/program.ts";
import { GpuRandom } from "../../lib/engine/random.ts";
import { type CompiledStep, compileStep, eagerStep } from "../../lib/engine/step.ts";
import { RecordingError } from "../../lib/errors.ts";
import { philox4x32, Random, type Words2, type Words4 } from "../../lib/random.ts";
import type { Scalar, Tensor } from "../../lib/tensor.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";
import reference from "../fixtures/random.json" with { type: "json" };
import { compute } from "./poisoned.ts";

/** Reads the tensor that `draw` makes; its memory held NaN before. */
async function read(draw: () => Tensor): Promise<Float32Array> {
  return (await compute(() => [draw()])).values[0]!;
}

/** The first `count` outputs of a stream at a step. */
function outputs(count: number, seed: number, path: (string | number)[], step: number): number[] {
  const { key, stream } = new Random(seed, ...path);
  const blocks = Array.from(
    { length: Math.ceil(count / 4) },
    (_, block) => [...philox4x32([block, step, ...stream], key)],
  );
  return blocks.flat().slice(0, count);
}

/** Blocks of many counters and keys, made on the GPU. */
async function philoxOnGpu(cases: readonly (readonly [Words4, Words2])[]): Promise<Uint32Array> {
  const blocks = await read(() => {
    const counters = tf.tensor1d(cases.flatMap(([counter]) => counter.map((w) => w | 0)), "int32");
    const keys = tf.tensor1d(cases.flatMap(([, key]) => key.map((w) => w | 0)), "int32");
    const output = run(
      {
        key: "inkling_test_philox",
        outputShape: [cases.length, 4],
        inputs: ["counters", "keys"],
        code: `${PHILOX}
          fn main(index : i32) {
            if (index < uniforms.size / 4) {
              let counter = vec4<i32>(counters[4 * index], counters[4 * index + 1],
                  counters[4 * index + 2], counters[4 * index + 3]);
              let key = vec2<i32>(keys[2 * index], keys[2 * index + 1]);
              let block = vec4<i32>(philox(vec4<u32>(counter), vec2<u32>(key)));
              result[4 * index] = block.x;
              result[4 * index + 1] = block.y;
              result[4 * index + 2] = block.z;
              result[4 * index + 3] = block.w;
            }
          }`,
      },
      [counters, keys],
      [],
      undefined,
      "int32",
    );
    return tf.engine().makeTensorFromTensorInfo(output);
  });
  return Uint32Array.from(blocks, (word) => word >>> 0);
}

Deno.test("philox() in WGSL gives the published known answers", async () => {
  // `kat_vectors` of Random123, the authors' own implementation.
  const blocks = await philoxOnGpu([
    [[0, 0, 0, 0], [0, 0]],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff]],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]],
  ]);
  assert.deepEqual([...blocks], [
    ...[0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ...[0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ...[0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ]);
});

Deno.test("philox() in WGSL agrees with the CPU's for any counter and key", async () => {
  const source = new Random(1, "counters");
  const word = () => source.uint32();
  const cases = Array.from({ length: 500 }, (): [Words4, Words2] => [
    [word(), word(), word(), word()],
    [word(), word()],
  ]);
  const expected = cases.flatMap(([counter, key]) => [...philox4x32(counter, key)]);
  assert.deepEqual([...await philoxOnGpu(cases)], expected);
});

Deno.test("GpuRandom gives the streams of the reference in Python", async () => {
  for (const { seed, path, float, normal } of reference) {
    const stream = GpuRandom.named(0, seed, ...path);
    assert.deepEqual([...await read(() => stream.uniform([float.length]))], float);
    assertAllClose(await read(() => stream.normal([normal.length])), normal, { atol: 1e-5 });
  }
});

Deno.test("GpuRandom.uniform() has the bits of the CPU's, whatever the shape", async () => {
  for (const shape of [[], [1], [3], [2, 2], [5], [7, 11, 13], [2, 3, 2, 3, 2], [64, 1000]]) {
    const values = await read(() => GpuRandom.named(0, 2 ** 53 - 1, "x", 1).uniform(shape));
    const cpu = new Random(2 ** 53 - 1, "x", 1);
    assert.deepEqual(values, values.map(() => cpu.float()), `shape (${shape})`);
    assert.equal(values.length, tf.util.sizeFromShape(shape));
  }
  assert.equal((await read(() => GpuRandom.named(0, 1).uniform([0]))).length, 0);
});

Deno.test("GpuRandom takes the step as word 1 of the counter", async () => {
  await openDevice();
  const clock = new Clock();
  const stream = GpuRandom.named(clock.step, 9, "steps");
  for (const step of [0, 1, 2, 2 ** 31 - 1]) {
    const expected = outputs(10, 9, ["steps"], step).map((word) => (word >>> 8) / 2 ** 24);
    assert.deepEqual(
      [...await read(() => GpuRandom.named(step, 9, "steps").uniform([10]))],
      expected,
    );
    clock.set(step);
    assert.deepEqual([...await read(() => stream.uniform([10]))], expected, `step ${step}`);
  }
  clock.set(4);
  clock.advance();
  const expected = outputs(4, 9, ["steps"], 5).map((word) => (word >>> 8) / 2 ** 24);
  assert.deepEqual([...await read(() => stream.uniform([4]))], expected);
  clock.dispose();
});

Deno.test("GpuRandom.uniform() fills [lo, hi)", async () => {
  const values = await read(() => GpuRandom.named(3, 5, "range").uniform([1000], -3, 0.5));
  const expected = outputs(1000, 5, ["range"], 3).map((word) => -3 + 3.5 * (word / 2 ** 32));
  assertAllClose(values, expected, { rtol: 0, atol: 1e-6 });
});

Deno.test("GpuRandom fills a tensor whose dispatch tfjs folds", async () => {
  // 65 535 workgroups of 64 invocations of 4 numbers are the most along one axis.
  const size = 2 ** 24 + 4099;
  const last = await read(() => {
    const all = GpuRandom.named(0, 1, "long").uniform([size]);
    return tf.slice(all, [size - 5], [5]);
  });
  const { key, stream } = new Random(1, "long");
  const words = Array.from({ length: 5 }, (_, i) => {
    const place = size - 5 + i;
    return philox4x32([Math.floor(place / 4), 0, ...stream], key)[place % 4]!;
  });
  assert.deepEqual([...last], words.map((word) => (word >>> 8) / 2 ** 24));
});

Deno.test("GpuRandom.normal() gives the CPU's numbers to float32", async () => {
  const values = await read(() => GpuRandom.named(0, 13, "normal").normal([100_001]));
  const cpu = new Random(13, "normal");
  // Where u is near 1 the root is steep, and the last place of u or of its logarithm moves it.
  assertAllClose(values, Array.from(values, () => cpu.normal()), { rtol: 1e-5, atol: 3e-4 });
});

Deno.test("GpuRandom.normal() has the moments and tails of the standard normal distribution", async () => {
  const count = 200_000;
  const values = await read(() => GpuRandom.named(7, 13, "moments").normal([count]));
  // E[x^k] = 0, 1, 0, 3 with variances 1, 2, 15, 96; four standard errors each.
  for (const [k, [mean, variance]] of [[0, 1], [1, 2], [0, 15], [3, 96]].entries()) {
    const sum = values.reduce((sum, x) => sum + x ** (k + 1), 0);
    const error = Math.abs(sum / count - mean!);
    assert.ok(error < 4 * Math.sqrt(variance! / count), `moment ${k + 1} is off by ${error}`);
  }
  // P(|x| > 2) = erfc(√2).
  const p = 0.0455002639;
  const beyondTwo = values.filter((x) => Math.abs(x) > 2).length;
  assert.ok(Math.abs(beyondTwo / count - p) < 4 * Math.sqrt(p * (1 - p) / count));
  // Neither the two numbers of a pair nor neighbouring pairs correlate.
  for (const lag of [1, 2, 4]) {
    const products = values.reduce((sum, x, i) => sum + x * (values[i + lag] ?? 0), 0);
    assert.ok(Math.abs(products) < 4 * Math.sqrt(count), `lag ${lag}: ${products / count}`);
  }
});

Deno.test("GpuRandom.integers() takes the high words of exact products", async () => {
  for (const n of [1, 2, 10, 1000, 65_537, 2 ** 31 - 1, 2 ** 31]) {
    const values = await read(() => GpuRandom.named(2, 11, "int", n).integers([1001], n));
    const words = outputs(1001, 11, ["int", n], 2);
    const expected = words.map((word) => Number((BigInt(word) * BigInt(n)) >> 32n));
    assert.deepEqual([...values], expected, `n = ${n}`);
  }
  const tensor = GpuRandom.named(0, 1).integers([2, 3], 5);
  assert.equal(tensor.dtype, "int32");
  assert.deepEqual(tensor.shape, [2, 3]);
  tensor.dispose();
});

Deno.test("GpuRandom.integers() takes bounds from 1 to 2^31 only", () => {
  const stream = GpuRandom.named(0, 1);
  for (const n of [0, -1, 1.5, 2 ** 31 + 1, NaN]) {
    assert.throws(() => stream.integers([1], n), RangeError);
  }
});

Deno.test("GpuRandom takes a step from 0 to 2^31 - 1, or a variable", () => {
  for (const step of [-1, 0.5, 2 ** 31, NaN]) {
    assert.throws(() => GpuRandom.named(step, 1), { name: "RangeError", message: /a step is/ });
  }
});

Deno.test("GpuRandom.dropout() drops where the CPU's numbers are below p", async () => {
  const device = await openDevice();
  const count = 1003;
  const x = tf.range(1, count + 1);
  // Some number of the stream itself: it is not below p, and is below the least p above.
  const number = new Random(3, "drop").float();
  for (const p of [0, 1e-9, 0.1, 0.5, 0.9, number, number + 2 ** -30]) {
    const y = GpuRandom.named(0, 3, "drop").dropout(x, p);
    const cpu = new Random(3, "drop");
    const scale = Math.fround(1 / (1 - p));
    const expected = Float32Array.from(
      { length: count },
      (_, i) => cpu.float() < p ? 0 : Math.fround((i + 1) * scale),
    );
    assert.deepEqual(await y.data(), expected, `p = ${p}`);
    y.dispose();
  }
  x.dispose();
  device.check();
});

Deno.test("GpuRandom.dropout() is one dispatch, and one more for its gradient", async () => {
  const { values, programs } = await compute(() => {
    const x = tf.ones([6, 7]);
    const dy = tf.range(1, 43).reshape([6, 7]);
    const stream = GpuRandom.named(5, 3, "gradient");
    const y = stream.dropout(x, 0.4);
    const gradient = tf.grad((x) => stream.dropout(x, 0.4))(x, dy);
    return [y, gradient];
  });
  const [y, gradient] = values as [Float32Array, Float32Array];
  assert.ok(y.some((v) => v === 0) && y.some((v) => v !== 0));
  assert.deepEqual(gradient, y.map((v, i) => Math.fround(v * (i + 1))));
  const dispatches = programs.filter((key) => key.startsWith("inkling_random_dropout"));
  assert.equal(dispatches.length, 3, "one forward alone, one forward and one backward under grad");
});

Deno.test("GpuRandom.dropout() has gradients of gradients", async () => {
  const stream = GpuRandom.named(0, 3, "second");
  const { values } = await compute(() => {
    const x = tf.range(1, 9);
    const cube = (x: Tensor) => {
      const y = stream.dropout(x, 0.5);
      return tf.sum(tf.mul(y, tf.mul(y, y)));
    };
    const slope = tf.grad(cube);
    return [stream.dropout(x, 0.5), tf.grad((x) => tf.sum(slope(x)))(x)];
  });
  // y = m x with m = 0 or 2: the second derivative of y³ is 6 m² y.
  const [y, second] = values as [Float32Array, Float32Array];
  assert.ok(y.some((v) => v !== 0));
  assert.deepEqual(second, y.map((v) => 6 * 4 * v));
});

Deno.test("GpuRandom.dropout() keeps the NaN that it keeps", async () => {
  const y = await read(() => GpuRandom.named(0, 3, "nan").dropout(tf.fill([1000], NaN), 0.5));
  const kept = y.filter(Number.isNaN).length;
  assert.ok(kept > 400 && kept < 600, `${kept} kept`);
  assert.equal(y.filter((v) => v === 0).length, 1000 - kept);
});

Deno.test("GpuRandom.dropout() refuses a p outside [0, 1)", () => {
  const x = tf.ones([1]);
  for (const p of [-0.1, 1, 1.5, NaN]) {
    assert.throws(() => GpuRandom.named(0, 1).dropout(x, p), {
      name: "RangeError",
      message: /must be in \[0, 1\)/,
    });
  }
  x.dispose();
});

/** The values that 40 steps with draws of every kind return. */
async function steps(compile: (step: () => Scalar) => CompiledStep): Promise<Float32Array> {
  const device = await openDevice();
  const clock = new Clock(7);
  const x = tf.ones([33]);
  const stream = (n: number) => GpuRandom.named(clock.step, 21, "recorded", n);
  const step = compile(() => {
    const draws = [
      stream(0).dropout(x, 0.5),
      stream(1).normal([33]),
      stream(2).uniform([33], -1, 2),
      tf.cast(stream(3).integers([33], 100), "float32"),
    ];
    const total = tf.sum(tf.addN(draws)) as Scalar;
    clock.advance();
    return total;
  });
  const values = new Float32Array([
    ...await step.run(1),
    ...await step.run(2),
    ...await step.run(37),
  ]);
  device.check();
  step.dispose();
  clock.dispose();
  x.dispose();
  return values;
}

Deno.test("a recorded step draws anew at every step, with the bits of an eager one", async () => {
  const recorded = await steps(compileStep);
  assert.deepEqual(recorded, await steps(eagerStep));
  assert.equal(new Set(recorded).size, 40);
});

Deno.test("a recorded dropout has the mask of its step", async () => {
  const device = await openDevice();
  const clock = new Clock();
  const x = tf.ones([257]);
  const step = compileStep(() => {
    const kept = tf.sum(GpuRandom.named(clock.step, 4, "mask").dropout(x, 0.5)) as Scalar;
    clock.advance();
    return kept;
  });
  const sums = await step.run(20);
  const expected = Array.from({ length: 20 }, (_, step) => {
    const kept = outputs(257, 4, ["mask"], step).filter((word) => word >= 2 ** 31);
    return 2 * kept.length;
  });
  assert.deepEqual([...sums], expected);
  device.check();
  step.dispose();
  clock.dispose();
  x.dispose();
});

Deno.test("a recording refuses a step given as a number that changes", async () => {
  await openDevice();
  let number = 0;
  const step = compileStep(() => tf.sum(GpuRandom.named(number++, 1).uniform([4])) as Scalar);
  await assert.rejects(step.run(3), RecordingError);
  step.dispose();
});

Deno.test("GpuRandom leaves no tensor behind but its draws", async () => {
  await openDevice();
  const x = tf.ones([5]);
  const before = tf.memory().numTensors;
  const stream = GpuRandom.named(3, 1, "memory");
  tf.dispose([stream.uniform([5]), stream.normal([5]), stream.integers([5], 9)]);
  tf.dispose([stream.dropout(x, 0.5), tf.grad((x) => stream.dropout(x, 0.5))(x)]);
  assert.equal(tf.memory().numTensors, before);
  x.dispose();
});
