import { openDevice } from "../../lib/device.ts";
import { tf } from "../../lib/deps.ts";
import { LayerNorm } from "../../lib/nn/layer_norm.ts";
import { assert } from "../deps.ts";
import fixture from "../fixtures/nn_norms.json" with { type: "json" };
import { checkLayer, type LayerCase, layerCases } from "./reference.ts";
import { checkTrained, type TrainedCase } from "./trained_layer.ts";

await openDevice();

Deno.test("LayerNorm gives PyTorch's output and gradients, of whole images too", async (t) => {
  const more = fixture.layers as unknown as LayerCase[];
  const cases = [...layerCases("LayerNorm"), ...more.filter((c) => c.layer === "LayerNorm")];
  assert.equal(cases.length, 5);
  for (const c of cases) {
    await t.step(JSON.stringify(c.options), async () => {
      const { shape, eps, elementwise_affine: elementwiseAffine = true } = c.options as unknown as {
        shape: number[];
        eps: number;
        elementwise_affine?: boolean;
      };
      await checkLayer(c, new LayerNorm(shape, { eps, elementwiseAffine }));
    });
  }
});

Deno.test("LayerNorm learns PyTorch's weights in a recorded step", async () => {
  for (const { shape, ...c } of fixture.trainedLayerNorm) {
    await checkTrained(c as unknown as TrainedCase, new LayerNorm(shape));
  }
});

Deno.test("LayerNorm takes one size as a number, and has PyTorch's names and shapes", async () => {
  const shapes = async (layer: LayerNorm) =>
    [...await layer.stateDict()].map(([name, { shape }]) => [name, [...shape]]);
  assert.deepEqual(await shapes(new LayerNorm(7)), [["weight", [7]], ["bias", [7]]]);
  const image = new LayerNorm([2, 4, 3]);
  assert.deepEqual(await shapes(image), [["weight", [2, 4, 3]], ["bias", [2, 4, 3]]]);
  assert.equal(image.parameterCount, 48);
  assert.deepEqual(await shapes(new LayerNorm(7, { elementwiseAffine: false })), []);
  assert.deepEqual(new LayerNorm(7).forward(tf.zeros([2, 5, 7])).shape, [2, 5, 7]);
});

Deno.test("LayerNorm refuses what does not end in its shape", () => {
  const layer = new LayerNorm([2, 4, 3]);
  assert.throws(() => layer.forward(tf.zeros([5, 2, 4, 3])), {
    name: "RangeError",
    message: "Cannot normalise: the last axes must be (4, 3, 2), " +
      "got an input of shape (5, 2, 4, 3)",
  });
  assert.throws(() => layer.forward(tf.zeros([24])), RangeError);
});
