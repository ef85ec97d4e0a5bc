import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { avgPool2d, flatten, maxPool2d, relu } from "../../lib/nn/functional.ts";
import { assert } from "../deps.ts";
import { checkLayer, Functional, type LayerCase, layerCases } from "./reference.ts";

/** The sizes of a pooling case; padding is what these functions do not offer. */
function poolings(layer: string): LayerCase[] {
  return layerCases(layer).filter(({ options }) => options.padding === undefined);
}

for (const [layer, pool] of [["MaxPool2d", maxPool2d], ["AvgPool2d", avgPool2d]] as const) {
  Deno.test(`${pool.name}() gives PyTorch's output and gradient`, async (t) => {
    await openDevice();
    const cases = poolings(layer);
    assert.equal(cases.length, 2);
    for (const c of cases) {
      await t.step(`${JSON.stringify(c.options)} of ${c.input.shape}`, async () => {
        const { kernel, stride } = c.options as { kernel: number; stride?: number };
        await checkLayer(c, new Functional((x) => pool(x, kernel, stride)));
      });
    }
  });
}

Deno.test("maxPool2d() takes overlapping windows", async () => {
  const device = await openDevice();
  const x = tf.tensor([3, 1, 4, 1, 5, 9, 2, 6, 5], [1, 3, 3, 1]);
  const y = maxPool2d(x, 2, 1);
  assert.deepEqual(y.shape, [1, 2, 2, 1]);
  assert.deepEqual([...await y.data()], [5, 9, 6, 9]);
  device.check();
});

Deno.test("relu() clips below 0 and passes the gradient above it alone", async () => {
  const device = await openDevice();
  const x = tf.tensor1d([-3, -1e-30, 0, 1e-30, 2]);
  assert.deepEqual([...await relu(x).data()], [0, 0, 0, Math.fround(1e-30), 2]);
  // PyTorch's gradient at 0 is 0 too.
  assert.deepEqual([...await tf.grad((x) => tf.sum(relu(x)))(x).data()], [0, 0, 0, 1, 1]);
  device.check();
});

Deno.test("flatten() keeps the batch and the order of values", async () => {
  const device = await openDevice();
  const values = Array.from({ length: 24 }, (_, i) => i);
  const y = flatten(tf.tensor(values, [2, 2, 3, 2]));
  assert.deepEqual(y.shape, [2, 12]);
  assert.deepEqual([...await y.data()], values);
  device.check();
});
