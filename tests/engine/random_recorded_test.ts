/** Random numbers of a recorded step: new at every step, and those of an eager one. @module */

import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { Clock } from "../../lib/engine/clock.ts";
import { GpuRandom } from "../../lib/engine/random.ts";
import { type CompiledStep, compileStep, eagerStep } from "../../lib/engine/step.ts";
import { RecordingError } from "../../lib/errors.ts";
import type { Scalar } from "../../lib/tensor.ts";
import { assert } from "../deps.ts";
import { outputs } from "./draws.ts";

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
