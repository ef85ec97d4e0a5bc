import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { Conv2d } from "../../lib/nn/conv2d.ts";
import { Random } from "../../lib/random.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";
import { hashTensor } from "../fixtures/hash_values.ts";
import { checkLayer, layerCases } from "./reference.ts";

Deno.test("Conv2d gives PyTorch's output and gradients", async (t) => {
  await openDevice();
  const cases = layerCases("Conv2d");
  assert.equal(cases.length, 5);
  for (const c of cases) {
    await t.step(JSON.stringify(c.options), async () => {
      const { in: from, out, kernel, ...options } = c.options as Record<string, number>;
      await checkLayer(c, new Conv2d(from!, out!, kernel!, { ...options, random: new Random(0) }));
    });
  }
});

Deno.test("Conv2d has PyTorch's shapes in checkpoints", async () => {
  await openDevice();
  const layer = new Conv2d(3, 5, 2, { random: new Random(0) });
  const state = await layer.stateDict();
  assert.deepEqual([...state.keys()], ["weight", "bias"]);
  assert.deepEqual(state.get("weight")!.shape, [5, 3, 2, 2]);
  assert.deepEqual(state.get("bias")!.shape, [5]);
  assert.equal(layer.parameterCount, 5 * 3 * 2 * 2 + 5);
});

Deno.test("Conv2d with a ReLU gives what a ReLU after it gives", async () => {
  const device = await openDevice();
  for (const bias of [true, false]) {
    const options = { bias, padding: 1, stride: 2 };
    const plain = new Conv2d(3, 5, 3, { ...options, random: new Random(1) });
    const fused = new Conv2d(3, 5, 3, { ...options, random: new Random(1), activation: "relu" });
    const x = tf.tensor(hashTensor({ shape: [2, 7, 6, 3], seed: 3, scale: 2 }), [2, 7, 6, 3]);
    const expected = await tf.tidy(() => tf.relu(plain.forward(x))).data();
    assert.ok(expected.includes(0));
    assertAllClose(await fused.forward(x).data(), expected, { rtol: 1e-6, atol: 1e-6 });
  }
  device.check();
});
