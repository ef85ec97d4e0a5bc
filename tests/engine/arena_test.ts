import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { compileStep } from "../../lib/engine/step.ts";
import type { Scalar, Tensor } from "../../lib/tensor.ts";
import { assert } from "../deps.ts";

Deno.test("a number that a step makes is the same at every replay", async () => {
  await openDevice();
  const x = tf.ones([4]);
  const step = compileStep(() => {
    let y: Tensor = tf.tidy(() => tf.mul(x, tf.tensor1d([1, 2, 3, 4])));
    // Enough for tfjs to submit what it holds back and to free the constant in mid-step; results of
    // its size follow.
    for (let i = 0; i < 40; i++) y = tf.add(y, x);
    return tf.sum(y) as Scalar;
  });
  assert.deepEqual([...await step.run(6)], Array(6).fill(170));
  step.dispose();
});
