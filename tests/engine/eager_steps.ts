/** 3000 eager steps in a process of their own, which print how many bytes its memory grew by. */

import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { collectIfDue } from "../../lib/engine/collect.ts";
import { assert } from "../deps.ts";

const device = await openDevice();
const x = tf.tensor2d([[1, 2], [3, 4], [5, 6]]);
const y = tf.tensor2d([[5], [11], [17]]);
const w = tf.variable(tf.zeros([2, 1])) as tf.Variable<tf.Rank.R2>;
const b = tf.variable(tf.zeros([1])) as tf.Variable<tf.Rank.R1>;
const optimizer = tf.train.momentum(0.002, 0.9);
const loss = () => tf.mean(tf.square(tf.sub(tf.add(tf.matMul(x, w), b), y))) as tf.Scalar;
optimizer.minimize(loss);
const { numTensors } = tf.memory();
let start = 0;
let grown = 0;
for (let step = 1; step <= 3000; step++) {
  optimizer.minimize(loss);
  collectIfDue();
  assert.equal(tf.memory().numTensors, numTensors);
  if (step % 100 !== 0) continue;
  await w.data();
  const { rss } = Deno.memoryUsage();
  if (step === 1000) start = rss;
  if (step > 1000) grown = Math.max(grown, rss - start);
}
device.check();
console.log(grown);
