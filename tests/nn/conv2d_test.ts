import { openDevice } from "../../lib/device.ts";
import { Conv2d } from "../../lib/nn/conv2d.ts";
import { Random } from "../../lib/random.ts";
import { assert } from "../deps.ts";
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
