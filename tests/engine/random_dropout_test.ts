/** Dropout on the GPU: its mask, its gradients, what it refuses. @module */

import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { GpuRandom } from "../../lib/engine/random.ts";
import { Random } from "../../lib/random.ts";
import type { Tensor } from "../../lib/tensor.ts";
import { assert } from "../deps.ts";
import { read } from "./draws.ts";
import { compute } from "./poisoned.ts";

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
