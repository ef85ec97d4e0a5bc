import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { compileStep, eagerStep } from "../../lib/engine/step.ts";
import { updateInPlace } from "../../lib/engine/update.ts";
import { RecordingError } from "../../lib/errors.ts";
import { assert } from "../deps.ts";

Deno.test("profile() times each command of a step", async () => {
  await openDevice();
  const [small, large] = [tf.zeros([8, 8]), tf.zeros([384, 384])] as [tf.Tensor2D, tf.Tensor2D];
  const count = tf.variable(tf.scalar(0));
  const step = compileStep(() => {
    const sum = tf.add(tf.sum(tf.matMul(small, small)), tf.sum(tf.matMul(large, large)));
    updateInPlace("profile_test", "result[i] + s[0]", count, { s: sum }, {});
    return sum as tf.Scalar;
  });
  await assert.rejects(step.profile(), RecordingError);
  await step.run(3);
  const times = await step.profile();
  assert.equal(times.length, step.stats!.dispatches + step.stats!.copies);
  assert.ok(times.every(({ name, milliseconds }) => name.length > 0 && milliseconds >= 0));
  const products = times.filter(({ name, workgroups }) => /mat_mul/i.test(name) && workgroups);
  assert.equal(products.length, 2);
  step.dispose();
});

Deno.test("profile() wants a recording", async () => {
  await openDevice();
  const step = eagerStep(() => tf.scalar(1));
  await assert.rejects(step.profile(), {
    name: "RecordingError",
    message: /^Cannot profile the step: a recording is needed, got none\. /,
  });
  step.dispose();
});
