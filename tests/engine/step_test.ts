/** What a recording is made of, and which steps are refused. @module */

import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { compileStep } from "../../lib/engine/step.ts";
import { updateInPlace } from "../../lib/engine/update.ts";
import { RecordingError } from "../../lib/errors.ts";
import { models } from "../../lib/models/registry.ts";
import { SGD } from "../../lib/nn/optim/sgd.ts";
import { Random } from "../../lib/random.ts";
import type { Scalar } from "../../lib/tensor.ts";
import { assert } from "../deps.ts";

const SHAPE = { height: 8, width: 8, channels: 1, classes: 10 };

Deno.test("a recording leaves no tensor behind and creates nothing in steady state", async () => {
  const { gpu } = await openDevice();
  const w = tf.variable(tf.zeros([8]));
  const step = compileStep(() => {
    const loss = tf.sum(tf.square(tf.sub(w, 1))) as Scalar;
    updateInPlace("towards_one", "result[i] + 0.1 * (1.0 - result[i])", w, {}, {});
    return loss;
  });
  const before = tf.memory().numTensors;
  await step.run(40);
  const made: string[] = [];
  const restore = ["createBindGroup", "createBuffer", "createComputePipeline"].map((name) => {
    const original = Reflect.get(gpu, name) as (...args: unknown[]) => unknown;
    Reflect.set(gpu, name, (...args: unknown[]) => {
      made.push(name);
      return original.apply(gpu, args);
    });
    return () => Reflect.set(gpu, name, original);
  });
  const losses = await step.run(200);
  restore.forEach((put) => put());
  assert.deepEqual(made.filter((name) => name !== "createBuffer"), []);
  // The one read of the losses at the end may need a staging buffer.
  assert.ok(made.length <= 1, made.join());
  assert.equal(tf.memory().numTensors, before + 1);
  assert.ok(losses.at(-1)! < 1e-6);
  step.dispose();
  w.dispose();
  assert.equal(tf.memory().numTensors, before - 2);
});

const REFUSED: Record<
  string,
  [step: (w: tf.Variable, calls: number) => tf.Tensor, message: RegExp]
> = {
  "a random tensor made on the CPU": [
    (w) => tf.sum(tf.mul(w, tf.randomNormal([4]))),
    /Multiply did not do the same/,
  ],
  "a number that changes": [
    (w, calls) => tf.sum(tf.mul(w, calls)),
    /Multiply did not do the same/,
  ],
  "another shape": [
    (_, calls) => tf.sum(tf.ones([2 + calls])),
    /did not do the same/,
  ],
  "a read": [
    (w) => tf.scalar((w.dataSync() as Float32Array)[0]!),
    /reads a tensor/,
  ],
  "a variable replaced": [
    (w) => {
      w.assign(tf.add(w, 1));
      return tf.sum(w);
    },
    /was replaced by assign/,
  ],
  "a tensor kept": [
    (w) => tf.sum(tf.keep(tf.add(w, 1))),
    /leave no tensor but its loss, got 1 more/,
  ],
  "no loss": [
    (w) => tf.add(w, 1),
    /must return its loss, a scalar/,
  ],
};

Deno.test("a step that cannot be replayed soundly is refused with the reason", async (t) => {
  await openDevice();
  for (const [why, [body, message]] of Object.entries(REFUSED)) {
    await t.step(why, async () => {
      const w = tf.variable(tf.ones([4]));
      let calls = 0;
      const step = compileStep(() => body(w, ++calls) as Scalar);
      await assert.rejects(step.run(3), (error: Error) => {
        assert.ok(error instanceof RecordingError, String(error));
        assert.match(error.message, message);
        return true;
      });
      // The backend is as before.
      assert.equal((await tf.add(1, 2).data())[0], 3);
    });
  }
  await t.step("an optimizer whose rate a replay would never change", async () => {
    const w = tf.variable(tf.ones([4]));
    const network = models.mlp.build(SHAPE, new Random(1));
    const optimizer = new SGD(network.namedParameters(), { lr: 0.1 });
    const step = compileStep(() => {
      optimizer.step(Object.fromEntries(optimizer.variables.map((v) => [v.name, v])));
      return tf.sum(w) as Scalar;
    });
    await assert.rejects(step.run(2), /the optimizer .* follow\(clock/);
  });
});
