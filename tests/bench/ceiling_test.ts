import { fmaChains } from "../../lib/bench/ceiling.ts";
import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { assert } from "../deps.ts";

Deno.test("fmaChains() computes all of the ten sums, sixteen steps a turn", async () => {
  await openDevice();
  const [a, b] = [0.75, 0.5];
  const factors = tf.tensor1d([a, b]);
  const result = fmaChains(factors, 2);
  const values = await result.data();
  assert.equal(values.length, 2 ** 18);
  for (const index of [0, 1, 63, 1000, 2 ** 18 - 1]) {
    let expected = 0;
    for (let chain = 0; chain < 10; chain++) {
      let s = index + chain;
      for (let step = 0; step < 2 * 16; step++) s = a * s + b;
      expected += s;
    }
    const error = Math.abs(values[index]! - expected) / expected;
    assert.ok(error < 1e-5, `${values[index]} instead of ${expected} at ${index}`);
  }
  tf.dispose([factors, result]);
});
