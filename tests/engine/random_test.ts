/** What is drawn on the GPU against what is drawn on the CPU. @module */

import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { Clock } from "../../lib/engine/clock.ts";
import { GpuRandom } from "../../lib/engine/random.ts";
import { philox4x32, Random } from "../../lib/random.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";
import reference from "../fixtures/random.json" with { type: "json" };
import { outputs, read } from "./draws.ts";

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
