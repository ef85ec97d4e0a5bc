import { digits } from "../../lib/data/digits.ts";
import { takeFirst } from "../../lib/data/split.ts";
import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { MLP } from "../../lib/models/mlp.ts";
import { Context } from "../../lib/nn/module.ts";
import { Random } from "../../lib/random.ts";
import { makeBatch } from "../../lib/train/batches.ts";
import { accuracyOf, argmaxRows, predictSet } from "../../lib/train/evaluate.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";

const shape = { height: 8, width: 8, channels: 1, classes: 10 };

Deno.test("predictSet() gives the softmax of each image's logits, across its batches", async () => {
  const device = await openDevice();
  const { train, maxValue } = await digits();
  const set = takeFirst(train, 503);
  const network = new MLP(shape, new Random(1, "init"), { dropout: 0.5 });
  const { probabilities, classes } = await predictSet(device, network, set, maxValue);

  const indices = Array.from({ length: set.count }, (_, i) => i);
  const { images } = makeBatch(set, indices, { maxValue });
  const logits = await network.forward(images, new Context()).data();
  const expected = new Float64Array(logits.length);
  for (let row = 0; row < set.count; row++) {
    const powers = [...logits.slice(row * 10, row * 10 + 10)].map(Math.exp);
    const sum = powers.reduce((a, b) => a + b);
    powers.forEach((power, c) => expected[row * 10 + c] = power / sum);
    const best = powers.indexOf(Math.max(...powers));
    assert.equal(classes[row], best);
  }
  assert.equal(classes.length, set.count);
  assertAllClose(probabilities, expected, { rtol: 1e-5, atol: 1e-7 });
});

Deno.test("predictSet() leaves no tensors behind", async () => {
  const device = await openDevice();
  const { test, maxValue } = await digits();
  const network = new MLP(shape, new Random(1, "init"));
  const before = tf.memory().numTensors;
  await predictSet(device, network, test, maxValue);
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("predictSet() takes an empty set", async () => {
  const device = await openDevice();
  const none = new Uint8Array();
  const empty = { images: none, labels: none, count: 0, height: 8, width: 8 };
  const network = new MLP(shape, new Random(1, "init"));
  const { probabilities, classes } = await predictSet(device, network, empty, 16);
  assert.equal(probabilities.length, 0);
  assert.equal(classes.length, 0);
});

Deno.test("argmaxRows() takes the first of equal values", () => {
  const rows = Float32Array.of(1, 3, 3, -1, -2, -1, 0, 0, 0, -Infinity, -5, NaN);
  assert.deepEqual([...argmaxRows(rows, 4)], [1, 0, 0, 1]);
});

Deno.test("accuracyOf() is the share of equal labels", () => {
  assert.equal(accuracyOf([1, 2, 3, 4], [1, 2, 0, 4]), 0.75);
  assert.equal(accuracyOf([], []), 0);
});
