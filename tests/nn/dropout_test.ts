import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { Clock } from "../../lib/engine/clock.ts";
import { GpuRandom } from "../../lib/engine/random.ts";
import { Dropout } from "../../lib/nn/dropout.ts";
import { Context } from "../../lib/nn/module.ts";
import type { Variable } from "../../lib/tensor.ts";
import { assert } from "../deps.ts";

const COUNT = 200_000;

const training = (step: Variable | number = 0) => Context.training(3, step);

async function dropped(p: number, context: Context): Promise<Float32Array> {
  const device = await openDevice();
  const y = tf.tidy(() => new Dropout(p).forward(tf.ones([COUNT]), context));
  const values = await y.data() as Float32Array;
  y.dispose();
  device.check();
  return values;
}

Deno.test("Dropout drops its share and keeps the expectation", async () => {
  for (const p of [0.05, 0.5, 0.9]) {
    const values = await dropped(p, training());
    const zeros = values.filter((x) => x === 0).length;
    const sigma = Math.sqrt(COUNT * p * (1 - p));
    assert.ok(Math.abs(zeros - COUNT * p) < 5 * sigma, `${zeros} of ${COUNT} zeros at p = ${p}`);
    const kept = Math.fround(1 / (1 - p));
    assert.ok(values.every((x) => x === 0 || x === kept));
    const mean = values.reduce((sum, x) => sum + x, 0) / COUNT;
    assert.ok(Math.abs(mean - 1) < 5 * sigma * kept / COUNT, `the mean is ${mean} at p = ${p}`);
  }
});

Deno.test("Dropout takes its mask from the stream of the pass", async () => {
  const first = await dropped(0.5, training());
  assert.deepEqual(await dropped(0.5, training()), first);
  assert.notDeepEqual(await dropped(0.5, training(1)), first, "the next step");
  const context = training();
  assert.deepEqual(await dropped(0.5, context), first);
  assert.notDeepEqual(await dropped(0.5, context), first, "the second layer of one pass");
});

Deno.test("Dropout draws from the streams named forward and the layer's place", async () => {
  const context = training(2);
  for (const layer of [0, 1]) {
    const y = GpuRandom.named(2, 3, "forward", layer).dropout(tf.ones([COUNT]), 0.5);
    assert.deepEqual(await dropped(0.5, context), await y.data(), `layer ${layer}`);
    y.dispose();
  }
});

Deno.test("Dropout takes the step from a clock as from a number", async () => {
  await openDevice();
  const clock = new Clock();
  for (const step of [0, 1, 2]) {
    assert.deepEqual(await dropped(0.5, training(clock.step)), await dropped(0.5, training(step)));
    clock.advance();
  }
  clock.dispose();
});

Deno.test("Dropout lets through the gradient of what it kept", async () => {
  const device = await openDevice();
  const layer = new Dropout(0.3);
  const x = tf.range(1, 65);
  const y = layer.forward(x, training());
  const gradient = tf.grad((x) => tf.sum(layer.forward(x, training())))(x);
  const [outputs, gradients] = [await y.data(), await gradient.data()];
  assert.ok(outputs.some((y) => y === 0) && outputs.some((y) => y !== 0));
  const kept = Math.fround(1 / 0.7);
  outputs.forEach((y, i) => assert.equal(gradients[i], y === 0 ? 0 : kept));
  device.check();
});

Deno.test("Dropout does nothing in evaluation or with p = 0", async () => {
  await openDevice();
  const x = tf.tensor1d([1, -2, 3]);
  assert.equal(new Dropout(0.5).forward(x, new Context()), x);
  const context = new Context(() => assert.fail("p = 0 takes no stream"));
  assert.equal(new Dropout(0).forward(x, context), x);
});

Deno.test("Dropout refuses a p outside [0, 1)", () => {
  for (const p of [-0.1, 1, 1.5, NaN]) {
    assert.throws(() => new Dropout(p), { name: "RangeError", message: /must be in \[0, 1\)/ });
  }
});

Deno.test("an evaluation pass has no random stream", () => {
  assert.throws(() => new Context().stream(), TypeError);
});
