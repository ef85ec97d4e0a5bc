import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { bceWithLogits } from "../../lib/nn/bce.ts";
import type { Tensor } from "../../lib/tensor.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";
import { compute } from "../engine/poisoned.ts";
import { uniform } from "../engine/kernels/norm_case.ts";

await openDevice();

const softplus = (z: number) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

/** Value and gradient by the definition, in float64. */
function defined(logits: Float32Array, target: 0 | 1) {
  const sign = target === 1 ? -1 : 1;
  const loss = logits.reduce((sum, x) => sum + softplus(sign * x), 0) / logits.length;
  const slopes = Array.from(logits, (x) => sign / (1 + Math.exp(-sign * x)) / logits.length);
  return { loss, slopes };
}

async function compare(logits: Float32Array, target: 0 | 1): Promise<void> {
  const { values: [loss, slopes] } = await compute(() => {
    const x = tf.tensor(logits, [logits.length, 1]);
    const value = (x: Tensor) => bceWithLogits(x, target);
    return [value(x), tf.mul(tf.grad((x: Tensor) => tf.mul(value(x), 3))(x), 1 / 3)];
  });
  const expected = defined(logits, target);
  assertAllClose(loss!, [expected.loss], { rtol: 1e-5, atol: 0 });
  assertAllClose(slopes!, expected.slopes, { rtol: 1e-5, atol: 0 });
}

Deno.test("bceWithLogits() and its gradient equal their definition", async () => {
  for (const size of [1, 3, 64, 300]) {
    for (const target of [0, 1] as const) {
      await compare(uniform(size, "logits").map((x) => 4 * x), target);
    }
  }
});

Deno.test("bceWithLogits() keeps the digits of large logits", async () => {
  for (const logit of [-80, -40, -20, -1e-3, 0, 1e-3, 20, 40, 80, 1000, -1000]) {
    // exp(-1000) is 0 in float64 too.
    for (const target of [0, 1] as const) await compare(Float32Array.of(logit), target);
  }
});

Deno.test("bceWithLogits() can be differentiated twice", async () => {
  const logits = uniform(5, "logits");
  const { values: [second] } = await compute(() => {
    const slope = tf.grad((x: Tensor) => bceWithLogits(x, 1));
    return [tf.grad((x: Tensor) => tf.sum(slope(x)))(tf.tensor(logits, [5, 1]))];
  });
  const sigma = (x: number) => 1 / (1 + Math.exp(-x));
  assertAllClose(second!, Array.from(logits, (x) => sigma(x) * (1 - sigma(x)) / 5));
});

Deno.test("bceWithLogits() keeps NaN and refuses no logits", async () => {
  const { values } = await compute(() => {
    const x = tf.tensor([1, NaN]);
    return [bceWithLogits(x, 0), tf.grad((x: Tensor) => bceWithLogits(x, 0))(x)];
  });
  assert.deepEqual([...values[0]!], [NaN]);
  assert.ok(Number.isNaN(values[1]![1]) && !Number.isNaN(values[1]![0]));
  assert.throws(() => bceWithLogits(tf.zeros([0, 1]), 1), {
    name: "RangeError",
    message: /there must be one or more/,
  });
});
